"""The claims of the documents: read from the experiment files, checked, and complete.

A claim states in ``claim`` what a document says, in ``source`` where, and names one test of ``TESTS`` with its keys.
The value of the test's own key names the experiments, or the classes, that the claim is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookbook.config.inheritance import Entry
from lookbook.config.signatures import nearest
from lookbook.config.validation import check_names
from lookbook.datasets import DATASETS, FASHION_MNIST_CLASSES
from lookbook.errors import ConfigError


@dataclass(frozen=True)
class Test:
    """A test that a claim can name.

    Attributes:
        required: keys besides the test's own.
        optional: further keys with their defaults.
        is_list: whether the value of the test's own key is a list.
    """

    required: tuple[str, ...] = ()
    optional: Mapping[str, Any] | None = None
    is_list: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys besides the test's own."""
        return (*self.required, *(self.optional or {}))


METRIC = {"metric": "test_accuracy"}
# A margin of None is that of the profile.
MARGIN = {"margin": None}
TESTS = {
    "better": Test(("than",), METRIC),
    "not_better": Test(("than",), METRIC | MARGIN),
    "equal": Test((), METRIC | MARGIN, is_list=True),
    "order": Test((), METRIC, is_list=True),
    "spread": Test(("than",), METRIC),
    "above": Test(("threshold",), METRIC),
    "below": Test(("threshold",), METRIC),
    "collapses": Test((), {"share": 0.5}),
    "plateau": Test(("from_epoch", "to_epoch"), METRIC | MARGIN),
    "most_confused": Test(("in",), is_list=True),
}
COMMON = ("claim", "source")


def claims_of(entries: Mapping[str, Entry]) -> list[dict[str, Any]]:
    """Return every claim of the experiment files, in their order.

    Args:
        entries: the experiments of the configuration by name, as ``config.experiments.defined`` returns them.

    Returns:
        For each claim ``document``, ``claim``, ``source``, ``test``, ``experiments`` (names, in the order of the claim)
        and the keys of its test besides the names of experiments; for ``most_confused`` also ``classes`` and
        ``labels``, their numbers.

    Raises:
        ConfigError: a claim has no test or two, an unknown or missing key, or names an unknown experiment or class.
    """
    files: dict[str, Entry] = {}
    for entry in entries.values():
        files.setdefault(entry.file, entry)
    claims = []
    for file, first in files.items():
        document = first.header["document"]
        own = {name: entry for name, entry in entries.items() if entry.header["document"] == document}
        for number, stated in enumerate(first.claims):
            claims.append({"document": document} | _complete(f"{file}: claims[{number}]", stated, own))
    return claims


def names_with(claims: list[dict[str, Any]], *tests: str) -> list[str]:
    """Return the experiments of the claims that name one of some tests, each once."""
    return list(dict.fromkeys(name for claim in claims if claim["test"] in tests for name in claim["experiments"]))


def check_datasets(claims: list[dict[str, Any]], specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ConfigError for a claim about what its experiments do not record.

    Args:
        claims: as ``claims_of`` returns them.
        specs: the resolved specification of each experiment of the run; others are not checked.
    """
    for claim in claims:
        where = f"{claim['document']}: claim '{claim['claim']}'"
        for name in filter(specs.__contains__, claim["experiments"]):
            spec, metric = specs[name], claim.get("metric", "test_accuracy")
            if claim["test"] != "most_confused" and metric.startswith("valid_") and not spec["split"]["validation"]:
                raise ConfigError(f"{where}: metric: {name} has no validation images; use another metric")
            if claim["test"] == "plateau" and metric.startswith("test_") and "test" not in spec["watch"]:
                raise ConfigError(f"{where}: plateau: {name} does not record the test set; add watch: [test] to it")
            if metric.startswith("test_") and DATASETS[spec["dataset"]].competition:
                raise ConfigError(f"{where}: metric: the test images of {name} have no labels; use another metric")


def _complete(where: str, stated: Mapping[str, Any], own: Mapping[str, Entry]) -> dict[str, Any]:
    """Return a claim with its defaults; ``own`` are the experiments of its document."""
    tests = [name for name in TESTS if name in stated]
    if len(tests) != 1:
        given = f"got {' and '.join(tests)}" if tests else f"got the keys {', '.join(stated)}"
        raise ConfigError(f"{where}: must have one of the tests {', '.join(TESTS)}; {given}")
    (name,) = tests
    test, known = TESTS[name], (*COMMON, name, *TESTS[name].keys)
    for key in stated:
        if key not in known:
            raise ConfigError(f"{where}: the test '{name}' has no key '{key}'{nearest(key, known)}")
    for key in test.required:
        if key not in stated:
            raise ConfigError(f"{where}: the test '{name}' needs the key '{key}'; add it")
    value = stated[name]
    if isinstance(value, list) != test.is_list:
        raise ConfigError(f"{where}: {name}: must be {'a list' if test.is_list else 'one name'}; got {value!r}")
    items = [*(value if test.is_list else [value]), *([stated["than"]] if "than" in stated else [])]
    experiments = stated["in"] if name == "most_confused" else items
    check_names(f"{where}: {name}", experiments, own)
    _check_items(f"{where}: {name}", name, items)
    keys = {key: stated.get(key, default) for key, default in (test.optional or {}).items()}
    keys |= {key: stated[key] for key in test.required if key not in ("than", "in")}
    if name == "plateau" and keys["from_epoch"] >= keys["to_epoch"]:
        raise ConfigError(f"{where}: to_epoch: must be greater than from_epoch ({keys['from_epoch']})")
    if name == "most_confused":
        keys |= {"classes": items, "labels": [_label(f"{where}: {name}", label) for label in items]}
    return {**{key: stated[key] for key in COMMON}, "test": name, "experiments": list(experiments), **keys}


def _check_items(where: str, test: str, items: list[str]) -> None:
    """Refuse a comparison of something with itself, and of more or fewer things than the test compares."""
    for item in items:
        if items.count(item) > 1:
            raise ConfigError(f"{where}: '{item}' is given twice; name another one")
    if test in ("equal", "most_confused") and len(items) != 2:
        raise ConfigError(f"{where}: must have two names; got {len(items)}")
    if test == "order" and len(items) < 2:
        raise ConfigError(f"{where}: must have at least two experiments; got {len(items)}")


def _label(where: str, name: str) -> int:
    """Return the number of a class of Fashion-MNIST, the only dataset whose classes are known before it is prepared."""
    check_names(where, [name], FASHION_MNIST_CLASSES, "class")
    return FASHION_MNIST_CLASSES.index(name)
