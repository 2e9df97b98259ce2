"""Check values against the JSON Schemas of config/schemas."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from lookbook.config.signatures import closest, nearest
from lookbook.config.strict_yaml import read_yaml
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

LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
NUMBER_AS_TEXT = ", a text; set the number with --configfile, because Snakemake's --config makes nested numbers texts"


@cache
def schema(name: str) -> dict[str, Any]:
    """Return one of the JSON Schemas of config/schemas, for example ``schema("experiment")``."""
    return read_yaml(SCHEMAS / f"{name}.schema.yaml")


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


def _is_number(value: Any) -> bool:
    """Return whether a value is a text that states a number."""
    return isinstance(value, str) and value.lstrip("+-").replace(".", "", 1).isdigit()


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
            types = rule if isinstance(rule, list) else [rule]
            hint = NUMBER_AS_TEXT if _is_number(value) and not {"integer", "number"}.isdisjoint(types) else ""
            return f"must be of type {' or '.join(types)}; got {value!r}{hint}"
        case "enum":
            hint = NUMBER_AS_TEXT if _is_number(value) else closest(str(value), map(str, rule))
            return f"must be one of {', '.join(map(str, rule))}; got {value!r}{hint}"
        case "minItems":
            return f"must have at least {rule} value{'s' * (rule > 1)}; got {value!r}"
        case "uniqueItems":
            return f"must not have a value twice; got {value!r}"
        case str(bound) if bound in LIMITS:
            return f"must be {LIMITS[bound]} {rule}; got {value}"
        case _:
            return str(error.message)
