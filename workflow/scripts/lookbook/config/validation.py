"""Read YAML files and check them against the JSON Schemas of config/schemas."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from lookbook.config.signatures import nearest
from lookbook.errors import ConfigError

ROOT = Path(__file__).resolve().parents[4]
SCHEMAS = ROOT / "config" / "schemas"

# JSON Schema accepts 3.0 as an integer; Python's range() does not.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)

# PyYAML's loader in C takes an eighth of the time; a PyYAML without libyaml lacks it.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


@cache
def schema(name: str) -> dict[str, Any]:
    """Return one of the JSON Schemas of config/schemas, for example ``schema("experiment")``."""
    return yaml.load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"), Loader=_SafeLoader)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        ConfigError: the file is missing, is not valid YAML, or is not a mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; check experiment_files in config.yaml") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of keys to values, not {type(content).__name__}")
    return content


class _UniqueKeyLoader(_SafeLoader):
    """A YAML loader that refuses duplicate keys. PyYAML keeps the last one without a message."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        merge = "tag:yaml.org,2002:merge"
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != merge]
        if twice := [key for key in keys if keys.count(key) > 1]:
            problem = f"'{twice[0]}' is given twice; remove one"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def check(where: str, value: Any, node: Mapping[str, Any]) -> None:
    """Raise ConfigError for the most relevant violation of a JSON Schema.

    Args:
        where: the beginning of the message: the file and, if there is one, the experiment and the key.
        value: parsed YAML.
        node: the JSON Schema.
    """
    error = jsonschema.exceptions.best_match(_Validator(node).iter_errors(value))
    if error is not None:
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        raise ConfigError(": ".join(part for part in (where, key.lstrip("."), _explain(error)) if part))


def check_names(where: str, names: Iterable[Any], known: Iterable[str], noun: str = "experiment") -> None:
    """Raise ConfigError for the first value that is not a known name."""
    known = list(known)
    for name in names:
        if name not in known:
            raise ConfigError(f"{where}: there is no {noun} '{name}'{nearest(str(name), known)}")


def _explain(error: jsonschema.ValidationError) -> str:
    """Return the message for a violation, with the nearest valid key where a key is unknown."""
    rule: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "additionalProperties" if isinstance(value, dict):
            known: Any = dict(error.schema).get("properties", {})  # type: ignore[arg-type]
            unknown = next(key for key in value if key not in known)
            return f"unknown key '{unknown}'{nearest(str(unknown), known)}"
        case "required":
            missing = next(key for key in rule if key not in value)
            return f"the key '{missing}' is missing; add it"
        case "type":
            return f"must be of type {' or '.join(rule) if isinstance(rule, list) else rule}; got {value!r}"
        case "enum":
            return f"must be one of {', '.join(map(str, rule))}; got {value!r}"
        case str(bound) if bound in LIMITS:
            return f"must be {LIMITS[bound]} {rule}; got {value}"
        case _:
            return str(error.message)
