"""Experiments: read the configuration, inherit, resolve.

An experiment is *resolved* when every key of its schema has a value. What of it decides the outcome of a training
(its ``spec``) is kept apart from what only the report shows, so that a new title retrains nothing.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lookbook.config import validation
from lookbook.config.digests import digest, source_digest
from lookbook.datasets import unavailable_reason
from lookbook.errors import ConfigError

ROOT = Path(__file__).resolve().parents[4]
SCHEMAS = ROOT / "config" / "schemas"

# Keys that only the report and the number of trials depend on: a change of them retrains nothing.
REPORTED_KEYS = ("title", "document", "note", "base", "trials", "figures", "factorial", "ensemble")
# What an entry says about itself and its successors do not repeat.
NOT_INHERITED = ("title", "note", "base", "document", "figures", "factorial", "ensemble")


@dataclass(frozen=True)
class Experiment:
    """One resolved experiment.

    Attributes:
        name: its key in the configuration.
        title: what it is, in a few words.
        document: the source document.
        note: a sentence for the report, or None.
        base: the experiment it inherits from, or None.
        trials: how many trials.
        figures: what is drawn of it beside its learning curves.
        factorial: its place in a factorial study, or None.
        ensemble: what it is a one-vs-all classifier of, or None.
        spec: everything that decides the outcome of a trial, besides its seed and the source.
        source: where the document comes from, or None.
        unavailable: why its data cannot be had and what to do about it, or None; it is not run then.
    """

    name: str
    title: str
    document: str
    note: str | None
    base: str | None
    trials: int
    figures: list[str]
    factorial: dict[str, Any] | None
    ensemble: str | None
    spec: dict[str, Any]
    source: str | None
    unavailable: str | None = None


@cache
def schema(name: str) -> dict[str, Any]:
    """Return one of the JSON Schemas of config/schemas, for example ``schema("experiment")``."""
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())


def resolve(
    config: Mapping[str, Any],
    root: str | Path = ROOT,
    settings: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Experiment]:
    """Return the experiments that a configuration asks for, resolved, in the order of their files.

    Args:
        config: config.yaml with whatever is laid over it.
        root: where the files that the configuration names lie if not in the working directory.
        settings: keys to lay over single experiments, by name; their heirs inherit them.

    Raises:
        ConfigError: the first file, experiment or key that is wrong, with the remedy.
    """
    config = resolve_config(config)
    entries = _read_entries([locate(file, root) for file in config["experiment_files"]])
    for name, keys in (settings or {}).items():
        validation.check_names("settings", [name], entries)
        entries[name] = replace(entries[name], keys=_merge(entries[name].keys, keys))
    inherited = {name: _inherit(name, entries) for name in entries}
    resolved = {}
    for name, entry in inherited.items():
        file = entries[name].file
        validation.check_experiment(file, name, entry, schema("experiment"))
        filled = with_defaults(entry, schema("experiment"))
        filled = _apply_profile(name, filled, config["profile"])
        filled["backend"] = filled["backend"] or config["devices"]["backend"]
        resolved[name] = _experiment(name, filled, entries[name].source)
        validation.check_resolved(file, name, resolved[name].spec, inherited)
    if not settings:  # Who changes one by hand forms no ensemble.
        _check_ensembles(entries, resolved)
    for name in resolved:
        starts = _starts(entries[name].file, name, resolved)
        reasons = [unavailable_reason(resolved[start].spec["dataset"], config["data"]) for start in starts]
        if any(reasons):
            resolved[name] = replace(resolved[name], trials=0, unavailable=next(filter(None, reasons)))
    validation.check_names("config.yaml: profile.experiments", config["profile"]["experiments"], resolved)
    return _selected(config["experiments"], resolved)


def locate(file: str | Path, root: str | Path = ROOT) -> Path:
    """Return a file that a configuration names: in the working directory or, if it is not there, in this project."""
    return Path(file) if Path(file).exists() else Path(root) / file


def resolve_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with every default filled in; raise ConfigError for what its schema refuses."""
    validation.check("config.yaml", "", dict(config), schema("config"))
    return with_defaults(dict(config), schema("config"))


def identity(experiment: Experiment, experiments: Mapping[str, Experiment]) -> dict[str, Any]:
    """Return what a trial of this experiment is, besides its seed: spec and source, as plain JSON values.

    Where it starts from another experiment's weights, that one's identity is part of it.
    """
    identity = {"spec": experiment.spec, "source": source_digest(experiment.spec)}
    if experiment.spec["initial_weights"]:
        start = experiments[experiment.spec["initial_weights"]]
        identity["start"] = digest_of(start, experiments)
    return identity


def digest_of(experiment: Experiment, experiments: Mapping[str, Experiment]) -> str:
    """Return the sha256 of an experiment's identity."""
    return digest(identity(experiment, experiments))


def changes(experiment: Experiment, experiments: Mapping[str, Experiment]) -> list[dict[str, Any]]:
    """Return what an experiment changes from its base: key, value there, value here."""
    if experiment.base is None or experiment.base not in experiments:
        return []
    before, after = _flat(experiments[experiment.base].spec), _flat(experiment.spec)
    keys = sorted(before.keys() | after.keys())
    return [
        {"key": key, "from": before.get(key), "to": after.get(key)} for key in keys if before.get(key) != after.get(key)
    ]


def with_defaults(value: Any, node: Mapping[str, Any]) -> Any:
    """Return a value with the defaults of its schema filled in, at every depth."""
    if not isinstance(value, dict):
        return value
    if "$ref" in node:
        # The schemas' one reference: a class of Keras and its arguments.
        return {"config": {}} | value
    filled = dict(value)
    for key, child in node.get("properties", {}).items():
        if key not in filled and "default" in child:
            filled[key] = deepcopy(child["default"])
        if key in filled:
            filled[key] = with_defaults(filled[key], child)
    return filled


