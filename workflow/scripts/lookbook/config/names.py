"""Refuse names, arguments and numbers in an experiment that cannot be used, before any training starts."""

import math
from collections.abc import Mapping
from typing import Any

from lookbook.config.signatures import class_arguments, class_names, function_arguments, nearest, registered
from lookbook.config.validation import check, schema
from lookbook.errors import ConfigError

# How messages name the content of a folder of the library.
NOUNS = {"models": "model", "augmentation": "augmentation"}
# Arguments of Keras's image preprocessing layers that a configuration cannot set.
SET_BY_TRAINING = ("seed", "dtype")


def check_entry(file: str, name: str, entry: dict[str, Any]) -> None:
    """Raise ConfigError for an unknown key, name or argument, or a value outside its range, in an experiment's entry.

    Args:
        file: the file that contains the entry.
        name: the experiment's name.
        entry: the entry's keys, inherited ones included, before defaults are filled in.
    """
    check(file, name, entry, schema("experiment"))
    where = f"{file}: {name}"
    _check_finite(where, entry)
    _check_function(f"{where}: model", "models", entry["model"])
    for key, value in entry["model"].get("config", {}).items():
        if key.endswith("regularizer") and isinstance(value, dict):
            _check_nested(file, f"{name}: model.config.{key}", "regularizer", value)
    for number, item in enumerate(entry.get("augmentation", [])):
        _check_augmentation(f"{where}: augmentation[{number}]", item)
    for kind in ("loss", "optimizer"):
        if kind in entry:
            _check_class(f"{where}: {kind}", kind, entry[kind])
    loss = entry.get("loss", {})
    takes_logits = loss and "from_logits" in class_arguments("loss", loss["class_name"])
    if takes_logits and loss.get("config", {}).get("from_logits") is not True:
        raise ConfigError(f"{where}: loss.config.from_logits: must be true, because networks return logits")
    rate = entry.get("optimizer", {}).get("config", {}).get("learning_rate")
    if isinstance(rate, dict):
        _check_nested(file, f"{name}: optimizer.config.learning_rate", "schedule", rate)
    _check_learning_rates(f"{where}: optimizer", entry.get("optimizer", {}))


def with_arguments(folder: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a ``class_name``/``config`` entry with the defaults of the function in ``<folder>/<class_name>.py``.

    An entry that names a Keras layer keeps its ``config``; the installed version of Keras sets its defaults.
    """
    name, config = entry["class_name"], entry.get("config", {})
    if name not in registered(folder):
        return {"class_name": name, "config": config}
    # JSON has no tuples: a default gives the same digest whether it is written as a tuple or as a list.
    defaults = {key: _as_list(value) for key, value in function_arguments(folder, name).items()}
    return {"class_name": name, "config": defaults | config}


def _as_list(value: Any) -> Any:
    return [_as_list(item) for item in value] if isinstance(value, tuple | list) else value


def _check_function(where: str, folder: str, entry: Mapping[str, Any]) -> None:
    name = entry["class_name"]
    if name not in registered(folder):
        known = [*registered(folder), *(class_names(folder) if folder == "augmentation" else ())]
        raise ConfigError(f"{where}.class_name: there is no {NOUNS[folder]} '{name}'{nearest(name, known)}")
    _check_arguments(where, entry, dict.fromkeys(function_arguments(folder, name), False))


def _check_augmentation(where: str, entry: Mapping[str, Any]) -> None:
    if entry["class_name"] not in class_names("augmentation"):
        _check_function(where, "augmentation", entry)
        return
    for argument in SET_BY_TRAINING:
        if argument in entry.get("config", {}):
            raise ConfigError(
                f"{where}.config.{argument}: training sets it (the seed of the trial, float32); remove {argument}"
            )
    _check_class(where, "augmentation", entry)


def _check_class(where: str, kind: str, entry: Mapping[str, Any]) -> None:
    name = entry["class_name"]
    if name not in class_names(kind):
        raise ConfigError(f"{where}.class_name: Keras has no {kind} '{name}'{nearest(name, class_names(kind))}")
    _check_arguments(where, entry, class_arguments(kind, name))


def _check_nested(file: str, key: str, kind: str, entry: dict[str, Any]) -> None:
    """Check a ``class_name``/``config`` mapping that is itself an argument."""
    check(file, key, entry, schema("experiment")["$defs"]["keras_object"])
    _check_class(f"{file}: {key}", kind, entry)


def _check_arguments(where: str, entry: Mapping[str, Any], arguments: Mapping[str, bool]) -> None:
    """Refuse unknown and missing arguments; ``arguments`` maps each known one to whether it is required."""
    name, config = entry["class_name"], entry.get("config", {})
    for argument in config:
        if argument not in arguments:
            near = nearest(argument, arguments)
            raise ConfigError(f"{where}.config.{argument}: {name} has no such argument{near}")
    for argument, is_required in arguments.items():
        if is_required and argument not in config:
            raise ConfigError(f"{where}.config: {name} needs the argument '{argument}'; add it")


def _check_finite(where: str, value: Any, key: str = "") -> None:
    """Refuse .inf and .nan, which JSON cannot represent."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where}: {key}: must be a finite number; got {value}")
    if isinstance(value, Mapping):
        for name, child in value.items():
            _check_finite(where, child, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            _check_finite(where, child, f"{key}[{number}]")


def _check_learning_rates(where: str, value: Any) -> None:
    """Refuse a learning rate that is text or not positive, in the optimizer and in its schedule."""
    if not isinstance(value, Mapping):
        return
    for key, child in value.items():
        if key.endswith("learning_rate") and isinstance(child, str):
            raise ConfigError(f"{where}.{key}: '{child}' is text; write a number with a decimal point, such as 1.0e-4")
        # PiecewiseConstantDecay lists its rates as `values`; the cosine schedules increase to `warmup_target` first.
        rates = child if isinstance(child, list) and key == "values" else []
        rates = [child] if key.endswith("learning_rate") or key == "warmup_target" else rates
        for rate in rates:
            if isinstance(rate, int | float) and not rate > 0:
                raise ConfigError(f"{where}.{key}: a learning rate must be greater than 0; got {rate}")
        _check_learning_rates(f"{where}.{key}", child)
