"""Digests of specifications and of code, from which the identity of a trial is made.

The code digest of an experiment covers the files that its training can reach through imports: its own model and
augmentation files, and no other family's. Each file counts as its code without docstrings, comments and layout, so
that rewording them retrains nothing.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).parents[1]


def canonical(value: Any) -> str:
    """Return the JSON text of a value with sorted keys and no spaces, so that equal values have equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 (hexadecimal) of a value's canonical JSON."""
    return text_digest(canonical(value))


def text_digest(text: str) -> str:
    """Return the SHA-256 (hexadecimal) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def code_digest(spec: dict[str, Any]) -> str:
    """Return the SHA-256 of the code that trains a resolved experiment."""
    return _digest_of(training_files(spec), unused_files(spec))


def script_digest(name: str, *folders: str) -> str:
    """Return the SHA-256 of the code of a script.

    Args:
        name: a file of workflow/scripts, for example ``evaluate_trial.py``.
        folders: folders of the library whose files the script loads by name instead of importing them.
    """
    loaded = [path for folder in folders for path in sorted((LIBRARY / folder).glob("*.py"))]
    return _digest_of((LIBRARY.parent / name, *loaded), frozenset())


def training_files(spec: dict[str, Any]) -> tuple[Path, ...]:
    """Return the files from which the training of a resolved experiment starts; it imports the others."""
    names = [f"training/{name}.py" for name in ("setup", "fit", f"compiled_{spec['backend']}")]
    names.append(f"models/{spec['model']['class_name']}.py")
    names += ["training/test_time_augmentation.py"] if spec.get("evaluation") else []
    names += [f"augmentation/{entry['class_name']}.py" for entry in spec["augmentation"]]
    # A Keras layer has no file.
    return tuple(path for path in map(LIBRARY.joinpath, names) if path.is_file())


def unused_files(spec: dict[str, Any]) -> frozenset[Path]:
    """Return the files that every training imports but that this resolved experiment runs nothing of."""
    training, sampling, rate = spec["training"], spec["sampling"], spec["optimizer"]["config"].get("learning_rate")
    schedules = _code(LIBRARY / "training/schedules.py").body
    our_schedules = {node.name for node in schedules if isinstance(node, ast.ClassDef)}
    is_used = {
        "training/schedules.py": isinstance(rate, dict) and rate["class_name"] in our_schedules,
        "training/early_stopping.py": training["early_stopping"],
        "training/averaging.py": training["weight_averaging"],
        "sampling/balancing.py": not sampling["before_split"] or selects_images(sampling),
    }
    return frozenset(LIBRARY / name for name in is_used if not is_used[name])


def selects_images(sampling: dict[str, Any]) -> bool:
    """Return whether the ``sampling`` of a resolved experiment uses other training images than all of them once."""
    return any(sampling[key] is not None for key in ("classes", "size", "proportions", "per_class"))


def reachable(files: tuple[Path, ...], unused: frozenset[Path]) -> set[Path]:
    """Return the library files that files import, directly or not, themselves included and ``unused`` left out."""
    reached: set[Path] = set()
    waiting = set(files)
    while waiting := waiting - unused - reached:
        reached |= waiting
        waiting = {imported for path in waiting for imported in _imports(path)}
    return reached


@cache
def _digest_of(files: tuple[Path, ...], unused: frozenset[Path]) -> str:
    # Only the path inside the library counts, because the library can be installed anywhere.
    paths = sorted(reachable(files, unused))
    return digest([(path.relative_to(LIBRARY.parent).as_posix(), _code_text(path)) for path in paths])


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Return the library files that one file imports, imports inside functions included."""
    names: set[str] = set()
    for node in ast.walk(_code(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    bases = [LIBRARY.parent / name.replace(".", "/") for name in names if name.split(".")[0] == LIBRARY.name]
    files = [file for base in bases for file in (base.with_suffix(".py"), base / "__init__.py")]
    return tuple(file for file in files if file.is_file())


@cache
def _code_text(path: Path) -> str:
    return ast.unparse(_code(path))


@cache
def _code(path: Path) -> ast.Module:
    """Return the syntax tree of a file without what does not run: docstrings and ``if TYPE_CHECKING`` blocks."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    tree.body = [node for node in tree.body if not _is_for_type_checkers(node)]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_documented and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            del body[0]
    return tree


def _is_for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
