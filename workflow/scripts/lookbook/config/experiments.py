"""Resolve the experiments of a configuration: inherit, validate, fill in defaults, apply the profile, select.

An experiment is *resolved* when every key of its schema has a value. The keys that determine the outcome of a training
are its ``spec``; the others concern only the report and the number of trials, so changing them retrains nothing.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lookbook.config.consistency import (
    check_ensembles,
    check_initial_trials,
    check_number_of_trials,
    check_published_as,
    check_settings_from,
    check_spec,
    results_folder,
)
from lookbook.config.digests import code_digest, digest
from lookbook.config.inheritance import ADDED_LATER, Entry, inherit, merge, read_entries
from lookbook.config.names import check_entry, with_arguments
from lookbook.config.strict_yaml import check_values
from lookbook.config.validation import ROOT, check, check_names, schema
from lookbook.datasets import unavailable_reason
from lookbook.errors import ConfigError


@dataclass(frozen=True)
class Experiment:
    """One resolved experiment.

    Attributes:
        name: its key in the configuration.
        title: a short description.
        document: the name of the source document.
        citation: where the document comes from, or None.
        links: text to address: where texts of the citation, and papers that the document builds on, are found.
        claim: what the document claims, or None.
        note: a remark for the report, or None.
        base: the experiment that it inherits from, or None.
        published_as: another experiment, with whose published values it is compared as well, or None.
        protocol: ``text``, ``code`` or ``ours``: whose settings it has.
        settings_from: setting or group of settings to ``text``, ``code`` or ``ours``.
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
    links: dict[str, str]
    claim: str | None
    note: str | None
    base: str | None
    published_as: str | None
    protocol: str
    settings_from: dict[str, str]
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
    entries = defined(config, root)
    for name, keys in (settings or {}).items():
        check_names("settings", [name], entries)
        entries[name] = replace(entries[name], keys=merge(entries[name].keys, keys))
    inherited = {name: inherit(name, entries) for name in entries}
    resolved = {}
    for name, keys in inherited.items():
        check_entry(entries[name].where, keys)
        resolved[name] = _experiment(entries[name], keys, config)
        # A change on the command line concerns neither the descendants of the experiment nor its ensembles.
        if not settings or name in settings:
            check_spec(entries[name].where, resolved[name].spec, entries)
            check_settings_from(entries[name].where, resolved[name].settings_from, resolved[name].spec)
    if not settings:
        check_ensembles(entries, resolved)
        check_published_as(entries)
    check_names("config.yaml: profile.experiments", config["profile"]["experiments"], resolved)
    chains = {name: _initial_weights_chain(entry, resolved) for name, entry in entries.items()}
    for name, chain in chains.items():
        reasons = [unavailable_reason(resolved[other].spec["dataset"], config["data"]) for other in chain]
        if any(reasons):
            resolved[name] = replace(resolved[name], trials=0, unavailable=next(filter(None, reasons)))
    check_number_of_trials(resolved)
    if config["experiments"] is not None:
        check_names("config.yaml: experiments", config["experiments"], resolved)
    selected = {other for name in config["experiments"] or chains for other in chains[name]}
    for name in selected:
        check_initial_trials(entries[name].where, [resolved[other] for other in chains[name]])
    return {name: experiment for name, experiment in resolved.items() if name in selected}


def defined(config: Mapping[str, Any], root: str | Path = ROOT) -> dict[str, Entry]:
    """Return the entry of every experiment that a configuration defines, selected or not, by name."""
    return read_entries([locate(file, root) for file in resolve_config(config)["experiment_files"]])


def locate(file: str | Path, root: str | Path = ROOT) -> Path:
    """Return the path of a file: in the working directory or, if it is not there, in ``root``."""
    return Path(file) if Path(file).exists() else Path(root) / file


def resolve_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of config.yaml with every default filled in.

    Raises:
        ConfigError: the content does not match its schema.
    """
    check_values("config.yaml", dict(config))
    check("config.yaml", dict(config), schema("config"))
    filled = with_defaults(dict(config), schema("config"))
    filled["results"] = results_folder(filled["results"])
    return filled


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
    return spec_changes(experiments[experiment.base].spec, experiment.spec)


def spec_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the keys in which two specifications differ, as ``key``, ``from`` and ``to``, sorted by key."""
    before, after = flattened(old), flattened(new)
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


def _experiment(entry: Entry, inherited: dict[str, Any], config: dict[str, Any]) -> Experiment:
    """Return a resolved experiment from its own valid keys and the inherited ones."""
    keys = deepcopy(with_defaults(inherited, schema("experiment"))) | entry.header
    _apply_profile(keys, config["profile"] | config["profile"]["experiments"].get(entry.name, {}))
    keys["backend"] = keys["backend"] or config["devices"]["backend"]
    keys["model"] = with_arguments("models", keys["model"])
    keys["augmentation"] = [with_arguments("augmentation", item) for item in keys["augmentation"]]
    for key, neutral in ADDED_LATER.items():
        if keys[key] in neutral:
            del keys[key]
    # The keys that are no attributes of an Experiment are its spec.
    reported = {key: keys.pop(key) for key in Experiment.__annotations__ if key in keys}
    return Experiment(name=entry.name, spec=keys, **reported)


def _apply_profile(keys: dict[str, Any], limits: Mapping[str, Any]) -> None:
    """Apply the limits and the dataset substitutions of a profile."""
    keys["dataset"] = limits["datasets"].get(keys["dataset"], keys["dataset"])
    training, sampling, averaging = keys["training"], keys["sampling"], keys["training"]["weight_averaging"]
    epochs = training["epochs"]
    limited = ((keys, "trials"), (training, "epochs"), (training, "batch_size"))
    for section, key in (*limited, (keys["limit"], "train_images"), (keys["limit"], "test_images")):
        section[key] = _smaller(section[key], limits[key])
    if sampling["per_class"] is not None:
        sampling["per_class"] = _smaller(sampling["per_class"], limits["per_class"])
    if averaging and averaging["start_epoch"] <= epochs:
        # A training that the profile ends before the averaging would start averages its last epoch.
        averaging["start_epoch"] = min(averaging["start_epoch"], training["epochs"])


def _smaller(value: int | None, limit: int | None) -> int | None:
    """Return the smaller of two numbers, where None means no limit."""
    return min((number for number in (value, limit) if number is not None), default=None)


def _initial_weights_chain(entry: Entry, experiments: Mapping[str, Experiment]) -> list[str]:
    """Return an experiment, the one whose weights it starts from, that one's, and so on; refuse a cycle."""
    chain = [entry.name]
    while (initial := experiments[chain[-1]].spec["initial_weights"]) is not None:
        if initial in chain:
            cycle = " -> ".join([*chain, initial])
            raise ConfigError(f"{entry.where}: initial_weights: is a cycle ({cycle}); remove one of them")
        chain.append(initial)
    return chain


def flattened(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one mapping with dotted keys."""
    if not isinstance(value, dict) or not value:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, child in value.items():
        flat |= flattened(child, f"{prefix}.{key}" if prefix else key)
    return flat
