"""The identity of a trial: digests of what it was told to do and of the source that does it.

The source digest covers exactly the files that training an experiment can reach through its imports, the
experiment's own model and augmentation files included and every other family's file not. Each file counts as its
code without docstrings, so comments, docstrings and blank lines never retrain anything.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).parents[1]

# What a trial runs, besides the model and augmentation files that its experiment names.
ENTRY_POINTS = (LIBRARY / "runtime" / "trial.py",)


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, so that equal values have equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the sha256 (hexadecimal) of a value's canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def source_digest(spec: dict[str, Any]) -> str:
    """Return the sha256 over the source that training this resolved experiment uses."""
    files = [*ENTRY_POINTS, LIBRARY / "models" / f"{spec['model']['class_name']}.py"]
    files.append(LIBRARY / "training" / f"compiled_{spec['backend']}.py")
    files += [LIBRARY / "augmentation" / f"{entry['class_name']}.py" for entry in spec["augmentation"]]
    if spec["copies"]:
        files.append(LIBRARY / "datasets" / "growing_batch.py")
    return _digest_of(tuple(files))


def script_digest(name: str, *folders: str) -> str:
    """Return the sha256 over the source that a script of workflow/scripts uses.

    Args:
        name: the script, for example ``evaluate.py``.
        folders: of the library, whose files the script finds by their names rather than by imports.
    """
    found = [path for folder in folders for path in sorted((LIBRARY / folder).glob("*.py"))]
    return _digest_of((LIBRARY.parent / name, *found))


@cache
def _digest_of(files: tuple[Path, ...]) -> str:
    reached = sorted(reachable(files))
    # The library may be installed anywhere: only the path inside it is part of the identity.
    named = [(path.relative_to(LIBRARY.parent).as_posix(), _code(path)) for path in reached]
    return digest(named)


def reachable(files: tuple[Path, ...]) -> set[Path]:
    """Return the library files that these files import, directly or not, themselves included."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return found


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Return the library files that one file imports, imports inside functions included."""
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    found = []
    for name in names:
        if name.split(".")[0] == LIBRARY.name:
            base = LIBRARY.parent.joinpath(*name.split("."))
            found += [p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()]
    return tuple(sorted(found))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


@cache
def _code(path: Path) -> str:
    """Return a file's code as Python would print it: without comments, docstrings and layout."""
    tree = ast.parse(path.read_text(), filename=str(path))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_documented and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:]  # type: ignore[attr-defined]
    return ast.unparse(tree)
