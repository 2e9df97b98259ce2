"""Experiments in words and figures: for a person who asks about one, and for the report about all."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookbook.config import validation
from lookbook.config.experiments import ROOT, Experiment, changes, digest_of, resolve, resolve_config


def describe(name: str, experiments: Mapping[str, Experiment]) -> dict[str, Any]:
    """Return one experiment: name, number of parameters, digest, base, changes against the base, resolved spec.

    Builds the network to count its parameters, and so imports Keras.

    Raises:
        ConfigError: there is no such experiment.
    """
    validation.check_names("experiment", [name], experiments)
    experiment = experiments[name]
    return {
        "experiment": name,
        "parameters": count_parameters(experiment.spec),
        "digest": digest_of(experiment, experiments),
        "base": experiment.base,
        "changes": changes(experiment, experiments),
        "spec": experiment.spec,
    }


def describe_all(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the report needs to know of a configuration: its profile, where it comes from, its experiments.

    Raises:
        ConfigError: for anything wrong in the configuration.
    """
    # A base that is not run itself still tells what an experiment changes.
    defined = resolve(dict(config) | {"experiments": None})
    experiments = resolve(config)
    return {
        "profile": resolve_config(config)["profile"],
        "provenance": {"git_commit": git_commit(ROOT), "command": os.environ.get("LOOKBOOK_COMMAND")},
        "experiments": {
            name: {
                "title": experiment.title,
                "document": experiment.document,
                "source": experiment.source,
                "note": experiment.note,
                "base": experiment.base,
                "changes": changes(experiment, defined),
                "trials": experiment.trials,
                "unavailable": experiment.unavailable,
                "figures": experiment.figures,
                "factorial": experiment.factorial,
                "ensemble": experiment.ensemble,
                "dataset": experiment.spec["dataset"],
                "digest": digest_of(experiment, experiments),
                "budget": budget(experiment),
                "spec": experiment.spec,
            }
            for name, experiment in experiments.items()
        },
    }


def budget(experiment: Experiment) -> str:
    """Return in words how much an experiment may train."""
    spec = experiment.spec
    epochs, images = spec["training"]["epochs"], spec["limit"]["train_images"]
    words = f"{experiment.trials} trial{'s' * (experiment.trials != 1)} of "
    words += "up to " if spec["training"]["early_stopping"] else ""
    words += f"{epochs} epoch{'s' * (epochs > 1)}"
    if spec["sampling"]["per_class"]:
        return f"{words} on {spec['draw']['per_class']} images of each class of {spec['dataset']}"
    return words + (f" on {images:,} training images" if images else f" on all training images of {spec['dataset']}")


def count_parameters(spec: Mapping[str, Any]) -> int:
    """Return how many parameters the network of a resolved experiment has, the non-trainable ones included."""
    from lookbook.datasets import SOURCES
    from lookbook.runtime import devices

    devices.prepare(threads=1, gpu=False)
    from lookbook import models
    from lookbook.sampling.rows import number_of_outputs

    source = SOURCES[spec["dataset"]]
    model = models.build(spec["model"], source.shape, number_of_outputs(spec, source.classes), spec["rescaling"])
    return model.count_params()


def git_commit(root: Path) -> str | None:
    """Return the commit of the source, marked where files differ from it; None outside a repository."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--match", ""],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()
