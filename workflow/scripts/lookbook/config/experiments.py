"""Resolve the experiments of a configuration: inherit, validate, fill in defaults, apply the profile, select.

An experiment is *resolved* when every key of its schema has a value. The keys that determine the outcome of a training
are its ``spec``; the others concern only the report and the number of trials, so changing them retrains nothing.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lookbook.config.consistency import check_ensembles, check_spec
from lookbook.config.digests import code_digest, digest
from lookbook.config.inheritance import inherit, merge, read_entries
from lookbook.config.names import check_entry, with_arguments
from lookbook.config.validation import ROOT, check, check_names, schema
from lookbook.datasets import unavailable_reason
from lookbook.errors import ConfigError

# Keys outside the spec.
REPORTED_KEYS = ("title", "document", "note", "base", "trials", "figures", "factorial", "ensemble")


@dataclass(frozen=True)
class Experiment:
    """One resolved experiment.

    Attributes:
        name: its key in the configuration.
        title: a short description.
        document: the name of the source document.
        citation: where the document comes from, or None.
        claim: what the document claims, or None.
        note: a remark for the report, or None.
        base: the experiment that it inherits from, or None.
        trials: the number of trials; 0 if the dataset is unavailable.
        figures: figures to plot besides the learning curves.
        factorial: its ``study`` and ``factors`` in a factorial study, or None.
        ensemble: the ensemble of one-vs-all classifiers that it belongs to, or None.
        spec: everything that determines the outcome of a trial, except its seed and the code.
        unavailable: why the dataset is unavailable and how to get it, or None.
    """

    name: str
    title: str
    document: str
    citation: str | None
    claim: str | None
    note: str | None
    base: str | None
    trials: int
    figures: list[str]
    factorial: dict[str, Any] | None
    ensemble: str | None
    spec: dict[str, Any]
    unavailable: str | None = None


def resolve(
    config: Mapping[str, Any],
    root: str | Path = ROOT,
    settings: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Experiment]:
    """Return the experiments that a configuration selects, resolved, in the order of their files.

    Args:
        config: the content of config.yaml, with other files merged over it.
        root: the folder that ``experiment_files`` are relative to if they are not in the working directory.
        settings: changed keys of single experiments, by name; their descendants inherit them.

    Raises:
        ConfigError: the configuration is not valid; the message names the file, the experiment and the key.
    """
    config = resolve_config(config)
    entries = read_entries([locate(file, root) for file in config["experiment_files"]])
    for name, keys in (settings or {}).items():
        check_names("settings", [name], entries)
        entries[name] = replace(entries[name], keys=merge(entries[name].keys, keys))
    inherited = {name: inherit(name, entries) for name in entries}
    resolved = {}
    for name, keys in inherited.items():
        check_entry(entries[name].file, name, keys)
        resolved[name] = _experiment(name, keys, entries[name].header, config)
        check_spec(entries[name].file, name, resolved[name].spec, entries)
    if not settings:  # An experiment that was changed on the command line is in no ensemble.
        check_ensembles({name: entry.file for name, entry in entries.items()}, resolved)
    check_names("config.yaml: profile.experiments", config["profile"]["experiments"], resolved)
    for name, entry in entries.items():
        chain = _initial_weights_chain(entry.file, name, resolved)
        reasons = [unavailable_reason(resolved[other].spec["dataset"], config["data"]) for other in chain]
        if any(reasons):
            resolved[name] = replace(resolved[name], trials=0, unavailable=next(filter(None, reasons)))
    return _selected(config["experiments"], resolved)


def locate(file: str | Path, root: str | Path = ROOT) -> Path:
    """Return the path of a file: in the working directory or, if it is not there, in ``root``."""
    return Path(file) if Path(file).exists() else Path(root) / file


def resolve_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of config.yaml with every default filled in.

    Raises:
        ConfigError: the content does not match its schema.
    """
    check("config.yaml", "", dict(config), schema("config"))
    return with_defaults(dict(config), schema("config"))


def identity(experiment: Experiment, experiments: Mapping[str, Experiment]) -> dict[str, Any]:
    """Return what determines the outcome of an experiment's trials, except their seeds, as JSON values.

    Returns:
        ``spec``, ``code_digest`` and, for an experiment that starts from the weights of another,
        ``initial_weights_digest``.
    """
    content = {"spec": experiment.spec, "code_digest": code_digest(experiment.spec)}
    if experiment.spec["initial_weights"]:
        content["initial_weights_digest"] = digest_of(experiments[experiment.spec["initial_weights"]], experiments)
    return content


