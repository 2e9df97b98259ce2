"""What may be written in the configuration: names and arguments, read from source without importing it.

Importing Keras takes seconds and half a gigabyte, and a mistyped argument should be refused before either is
spent. So the builders of models and augmentations, and the optimizers, schedules and losses of Keras, are looked
up by parsing their source files.
"""

import ast
import difflib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parents[1]

# Where Keras keeps what a configuration names by `class_name`; ours come after and add to them.
CLASS_FOLDERS = {
    "optimizer": "optimizers",
    "schedule": "optimizers/schedules",
    "loss": "losses",
    "regularizer": "regularizers",
}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest known name, or the known names where none is close."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(known)}" if known else ""


@cache
def registered(folder: str) -> tuple[str, ...]:
    """Return the names that a folder of the library registers: one per file, the file's own name."""
    return tuple(sorted(p.stem for p in (LIBRARY / folder).glob("*.py") if not p.stem.startswith("_")))


@cache
def function_arguments(folder: str, name: str) -> dict[str, object]:
    """Return the keyword-only arguments of ``<folder>/<name>.py``'s function, each with its default.

    The file is the registry entry, so a file without a function of its name is a mistake in the file.
    """
    path = LIBRARY / folder / f"{name}.py"
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            return {a.arg: ast.literal_eval(d) if d is not None else None for a, d in pairs}
    raise TypeError(f"{path.name} must define a function named {name}")


@cache
def _classes(kind: str) -> dict[str, ast.ClassDef]:
    """Return every class of one kind, Keras's and ours, by name."""
    keras = importlib.util.find_spec("keras")
    if keras is None or not keras.submodule_search_locations:
        raise ModuleNotFoundError("Keras is not installed; `make report` installs everything")
    files = sorted((Path(keras.submodule_search_locations[0]) / "src" / CLASS_FOLDERS[kind]).glob("*.py"))
    if kind == "schedule":
        files.append(LIBRARY / "training" / "schedules.py")
    found: dict[str, ast.ClassDef] = {}
    for path in files:
        if path.stem.endswith("_test"):
            continue
        found |= {n.name: n for n in ast.parse(path.read_text()).body if isinstance(n, ast.ClassDef)}
    return found


# Base classes and wrappers: Keras has them, but no experiment can name them.
_NOT_NAMED = {
    "Optimizer",
    "BaseOptimizer",
    "LearningRateSchedule",
    "Loss",
    "LossFunctionWrapper",
    "Regularizer",
}


@cache
def class_names(kind: str) -> tuple[str, ...]:
    """Return the names that ``class_name`` may take for an optimizer, schedule, loss or regularizer."""
    return tuple(sorted(n for n in _classes(kind) if n not in _NOT_NAMED and not n.startswith("_")))


@cache
def class_arguments(kind: str, name: str) -> frozenset[str]:
    """Return the argument names of a class's constructor, those of its bases included where it takes ``**kwargs``."""
    node = _classes(kind)[name]
    names: set[str] = set()
    takes_more = True
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            arguments = item.args
            names |= {a.arg for a in [*arguments.args, *arguments.kwonlyargs]} - {"self"}
            takes_more = arguments.kwarg is not None
    if takes_more:
        for base in node.bases:
            base_name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            base_name = {"Optimizer": "BaseOptimizer"}.get(base_name, base_name)
            if base_name in _classes(kind) and base_name != name:
                names |= class_arguments(kind, base_name)
    return frozenset(names)
