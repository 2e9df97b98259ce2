"""Refuse a wrong configuration before any training starts, with the file, the experiment, the key and the remedy."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from lookbook.config.signatures import class_arguments, class_names, function_arguments, nearest, registered
from lookbook.datasets import SOURCES
from lookbook.errors import ConfigError

# What a registry's folder is called in a message.
NOUNS = {"models": "model", "augmentation": "augmentation"}


# JSON Schema takes 3.0 for an integer; Python's range does not.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; raise ConfigError if it is missing, unreadable or something else."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; check experiment_files in config.yaml") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of keys to values, not {type(content).__name__}")
    return content


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice, which plain YAML resolves by dropping the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        merge = "tag:yaml.org,2002:merge"
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != merge]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key}' is given twice; keep one", node.start_mark
                )
        return super().construct_mapping(node, deep)


def check(file: str, name: str, value: Any, schema: Mapping[str, Any]) -> None:
    """Raise ConfigError for the first thing in a value that its schema refuses."""
    validator = _Validator(schema)
    # The deepest complaint is the most specific one.
    errors = sorted(validator.iter_errors(value), key=lambda e: (-len(e.absolute_path), str(e.message)))
    for error in errors:
        raise ConfigError(f"{_where(file, name, error.absolute_path)}{_explain(error)}")


def check_experiment(file: str, name: str, entry: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise ConfigError for what is wrong with one entry: keys, types and ranges, then every name in it."""
    check(file, name, entry, schema)
    where = f"{file}: {name}"
    _check_finite(where, entry)
    _check_function(f"{where}: model", "models", entry["model"])
    for number, item in enumerate(entry.get("augmentation", [])):
        _check_function(f"{where}: augmentation[{number}]", "augmentation", item)
    for kind in ("loss", "optimizer"):
        if kind in entry:
            _check_class(f"{where}: {kind}", kind, entry[kind])
    loss = entry.get("loss", {})
    takes_logits = loss and "from_logits" in class_arguments("loss", loss["class_name"])
    if takes_logits and loss.get("config", {}).get("from_logits") is not True:
        raise ConfigError(f"{where}: loss.config.from_logits: must be true, since networks return logits")
    rate = entry.get("optimizer", {}).get("config", {}).get("learning_rate")
    if isinstance(rate, dict):
        check(file, f"{name}: optimizer.config.learning_rate", rate, schema["$defs"]["keras_object"])
        _check_class(f"{where}: optimizer.config.learning_rate", "schedule", rate)
    _check_rates(f"{where}: optimizer", entry.get("optimizer", {}))


def check_resolved(file: str, name: str, spec: Mapping[str, Any], entries: Iterable[str]) -> None:
    """Raise ConfigError for values that are possible one by one but not together."""
    where = f"{file}: {name}"
    if spec["dataset"] not in SOURCES:
        raise ConfigError(f"{where}: dataset: there is no '{spec['dataset']}'{nearest(spec['dataset'], SOURCES)}")
    start = spec["initial_weights"]
    if start is not None and start not in entries:
        raise ConfigError(f"{where}: initial_weights: there is no experiment '{start}'{nearest(start, entries)}")
    if start == name:
        raise ConfigError(f"{where}: initial_weights: an experiment cannot start from itself")
    if spec["training"]["early_stopping"] and not spec["split"]["validation"]:
        raise ConfigError(
            f"{where}: training.early_stopping: watches the validation loss, but split.validation is 0; "
            "set a fraction or remove early_stopping"
        )
    if spec["training"]["early_stopping"] and spec["training"]["weight_averaging"]:
        raise ConfigError(
            f"{where}: training.weight_averaging: early_stopping goes back to single best weights; remove one of them"
        )
    _check_draw(where, spec)
    _check_batches(where, spec)


def _check_draw(where: str, spec: Mapping[str, Any]) -> None:
    """Refuse a choice of images or labels that the data set cannot give."""
    source, rules = SOURCES[spec["dataset"]], spec["sampling"]
    kept = rules["classes"] or source.classes
    if kept > source.classes:
        raise ConfigError(f"{where}: sampling.classes: {spec['dataset']} has {source.classes} classes, not {kept}")
    if spec["one_vs_all"] is not None and (spec["one_vs_all"] >= source.classes or rules["classes"]):
        raise ConfigError(
            f"{where}: one_vs_all: must be a class of {spec['dataset']}, from 0 to {source.classes - 1}, "
            "and leaves no place for sampling.classes"
        )
    if rules["proportions"] is not None and len(rules["proportions"]) != kept:
        raise ConfigError(
            f"{where}: sampling.proportions: give one for each of the {kept} classes, not {len(rules['proportions'])}"
        )
    if rules["size"] is not None and rules["size"]["maximum"] - rules["size"]["minimum"] < 2:
        raise ConfigError(
            f"{where}: sampling.size: no whole number lies between minimum and maximum; raise the maximum"
        )
    if rules["size"] is not None and not source.competition:
        raise ConfigError(
            f"{where}: sampling.size: {spec['dataset']} does not know its images' original sizes; remove it"
        )
    if rules["augment"] == "copies" and rules["per_class"] is None:
        raise ConfigError(
            f"{where}: sampling.augment: without sampling.per_class there are no copies; set it or take `all`"
        )
    mixing = [item["class_name"] for item in spec["augmentation"] if item["class_name"] == "mixup"]
    if rules["augment"] == "copies" and mixing:
        raise ConfigError(f"{where}: sampling.augment: a copy made before training cannot mix labels; drop mixup")
    if spec["copies"] is not None and any(rules[key] is not None for key in ("per_class", "proportions")):
        raise ConfigError(
            f"{where}: copies: cannot be combined with sampling.per_class or sampling.proportions; keep one"
        )