def digest_of(experiment: Experiment, experiments: Mapping[str, Experiment]) -> str:
    """Return the SHA-256 of an experiment's identity."""
    return digest(identity(experiment, experiments))


def changes(experiment: Experiment, experiments: Mapping[str, Experiment]) -> list[dict[str, Any]]:
    """Return what an experiment changes from its base, as ``key``, ``from`` and ``to``, sorted by key."""
    if experiment.base is None or experiment.base not in experiments:
        return []
    before, after = _flat(experiments[experiment.base].spec), _flat(experiment.spec)
    keys = sorted(before.keys() | after.keys())
    return [
        {"key": key, "from": before.get(key), "to": after.get(key)} for key in keys if before.get(key) != after.get(key)
    ]


def with_defaults(value: Any, node: Mapping[str, Any]) -> Any:
    """Return a value with the defaults of its JSON Schema filled in, at every depth."""
    if not isinstance(value, dict):
        return value
    if "$ref" in node:
        # The schemas have one reference, `keras_object`.
        return {"config": {}} | value
    filled = dict(value)
    for key, child in node.get("properties", {}).items():
        if key not in filled and "default" in child:
            filled[key] = deepcopy(child["default"])
        if key in filled:
            filled[key] = with_defaults(filled[key], child)
    return filled


def _experiment(name: str, keys: dict[str, Any], header: dict[str, Any], config: dict[str, Any]) -> Experiment:
    """Return a resolved experiment from a valid entry."""
    entry = _apply_profile(name, with_defaults(keys, schema("experiment")), config["profile"])
    spec = {key: value for key, value in entry.items() if key not in REPORTED_KEYS}
    spec["backend"] = spec["backend"] or config["devices"]["backend"]
    spec["model"] = with_arguments("models", spec["model"])
    spec["augmentation"] = [with_arguments("augmentation", item) for item in spec["augmentation"]]
    return Experiment(
        name=name,
        spec=spec,
        citation=header["citation"],
        claim=header["claim"],
        **{key: entry[key] for key in REPORTED_KEYS},
    )


def _apply_profile(name: str, entry: dict[str, Any], profile: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with the limits and the dataset substitutions of the profile."""
    limits = profile | profile["experiments"].get(name, {})
    entry = deepcopy(entry)
    entry["dataset"] = profile["datasets"].get(entry["dataset"], entry["dataset"])
    entry["trials"] = _smaller(entry["trials"], limits["trials"])
    training = entry["training"]
    for key in ("epochs", "batch_size"):
        training[key] = _smaller(training[key], limits[key])
    if training["weight_averaging"]:
        # A training that ends before the averaging would start averages its last epoch.
        start = training["weight_averaging"]["start_epoch"]
        training["weight_averaging"]["start_epoch"] = _smaller(start, training["epochs"])
    for key in ("train_images", "test_images"):
        entry["limit"][key] = _smaller(entry["limit"][key], limits[key])
    if entry["sampling"]["per_class"] is not None:
        entry["sampling"]["per_class"] = _smaller(entry["sampling"]["per_class"], limits["per_class"])
    return entry


def _smaller(value: int | None, limit: int | None) -> int | None:
    """Return the smaller of two numbers, where None means no limit."""
    return min((number for number in (value, limit) if number is not None), default=None)


def _initial_weights_chain(file: str, name: str, experiments: Mapping[str, Experiment]) -> list[str]:
    """Return an experiment, the one whose weights it starts from, that one's, and so on; refuse a cycle."""
    chain = [name]
    while (initial := experiments[chain[-1]].spec["initial_weights"]) is not None:
        if initial in chain:
            cycle = " -> ".join([*chain, initial])
            raise ConfigError(f"{file}: {name}: initial_weights: is a cycle ({cycle}); remove one of them")
        chain.append(initial)
    return chain


def _selected(names: list[str] | None, experiments: dict[str, Experiment]) -> dict[str, Experiment]:
    """Return the named experiments and those whose weights they start from, or all if ``names`` is None."""
    if names is None:
        return experiments
    check_names("config.yaml: experiments", names, experiments)
    selected = {other for name in names for other in _initial_weights_chain("", name, experiments)}
    return {name: experiment for name, experiment in experiments.items() if name in selected}


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one mapping with dotted keys."""
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, child in value.items():
        flat |= _flat(child, f"{prefix}.{key}" if prefix else key)
    return flat