@dataclass(frozen=True)
class _Entry:
    file: str
    document: str
    source: str | None
    defaults: dict[str, Any]
    keys: dict[str, Any]


def _read_entries(files: list[Path]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for path in files:
        content = validation.read_yaml(path)
        validation.check(str(path), "", content, schema("experiments"))
        for name, keys in content["experiments"].items():
            if name in entries:
                raise ConfigError(f"{path}: {name}: {entries[name].file} has this name already; rename one")
            entries[name] = _Entry(
                str(path), content["document"], content.get("source"), content.get("defaults", {}), keys
            )
    return entries


def _inherit(name: str, entries: dict[str, _Entry], heirs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an entry with what it inherits: its base's keys or, without a base, its file's defaults."""
    entry = entries[name]
    base = entry.keys.get("base")
    if base is None:
        inherited = deepcopy(entry.defaults)
    elif not isinstance(base, str) or base not in entries:
        nearest = validation.nearest(str(base), entries)
        raise ConfigError(f"{entry.file}: {name}: base: there is no experiment '{base}'{nearest}")
    elif base in (*heirs, name):
        circle = " -> ".join([*heirs, name, base])
        raise ConfigError(f"{entry.file}: {name}: base: experiments inherit in a circle ({circle}); cut it")
    else:
        inherited = _inherit(base, entries, (*heirs, name))
        inherited = {key: value for key, value in inherited.items() if key not in NOT_INHERITED}
    return _merge(inherited, entry.keys) | {"document": entry.document}


def _check_ensembles(entries: Mapping[str, _Entry], resolved: Mapping[str, Experiment]) -> None:
    """Refuse, before they are trained, classifiers that cannot form the ensemble that they name."""
    members: dict[tuple[str, int], str] = {}
    for name, experiment in resolved.items():
        if experiment.ensemble is None:
            continue
        where, label = f"{entries[name].file}: {name}", experiment.spec["one_vs_all"]
        if label is None:
            raise ConfigError(f"{where}: ensemble: is of one-vs-all classifiers; set one_vs_all or remove it")
        other = members.setdefault((experiment.ensemble, label), name)
        if other != name:
            raise ConfigError(f"{where}: one_vs_all: {other} has class {label} in {experiment.ensemble}; take another")


def _starts(file: str, name: str, resolved: Mapping[str, Experiment]) -> list[str]:
    """Return an experiment and those whose weights it starts from, one after another; refuse a circle."""
    path = [name]
    while (start := resolved[path[-1]].spec["initial_weights"]) is not None:
        if start in path:
            circle = " -> ".join([*path, start])
            raise ConfigError(f"{file}: {name}: initial_weights: experiments start in a circle ({circle}); cut it")
        path.append(start)
    return path


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another; another ``class_name`` starts afresh, since its arguments are others."""
    if "class_name" in above and above["class_name"] != below.get("class_name"):
        return deepcopy(above)
    merged = deepcopy(below)
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = deepcopy(value)
    return merged


def _apply_profile(name: str, entry: dict[str, Any], profile: dict[str, Any]) -> dict[str, Any]:
    """Return an entry within the budgets of the profile."""
    keys = ("trials", "epochs", "train_images", "test_images", "per_class", "batch_size")
    budget = {key: profile[key] for key in keys}
    budget |= profile["experiments"].get(name, {})
    entry = deepcopy(entry)
    entry["dataset"] = profile["datasets"].get(entry["dataset"], entry["dataset"])
    entry["trials"] = _least(entry["trials"], budget["trials"])
    training = entry["training"]
    training["epochs"] = _least(training["epochs"], budget["epochs"])
    training["batch_size"] = _least(training["batch_size"], budget["batch_size"])
    if training["weight_averaging"]:
        # A budget that ends before the averaging starts still averages, over its last epoch.
        start = training["weight_averaging"]["start_epoch"]
        training["weight_averaging"]["start_epoch"] = _least(start, training["epochs"])
    for key in ("train_images", "test_images"):
        entry["limit"][key] = _least(entry["limit"][key], budget[key])
    if entry["sampling"]["per_class"] is not None:
        entry["sampling"]["per_class"] = _least(entry["sampling"]["per_class"], budget["per_class"])
    return entry


def _least(value: int | None, budget: int | None) -> int | None:
    given = [number for number in (value, budget) if number is not None]
    return min(given, default=None)


def _experiment(name: str, entry: dict[str, Any], source: str | None) -> Experiment:
    spec = {key: value for key, value in entry.items() if key not in REPORTED_KEYS}
    spec["model"] = validation.with_arguments("models", spec["model"])
    spec["augmentation"] = [validation.with_arguments("augmentation", item) for item in spec["augmentation"]]
    return Experiment(name=name, spec=spec, source=source, **{key: entry[key] for key in REPORTED_KEYS})


def _selected(names: list[str] | None, resolved: dict[str, Experiment]) -> dict[str, Experiment]:
    """Return the named experiments and those whose weights they start from; all where none is named."""
    if names is None:
        return resolved
    validation.check_names("config.yaml: experiments", names, resolved)
    wanted = set(names)
    while more := {resolved[name].spec["initial_weights"] for name in wanted} - wanted - {None}:
        wanted |= more
    return {name: experiment for name, experiment in resolved.items() if name in wanted}


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, child in value.items():
        flat |= _flat(child, f"{prefix}.{key}" if prefix else key)
    return flat