def _check_batches(where: str, spec: Mapping[str, Any]) -> None:
    """Refuse batches that no epoch can fill."""
    training, rules = spec["training"], spec["sampling"]
    batch_size, multiplicity = training["batch_size"], training["multiplicity"]
    if batch_size % multiplicity:
        raise ConfigError(
            f"{where}: training.multiplicity: batches of {batch_size} do not hold every image {multiplicity} times; "
            f"make training.batch_size a multiple of {multiplicity}"
        )
    sizes = [SOURCES[spec["dataset"]].train_images, spec["limit"]["train_images"]]
    images = min((size for size in sizes if size is not None), default=None)
    # How many images a draw leaves is known only when the data is.
    if images is None or any(rules[key] is not None for key in ("classes", "size", "proportions", "per_class")):
        return
    held_out = round(images * spec["split"]["validation"])
    if training["early_stopping"] and not held_out:
        raise ConfigError(
            f"{where}: training.early_stopping: watches the validation loss, but split.validation of "
            f"{images} images is none; hold out more"
        )
    images -= held_out
    images *= multiplicity * (spec["copies"] or {"number": 1})["number"]
    if batch_size > images:
        raise ConfigError(
            f"{where}: training.batch_size: {batch_size} is larger than the {images} training images; "
            "take a smaller batch"
        )


def check_names(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise ConfigError for the first name that no experiment has."""
    known = list(known)
    for name in names:
        if name not in known:
            raise ConfigError(f"{where}: there is no experiment '{name}'{nearest(name, known)}")


def with_arguments(folder: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a ``class_name``/``config`` entry with the function's own defaults filled in."""
    defaults = function_arguments(folder, entry["class_name"])
    # JSON has no tuples, and an identity must not depend on which of the two a default was written as.
    plain = {key: _plain(value) for key, value in defaults.items()}
    return {"class_name": entry["class_name"], "config": plain | entry.get("config", {})}


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _check_function(where: str, folder: str, entry: Mapping[str, Any]) -> None:
    name = entry["class_name"]
    if name not in registered(folder):
        noun = NOUNS[folder]
        raise ConfigError(f"{where}.class_name: there is no {noun} '{name}'{nearest(name, registered(folder))}")
    _check_arguments(where, name, entry, function_arguments(folder, name))


def _check_class(where: str, kind: str, entry: Mapping[str, Any]) -> None:
    name = entry["class_name"]
    if name not in class_names(kind):
        raise ConfigError(f"{where}.class_name: Keras has no {kind} '{name}'{nearest(name, class_names(kind))}")
    _check_arguments(where, name, entry, class_arguments(kind, name))


def _check_arguments(where: str, name: str, entry: Mapping[str, Any], known: Iterable[str]) -> None:
    for argument in entry.get("config", {}):
        if argument not in known:
            raise ConfigError(f"{where}.config.{argument}: {name} has no such argument{nearest(argument, known)}")


def _check_finite(where: str, value: Any, key: str = "") -> None:
    """Refuse .inf and .nan, which no setting means and JSON cannot say."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where}: {key}: {value} is not a finite number")
    if isinstance(value, Mapping):
        for name, child in value.items():
            _check_finite(where, child, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            _check_finite(where, child, f"{key}[{number}]")


def _check_rates(where: str, value: Any) -> None:
    """Refuse a learning rate of zero or less, in the optimizer or anywhere in its schedule."""
    if not isinstance(value, Mapping):
        return
    for key, child in value.items():
        if key.endswith("learning_rate") and isinstance(child, int | float) and not child > 0:
            raise ConfigError(f"{where}.{key}: {child} is not a learning rate; it must be greater than 0")
        if key.endswith("learning_rate") and isinstance(child, str):
            raise ConfigError(f"{where}.{key}: '{child}' is text; write a number with a decimal point, as 1.0e-4")
        # PiecewiseConstantDecay lists its rates, the cosine schedules may warm up to one.
        rates = child if key == "values" else [child] if key == "warmup_target" else []
        for rate in rates if isinstance(rates, list) else []:
            if isinstance(rate, int | float) and not rate > 0:
                raise ConfigError(f"{where}.{key}: {rate} is not a learning rate; it must be greater than 0")
        _check_rates(f"{where}.{key}", child)


def _where(file: str, name: str, path: Iterable[Any]) -> str:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return "".join(f"{part}: " for part in (file, name, key) if part)


def _explain(error: jsonschema.ValidationError) -> str:
    """Say what is wrong in a person's words where the validator's own are hard to read."""
    rule: Any = error.validator_value
    value: Any = error.instance
    limits = {
        "minimum": "at least",
        "exclusiveMinimum": "greater than",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    match error.validator:
        case "additionalProperties" if isinstance(value, dict):
            known: Any = dict(error.schema).get("properties", {})  # type: ignore[arg-type]
            unknown = next(key for key in value if key not in known)
            return f"unknown key '{unknown}'{nearest(str(unknown), known)}"
        case "required":
            missing = next(key for key in rule if key not in value)
            return f"the key '{missing}' is missing; add it"
        case "type":
            return f"{value!r} must be of type {' or '.join(rule) if isinstance(rule, list) else rule}"
        case "enum":
            return f"{value!r} must be one of {', '.join(map(str, rule))}"
        case str(bound) if bound in limits:
            return f"{value} must be {limits[bound]} {rule}"
        case _:
            return str(error.message)
