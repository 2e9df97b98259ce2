"""Refuse names, arguments and numbers in an experiment that cannot be used, before any training starts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lookbook.config.signatures import class_arguments, class_names, function_arguments, nearest, registered
from lookbook.config.validation import check, schema
from lookbook.errors import ConfigError

# The folder of the library with the functions of a kind, one per file.
FOLDERS = {"model": "models", "augmentation": "augmentation"}
# What the type of an argument's default tells of its other values. Text may be a class_name/config mapping instead.
TYPES: dict[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    tuple: {"type": "array", "maxItems": 100},
}
# Arguments of Keras's image preprocessing layers that a configuration cannot set.
SET_BY_TRAINING = ("seed", "dtype")


def check_entry(where: str, entry: dict[str, Any]) -> None:
    """Raise ConfigError for an unknown key, name or argument, or a value outside its range, in an experiment's entry.

    Args:
        where: the file and the experiment's name.
        entry: the entry's keys, inherited ones included, before defaults are filled in.
    """
    check(where, entry, schema("experiment"))
    _check_learning_rates(f"{where}: optimizer", entry.get("optimizer", {}))
    _check_object(f"{where}: model", "model", entry["model"])
    for key, value in entry["model"].get("config", {}).items():
        if key.endswith("regularizer") and isinstance(value, dict):
            _check_nested(f"{where}: model.config.{key}", "regularizer", value)
    for number, item in enumerate(entry.get("augmentation", [])):
        for argument in SET_BY_TRAINING:
            if item["class_name"] in class_names("augmentation") and argument in item.get("config", {}):
                problem = f"training sets it (the seed of the trial, float32); remove {argument}"
                raise ConfigError(f"{where}: augmentation[{number}].config.{argument}: {problem}")
        _check_object(f"{where}: augmentation[{number}]", "augmentation", item)
    for kind in ("loss", "optimizer"):
        if kind in entry:
            _check_object(f"{where}: {kind}", kind, entry[kind])
    loss = entry.get("loss", {})
    takes_logits = loss and "from_logits" in class_arguments("loss", loss["class_name"])
    if takes_logits and loss.get("config", {}).get("from_logits") is not True:
        raise ConfigError(f"{where}: loss.config.from_logits: must be true, because networks return logits")
    rate = entry.get("optimizer", {}).get("config", {}).get("learning_rate")
    if isinstance(rate, dict):
        _check_nested(f"{where}: optimizer.config.learning_rate", "schedule", rate)


def with_arguments(folder: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a ``class_name``/``config`` entry with the defaults of the function in ``<folder>/<class_name>.py``.

    An entry that names a Keras layer keeps its ``config``; the installed version of Keras sets its defaults.
    """
    name, config = entry["class_name"], entry.get("config", {})
    defaults = function_arguments(folder, name) if name in registered(folder) else {}
    # JSON has no tuples: a default gives the same digest whether it is written as a tuple or as a list.
    return {"class_name": name, "config": json.loads(json.dumps(defaults)) | config}


def _check_nested(where: str, kind: str, entry: dict[str, Any]) -> None:
    """Check a ``class_name``/``config`` mapping that is itself an argument."""
    check(where, entry, schema("experiment")["$defs"]["keras_object"])
    _check_object(where, kind, entry)


def _check_object(where: str, kind: str, entry: Mapping[str, Any]) -> None:
    """Refuse an unknown name of a function of the library or a class of Keras, and unknown and missing arguments."""
    name, config = entry["class_name"], entry.get("config", {})
    functions = registered(FOLDERS[kind]) if kind in FOLDERS else ()
    known = functions if kind == "model" else (*functions, *class_names(kind))
    if name not in known:
        none = "there is no" if functions else "Keras has no"
        raise ConfigError(f"{where}.class_name: {none} {kind} '{name}'{nearest(name, known)}")
    if name in functions:
        is_required = dict.fromkeys(function_arguments(FOLDERS[kind], name), False)
    else:
        is_required = class_arguments(kind, name)
    for argument in config:
        if argument not in is_required:
            near = nearest(argument, is_required)
            raise ConfigError(f"{where}.config.{argument}: {name} has no such argument{near}")
    for argument in is_required:
        if is_required[argument] and argument not in config:
            raise ConfigError(f"{where}.config: {name} needs the argument '{argument}'; add it")
    types = _types(kind, name) if name in functions else schema("arguments").get(kind, {})
    for argument, value in config.items():
        check(f"{where}.config.{argument}", value, types.get(argument, {}))


def _types(kind: str, name: str) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each argument of a function of the library whose default tells its type."""
    defaults = function_arguments(FOLDERS[kind], name)
    return {argument: TYPES[type(value)] for argument, value in defaults.items() if type(value) in TYPES}


def _check_learning_rates(where: str, optimizer: Mapping[str, Any]) -> None:
    """Refuse a learning rate that is text or not positive, in the optimizer and in its schedule."""
    for key, value in _leaves(optimizer):
        argument = key.rpartition(".")[2]
        is_learning_rate = argument.endswith("learning_rate")
        if is_learning_rate and isinstance(value, str):
            raise ConfigError(f"{where}.{key}: '{value}' is text; write a number with a decimal point, such as 1.0e-4")
        # PiecewiseConstantDecay lists its rates as `values`; the cosine schedules increase to `warmup_target` first.
        is_rate = is_learning_rate or argument == "warmup_target" or argument.startswith("values[")
        if is_rate and isinstance(value, int | float) and not value > 0:
            raise ConfigError(f"{where}.{key.partition('[')[0]}: a learning rate must be greater than 0; got {value}")


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value in nested mappings and lists with its key, such as ``a.b[0]``."""
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _leaves(child, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _leaves(child, f"{key}[{number}]")
    else:
        yield key, value
