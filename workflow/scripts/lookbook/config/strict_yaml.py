"""Read YAML as plain JSON values, and refuse everything else that YAML can express.

A safe loader creates no objects of Python, but it keeps the last of two equal keys without a message, reads dates, sets
and binary data, expands aliases without a limit, and recurses once per level of nesting.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lookbook.errors import ConfigError

# PyYAML's loader in C takes an eighth of the time; a PyYAML without libyaml lacks it.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAXIMUM_DEPTH = 30
MAXIMUM_VALUES = 200_000
# Beyond this, a number is no count, and a float cannot hold it either.
MAXIMUM_DIGITS = 15

_CORE = "tag:yaml.org,2002:"
_ALLOWED = {_CORE + name for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge")}
_KINDS = {"timestamp": "a date; put it in quotes", "binary": "binary data", "set": "a set; write a list"}


def read_yaml(path: Path, key: str = "experiment_files in config.yaml") -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Args:
        path: the file, in UTF-8.
        key: where the path is configured, for the message of a missing file.

    Raises:
        ConfigError: the file is missing, is not valid YAML, holds values that are not JSON's, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; check {key}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8 text") from None
    content = parse_yaml(text, str(path))
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of keys to values, not {type(content).__name__}")
    return content


def parse_yaml(text: str, where: str) -> Any:
    """Return the value of a YAML text.

    Args:
        text: one YAML document.
        where: the file or option, with which messages begin.

    Raises:
        ConfigError: the text is not valid YAML or holds values that are not JSON's; the message names the line.
    """
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_SafeLoader):  # iterative, while composing recurses
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAXIMUM_DEPTH:
                raise ConfigError(f"{_line(where, event)}: is nested more than {MAXIMUM_DEPTH} levels deep; flatten it")
        node = yaml.compose(text, Loader=_SafeLoader)
        if node is None:
            raise ConfigError(f"{where}: is empty; write a value, such as null")
        for key, problem, place in _problems(node):
            raise ConfigError(": ".join(part for part in (_line(where, place), _key(key), problem) if part))
        if _count(node, {}) > MAXIMUM_VALUES:
            raise ConfigError(f"{where}: has more than {MAXIMUM_VALUES:,} values with its aliases; write fewer")
        loader = _SafeLoader("")
        value = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {' '.join(str(error).split())}; correct it") from None
    except RecursionError:  # a chain of aliases
        raise ConfigError(f"{where}: is nested more than {MAXIMUM_DEPTH} levels deep; flatten it") from None
    check_values(where, value)
    return value


def check_values(where: str, value: Any) -> None:
    """Refuse a value that JSON cannot express, or that is deeper, larger or longer than a configuration can be.

    Snakemake reads the files of ``--configfile`` and the values of ``--config`` with loaders of its own.

    Raises:
        ConfigError: the message names the key.
    """
    for number, (key, item, depth) in enumerate(_walk(value)):
        place = ": ".join(part for part in (where, _key(key)) if part)
        if number > MAXIMUM_VALUES:
            raise ConfigError(f"{where}: has more than {MAXIMUM_VALUES:,} values with its aliases; write fewer")
        if depth > MAXIMUM_DEPTH:
            raise ConfigError(f"{place}: is nested more than {MAXIMUM_DEPTH} levels deep; flatten it")
        if problem := _problem_of(item):
            raise ConfigError(f"{place}: {problem}")


def _problem_of(item: Any) -> str | None:
    """Return what is wrong with one value, without the values that it holds."""
    match item:
        case None | bool() | list():
            return None
        case dict():
            wrong = [name for name in item if not isinstance(name, str)]
            return f"the key {_short(wrong[0])} is not text; put it in quotes" if wrong else None
        case str():
            return "has a NUL character; remove it" if "\0" in item else None
        case int():
            long = abs(item) >= 10**MAXIMUM_DIGITS
            return f"is a number of more than {MAXIMUM_DIGITS} digits; use a smaller one" if long else None
        case float():
            return None if math.isfinite(item) else f"must be a finite number; got {item}"
        case _:
            return f"must be text, a number, true, false, null, a list or a mapping; got {type(item).__name__}"


def _walk(root: Any) -> Iterator[tuple[str, Any, int]]:
    """Yield each value with its dotted key and depth; it is checked before its children are walked."""
    waiting = [("", root, 0)]
    while waiting:
        key, value, depth = waiting.pop()
        yield key, value, depth
        if isinstance(value, dict):
            waiting += [(f"{key}.{_short(name)}".lstrip("."), child, depth + 1) for name, child in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{key}[{number}]", child, depth + 1) for number, child in enumerate(value)]


def _problems(root: yaml.Node) -> Iterator[tuple[str, str, yaml.Node]]:
    """Yield what the nodes of a document express beyond JSON, each node once: the key, the problem and the place."""
    waiting, seen = [("", root)], {id(root)}
    while waiting:
        path, node = waiting.pop()
        kind = str(node.tag).removeprefix(_CORE)
        if node.tag not in _ALLOWED:
            kind = _KINDS.get(kind, f"the tag {_short(kind)}")
            yield path, f"must be text, a number, a list or a mapping, not {kind}", node
        if kind == "int" and len(str(node.value)) > MAXIMUM_DIGITS + 1:
            yield path, f"is a number of more than {MAXIMUM_DIGITS} digits; use a smaller one", node
        children: list[tuple[str, yaml.Node]] = []
        if isinstance(node, yaml.SequenceNode):
            children = [(f"{path}[{number}]", child) for number, child in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, child in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    yield path, "a key must be text, not a list or a mapping", key
                    continue
                if key.tag != f"{_CORE}merge" and key.value in names:
                    yield path, f"'{_short(key.value)}' is given twice; remove one", key
                names.add(str(key.value))
                children += [(path, key), (f"{path}.{_short(key.value)}".lstrip("."), child)]
        fresh = [child for child in children if id(child[1]) not in seen]
        seen |= {id(child) for _, child in fresh}
        waiting += fresh


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node has after its aliases are expanded; a node within itself has no end."""
    if id(node) not in known:
        known[id(node)] = MAXIMUM_VALUES + 1  # the count of a node that is being counted
        children = [] if isinstance(node, yaml.ScalarNode) else list(node.value)
        if isinstance(node, yaml.MappingNode):
            children = [value for _, value in node.value]
        known[id(node)] = 1 + sum(_count(child, known) for child in children)
    return known[id(node)]


def _key(path: str) -> str:
    """Return a dotted key as messages give it: an experiment by its name, then the key."""
    return re.sub(r"^experiments\.(\w+)\.", r"\1: ", path)


def _line(where: str, place: Any) -> str:
    """Return the file and line of a node or event."""
    return f"{where}, line {place.start_mark.line + 1}"


def _short(name: Any) -> str:
    is_short_number = isinstance(name, int | float) and abs(name) < 10**MAXIMUM_DIGITS
    text = str(name) if isinstance(name, str) or is_short_number else type(name).__name__
    return text if len(text) <= 60 else f"{text[:60]}..."
