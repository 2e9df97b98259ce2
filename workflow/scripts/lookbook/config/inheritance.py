"""Read experiment files, and combine each entry with what it inherits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookbook.config.strict_yaml import read_yaml
from lookbook.config.validation import check, check_names, schema
from lookbook.errors import ConfigError

MAXIMUM_BASES = 100
# Keys that describe one experiment only.
NOT_INHERITED = ("title", "note", "base", "document", "published_as", "protocol", "figures", "factorial", "ensemble")
# Settings that are younger than trained trials, with the values that change nothing. These values are left out of the
# specification, so that the identity of every trial that does not use the setting stays what it was.
ADDED_LATER = {"evaluation": (None, {"average_over": ["identity"]})}


@dataclass(frozen=True)
class Entry:
    """One experiment as its file states it.

    Attributes:
        file: the path of the file.
        name: the experiment.
        header: the file's ``document``, ``citation``, ``links`` and ``claim``.
        defaults: keys of every entry of the file that has no base.
        keys: the entry's own keys.
        claims: the claims of the file.
    """

    file: str
    name: str
    header: dict[str, Any]
    defaults: dict[str, Any]
    keys: dict[str, Any]
    claims: Sequence[dict[str, Any]] = ()

    @property
    def where(self) -> str:
        """The file and the name, with which messages begin."""
        return f"{self.file}: {self.name}"


def read_entries(files: list[Path]) -> dict[str, Entry]:
    """Return every entry of the experiment files by name, in order.

    Raises:
        ConfigError: a file is not valid, or two entries have the same name.
    """
    entries: dict[str, Entry] = {}
    for path in files:
        content = read_yaml(path)
        check(str(path), content, schema("experiments"))
        # A further file of a document need not repeat what the first one says about it.
        first = next((e.header for e in entries.values() if e.header["document"] == content["document"]), {})
        header = {key: content.get(key, first.get(key)) for key in ("document", "citation", "claim")}
        header["links"] = content.get("links", first.get("links", {}))
        for name, keys in content["experiments"].items():
            if name in entries:
                raise ConfigError(f"{path}: {name}: the name is already used in {entries[name].file}; rename one")
            entries[name] = Entry(str(path), name, header, content.get("defaults", {}), keys, content.get("claims", ()))
    return entries


def inherit(name: str, entries: dict[str, Entry], descendants: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an entry's keys over those of its base or, without a base, over its file's defaults.

    Args:
        name: the entry's name.
        entries: all entries.
        descendants: the entries that inherit from this one and led here, to detect a cycle.

    Raises:
        ConfigError: a base does not exist, or the bases form a cycle.
    """
    entry = entries[name]
    base = entry.keys.get("base")
    if base is None:
        inherited = entry.defaults
    else:
        check_names(f"{entry.where}: base", [base], entries)
        chain = (*descendants, name)
        if base in chain:
            cycle = " -> ".join([*chain, base])
            raise ConfigError(f"{entry.where}: base: is a cycle ({cycle}); remove the base of one of them")
        if len(chain) > MAXIMUM_BASES:
            raise ConfigError(f"{entry.where}: base: is one of more than {MAXIMUM_BASES} in a chain; shorten the chain")
        inherited = {key: value for key, value in inherit(base, entries, chain).items() if key not in NOT_INHERITED}
    return merge(inherited, entry.keys) | {"document": entry.header["document"]}


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return ``above`` merged into ``below`` key by key; changing ``class_name`` discards the inherited ``config``.

    The last rule is why this is not ``snakemake.utils.update_config``, which would pass the arguments of the old class
    to the new one.
    """
    if "class_name" in above and above["class_name"] != below.get("class_name"):
        return above
    both = [key for key in above if isinstance(above[key], dict) and isinstance(below.get(key), dict)]
    return below | above | {key: merge(below[key], above[key]) for key in both}
