"""The content of experiments.json (profile, provenance, resolved experiments) and of plan.json, a part of it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookbook.config.claims import claims_of
from lookbook.config.digests import digest
from lookbook.config.experiments import Experiment, changes, defined, digest_of, resolve, resolve_config
from lookbook.config.trial_specs import trial_spec
from lookbook.config.validation import ROOT

# What the jobs that read trials need to know of an experiment; a new title or note must not run them again.
PLAN_KEYS = (
    "trials",
    "trial_digests",
    "document",
    "published_as",
    "dataset",
    "figures",
    "ensemble",
    "factorial",
    "spec",
)


def plan_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of plan.json: that of experiments.json without what only the report and statistics need."""
    entries = content["experiments"].items()
    experiments = {name: {key: entry[key] for key in PLAN_KEYS} for name, entry in entries}
    return {"profile": {}, "provenance": {}, "experiments": experiments}


def benchmark_content(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of experiments.json for a configuration.

    Returns:
        ``config`` (resolved), ``profile``, ``provenance`` (``git_commit`` and ``command``), ``claims`` (see
        ``config.claims``) and ``experiments``: for each one, by name, the other attributes of ``Experiment``,
        ``changes`` from its base, ``trial_digests`` (the SHA-256 of each trial specification), ``dataset``, ``digest``
        (the SHA-256 of its identity) and ``budget`` in words.

    Raises:
        ConfigError: the configuration is not valid.
    """
    defaults = resolve_config(config)
    # `changes` needs the base of an experiment also if only the experiment is selected.
    every = resolve(dict(config) | {"experiments": None})
    experiments = resolve(config)
    return {
        "config": defaults,
        "profile": defaults["profile"],
        "provenance": {"git_commit": git_commit(ROOT), "command": os.environ.get("LOOKBOOK_COMMAND")},
        "claims": claims_of(defined(config)),
        "experiments": {
            name: {key: value for key, value in vars(experiment).items() if key != "name"}
            | {
                "changes": changes(experiment, every),
                "trial_digests": [
                    digest(trial_spec(experiment, trial, defaults["seed"], experiments))
                    for trial in range(experiment.trials)
                ],
                "dataset": experiment.spec["dataset"],
                "digest": digest_of(experiment, experiments),
                "budget": budget(experiment),
            }
            for name, experiment in experiments.items()
        },
    }


def budget(experiment: Experiment) -> str:
    """Return trials, epochs and training images in words, such as ``3 trials of 30 epochs on 640 training images``."""
    spec = experiment.spec
    epochs, images = spec["training"]["epochs"], spec["limit"]["train_images"]
    words = f"{experiment.trials} trial{'s' * (experiment.trials != 1)} of "
    words += "up to " if spec["training"]["early_stopping"] and epochs > 1 else ""
    words += f"{epochs} epoch{'s' * (epochs > 1)}"
    if spec["sampling"]["per_class"]:
        return f"{words} on {spec['sampling']['per_class']} images of each class of {spec['dataset']}"
    return words + (f" on {images:,} training images" if images else f" on all training images of {spec['dataset']}")


def git_commit(root: Path) -> str | None:
    """Return the commit of a repository, with ``-dirty`` if files differ from it; None outside a repository."""
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
