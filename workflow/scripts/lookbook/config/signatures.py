"""Names and arguments that a configuration may use, read from source files without importing them.

Importing Keras takes seconds, and a mistyped argument is refused before that. The names are those that Keras's public
modules export; the arguments are those of the constructor in the file that the export names. griffe answers the same
questions, but it takes 11 s to load Keras, because it must read the whole package to follow an export.
"""

import ast
import difflib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parents[1]

# The public module of Keras that exports each kind of class.
PUBLIC_MODULES = {
    "optimizer": "keras.optimizers",
    "schedule": "keras.optimizers.schedules",
    "loss": "keras.losses",
    "regularizer": "keras.regularizers",
    "augmentation": "keras.layers",
}
IMAGE_LAYERS = "keras.src.layers.preprocessing.image_preprocessing"
OUR_SCHEDULES = "lookbook.training.schedules"

NOT_CONFIGURABLE = {
    # Base classes.
    *("Optimizer", "LearningRateSchedule", "Loss", "Regularizer"),
    # Wrappers of other optimizers.
    *("LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"),
    # Layers that change the shape of the images, or do nothing to them.
    *("CenterCrop", "MaxNumBoundingBoxes", "RandomCrop", "Resizing"),
}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest known name, or list the known names if none is close."""
    known = sorted(known)
    return closest(name, known) or (f"; known: {', '.join(known)}" if known else "")


def closest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest known name, or an empty string if none is close."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


@cache
def registered(folder: str) -> tuple[str, ...]:
    """Return the names of the models or augmentations in a folder of the library: one per file, the file's name."""
    return tuple(sorted(p.stem for p in (LIBRARY / folder).glob("*.py") if not p.stem.startswith("_")))


@cache
def function_arguments(folder: str, name: str) -> dict[str, object]:
    """Return the keyword-only arguments of the function in ``<folder>/<name>.py``, with their defaults.

    Raises:
        TypeError: the file does not define a function of its own name.
    """
    for node in _tree(f"{LIBRARY.name}.{folder}.{name}").body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            return {a.arg: ast.literal_eval(d) if d is not None else None for a, d in pairs}
    raise TypeError(f"{name}.py must define a function named {name}")


@cache
def class_names(kind: str) -> tuple[str, ...]:
    """Return the values that ``class_name`` may have for one of the kinds of ``PUBLIC_MODULES``."""
    return tuple(sorted(_exports(kind)))


@cache
def class_arguments(kind: str, name: str) -> dict[str, bool]:
    """Return the arguments of a class's constructor, each with whether it is required.

    Where the constructor takes ``**kwargs``, the arguments of the base classes are included.
    """
    return _constructor(*_exports(kind)[name])


@cache
def _exports(kind: str) -> dict[str, tuple[str, str]]:
    """Return each class name of a kind with the module that defines it and its name there."""
    exports = _imports(PUBLIC_MODULES[kind])
    if kind == "augmentation":
        exports = {name: origin for name, origin in exports.items() if origin[0].startswith(IMAGE_LAYERS)}
    if kind == "schedule":
        ours = [node.name for node in _tree(OUR_SCHEDULES).body if isinstance(node, ast.ClassDef)]
        exports = exports | {name: (OUR_SCHEDULES, name) for name in ours}
    # Lower-case names are functions and Keras 1 spellings of classes.
    return {name: origin for name, origin in exports.items() if name[0].isupper() and name not in NOT_CONFIGURABLE}


@cache
def _constructor(module: str, name: str) -> dict[str, bool]:
    node = next((n for n in ast.walk(_tree(module)) if isinstance(n, ast.ClassDef) and n.name == name), None)
    if node is None:
        return {}
    init = next((n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    own: dict[str, bool] = {}
    if init is not None:
        positional = init.args.args[1:]
        first_default = len(positional) - len(init.args.defaults)
        own = {argument.arg: number < first_default for number, argument in enumerate(positional)}
        pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
        own |= {argument.arg: default is None for argument, default in pairs}
        if init.args.kwarg is None:
            return own
    inherited: dict[str, bool] = {}
    for base in map(ast.unparse, node.bases):
        prefix, _, parent = base.rpartition(".")
        # A base is a name that the module imports or defines, or an attribute of a module that it imports.
        origin = (".".join(_imports(module).get(prefix, ())), parent)
        if not prefix:
            origin = _imports(module).get(parent, (module, parent))
        if origin[0].startswith(("keras.", f"{LIBRARY.name}.")):
            inherited = _constructor(*origin) | inherited
    # A constructor that takes **kwargs passes what its base requires itself.
    return (inherited if init is None else dict.fromkeys(inherited, False)) | own


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """Return each name that a module imports ``from`` another, with that module and the name there."""
    nodes = (node for node in ast.walk(_tree(module)) if isinstance(node, ast.ImportFrom))
    return {a.asname or a.name: (node.module or "", a.name) for node in nodes for a in node.names}


@cache
def _tree(module: str) -> ast.Module:
    package, *parts = module.split(".")
    path = (LIBRARY if package == LIBRARY.name else _keras_folder()).joinpath(*parts)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def _keras_folder() -> Path:
    keras = importlib.util.find_spec("keras")
    if keras is None or not keras.submodule_search_locations:
        raise ModuleNotFoundError("Keras is not installed; `make install` installs everything that Lookbook needs")
    return Path(keras.submodule_search_locations[0])
