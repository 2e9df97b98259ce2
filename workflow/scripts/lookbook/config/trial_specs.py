"""The trial specification that a training job gets: one trial of one experiment, complete, as plain JSON values."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lookbook.config.experiments import Experiment, identity, locate, resolve, resolve_config
from lookbook.config.strict_yaml import parse_yaml, read_yaml
from lookbook.errors import ConfigError

# The configuration of the working directory takes precedence over this project's.
CONFIG = locate("config/config.yaml")


def trial_spec(experiment: Experiment, trial: int, seed: int, experiments: Mapping[str, Experiment]) -> dict[str, Any]:
    """Return the specification of a trial: ``experiment``, ``trial``, ``seed`` and what ``identity`` returns.

    Args:
        experiment: the experiment.
        trial: zero-based number of the trial.
        seed: the configuration's seed; trial t of every experiment uses seed + t.
        experiments: all resolved experiments, since a trial may start from another's weights.
    """
    numbers = {"trial": trial, "seed": seed + trial}
    return {"experiment": experiment.name} | numbers | identity(experiment, experiments)


def trial_spec_by_hand(name: str, trial: int, files: Iterable[Path], settings: Iterable[str]) -> dict[str, Any]:
    """Return the specification of a trial that is named on a command line.

    Args:
        name: the experiment.
        trial: zero-based number of the trial.
        files: configuration files; later ones take precedence.
        settings: changes of single keys of the experiment, for example ``training.epochs=5``.

    Raises:
        ConfigError: the configuration, the name or a setting is wrong.
    """
    config = read_config(files)
    experiments = resolve(config | {"experiments": None}, settings={name: parse_settings(settings)})
    return trial_spec(experiments[name], trial, resolve_config(config)["seed"], experiments)


def read_config(files: Iterable[Path]) -> dict[str, Any]:
    """Return the merged content of configuration files; later ones take precedence, as with ``--configfile``."""
    # Imported here, because the jobs' conda environments have no Snakemake.
    from snakemake.utils import update_config

    config: dict[str, Any] = {}
    for file in files:
        update_config(config, read_yaml(file, "the path"))
    return config


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Return ``a.b=value`` settings as nested keys; values are YAML."""
    from snakemake.utils import update_config

    parsed: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not all(key.split(".")):
            raise ConfigError(f"--set {setting}: write KEY=VALUE, for example training.epochs=5")
        nested = parse_yaml(value, f"--set {setting}")
        for part in reversed(key.split(".")):
            nested = {part: nested}
        update_config(parsed, nested)
    return parsed
