"""The order that a training job gets: one trial of one experiment, complete, as plain JSON values."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lookbook.config import validation
from lookbook.config.experiments import Experiment, identity, locate, resolve, resolve_config
from lookbook.errors import ConfigError

# A working directory's own configuration goes before this project's.
CONFIG = locate("config/config.yaml")


def order(experiment: Experiment, trial: int, seed: int, experiments: Mapping[str, Experiment]) -> dict[str, Any]:
    """Return the order of a trial.

    Args:
        experiment: the experiment.
        trial: zero-based number of the trial.
        seed: the configuration's seed; trial t of every experiment uses seed + t.
        experiments: all resolved experiments, since a trial may start from another's weights.
    """
    identified = identity(experiment, experiments)
    return {"experiment": experiment.name, "trial": trial, "seed": seed + trial, **identified}


def order_by_hand(name: str, trial: int, files: Iterable[Path], settings: Iterable[str]) -> dict[str, Any]:
    """Return the order of a trial that a person asks for on a command line.

    Args:
        name: the experiment.
        trial: zero-based number of the trial.
        files: configuration files, later ones laid over earlier ones.
        settings: changes of single keys of the experiment, ``training.epochs=5``.

    Raises:
        ConfigError: for anything wrong in the configuration, the name or a setting.
    """
    config = read_config(files)
    experiments = resolve(config | {"experiments": None}, settings={name: parse_settings(settings)})
    validation.check_names("experiment", [name], experiments)
    return order(experiments[name], trial, resolve_config(config)["seed"], experiments)


def read_config(files: Iterable[Path]) -> dict[str, Any]:
    """Return configuration files laid over one another, as Snakemake's --configfile does."""
    config: dict[str, Any] = {}
    for file in files:
        config = _overlay(config, validation.read_yaml(file))
    return config


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Return ``a.b=value`` settings as nested keys; values are YAML."""
    parsed: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not all(key.split(".")):
            raise ConfigError(f"--set {setting}: write KEY=VALUE, as training.epochs=5")
        try:
            parsed = _overlay(parsed, _nested(key.split("."), yaml.safe_load(value)))
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {setting}: not valid YAML: {' '.join(str(error).split())}") from None
    return parsed


def _nested(keys: list[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    return value


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    overlaid = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(overlaid.get(key), dict)
        overlaid[key] = _overlay(overlaid[key], value) if both else value
    return overlaid
