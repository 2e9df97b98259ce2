"""What an experiment's predictions look like: the figures of them, and the figures of each class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.report.experiment import SPLITS, Experiment, existing
from lookbook.sampling.rows import kept_classes

# File name -> what it shows.
FIGURES = {
    "confusion_matrix": "Confusion matrix",
    "precision_recall": "Precision-recall curves",
    "wrong_predictions": "Wrong predictions with true class, predicted class and confidence",
}
PER_CLASS = ("precision", "recall", "f1", "support")


def best_experiment(figures: Path) -> str | None:
    """Return the experiment that ``best/best.json`` names, or None."""
    path = existing(figures / "best" / "best.json")
    return None if path is None else json.loads(path.read_text(encoding="utf-8")).get("experiment")


def read_predictions(
    experiments: Mapping[str, Experiment],
    finished: Sequence[Mapping[str, Any]],
    figures: Path,
    trials_root: Path | None,
    manifests: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Return experiment to its predictions, for the best one and those that ask for a figure of them.

    Args:
        experiments: all of the benchmark.
        finished: rows of trials.csv with figures.
        figures: folder with ``predictions/<experiment>/`` and ``best/``.
        trials_root: holds ``<experiment>/<trial>/metrics.json``.
        manifests: data set to what is known of it.

    Returns:
        ``experiment``, whether it is the ``best``, its ``figures`` (title and path each), and ``classes``, a row
        for each class with the mean over trials of precision, recall, F1 and support.
    """
    best = best_experiment(figures)
    found = {}
    for name, experiment in experiments.items():
        if name != best and not set(FIGURES) & set(experiment.asked):
            continue
        folder = figures / "best" if name == best else figures / "predictions" / name
        drawn = [
            {"title": title, "path": path}
            for stem, title in FIGURES.items()
            if (path := existing(folder / f"{stem}.svg")) is not None
        ]
        if not drawn:
            continue
        trials = [row["trial"] for row in finished if row["experiment"] == name]
        dataset = manifests.get(experiment.facts["dataset"])
        names = class_names(json.loads(experiment.spec), dataset) if dataset else []
        found[name] = {
            "experiment": experiment,
            "best": name == best,
            "figures": drawn,
            "classes": [] if trials_root is None else per_class(trials_root / name, trials, experiment.split, names),
        }
    return found


def class_names(spec: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[str]:
    """Return a name for each output of the network of a resolved experiment, which may keep some classes only."""
    classes, draw = dataset["classes"], spec.get("sampling") or {}
    if spec.get("one_vs_all") is not None:
        return ["others", classes[spec["one_vs_all"]]]
    if draw.get("classes") is None:
        return list(classes)
    labels = np.repeat(np.arange(len(classes)), dataset["class_counts"]["train"])
    return [classes[label] for label in kept_classes(spec, labels)]


def per_class(folder: Path, trials: Sequence[int], split: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each class, means over the trials whose ``<trial>/metrics.json`` has them.

    Args:
        folder: the experiment's.
        trials: their numbers.
        split: in words, as the report shows it.
        names: of the classes; without them a class is its number.
    """
    part = next(key for key, word in SPLITS.items() if word == split)
    tables = []
    for trial in trials:
        path = existing(folder / str(trial) / "metrics.json")
        metrics = {} if path is None else json.loads(path.read_text(encoding="utf-8"))["splits"].get(part, {})
        if metrics.get("per_class"):
            tables.append(metrics["per_class"])
    if not tables:
        return []
    classes = len(tables[0]["support"])
    labels = names if len(names) == classes else [str(number) for number in range(classes)]
    return [
        {"name": label} | {figure: mean([table[figure][number] for table in tables]) for figure in PER_CLASS}
        for number, label in enumerate(labels)
    ]


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the values that are there, None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
