"""One experiment as the report shows it: its entry in experiments.json, its row of the summary, its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lookbook.statistics.comparisons import METRICS as COMPARED
from lookbook.statistics.published import FIGURES
from lookbook.statistics.published import PARTS as PUBLISHED
from lookbook.statistics.summary import STATISTICS

SPLITS = {"train": "training", "valid": "validation", "test": "test"}
METRICS = {
    "accuracy": "accuracy",
    "loss": "loss",
    "cross_entropy": "cross-entropy",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "expected_calibration_error": "calibration error",
    "brier_score": "Brier score",
}
RANGE_TEST = "learning_rate_range"


@dataclass(frozen=True)
class Experiment:
    """One experiment as the report shows it; ``accuracy`` and ``loss`` are those of ``split``."""

    name: str
    title: str
    note: str | None
    base: str | None
    changes: list[dict[str, Any]]
    facts: dict[str, Any]
    spec: str
    n_ok: int
    n: int
    n_collapsed: int
    collapse_rate: list[float | None]
    split: str
    accuracy: dict[str, Any]
    loss: dict[str, Any]
    figures: list[dict[str, Any]]
    effect: dict[str, Any] | None
    curves: Path | None
    range_figure: Path | None
    factorial: dict[str, Any] | None
    ensemble: str | None
    copies: dict[str, dict[str, Any]] | None
    unavailable: str | None
    submission: Path | None
    score: float | None
    asked: tuple[str, ...]

    @property
    def is_range_test(self) -> bool:
        """Whether it is a learning-rate range test, which is not trained to any end."""
        return RANGE_TEST in self.asked

    @property
    def remark(self) -> str | None:
        """Why the accuracy is not to be read beside the others', in a few words."""
        if self.is_range_test:
            return "learning-rate range test"
        return "one class against the rest" if self.ensemble else None


def read_experiment(
    name: str,
    entry: Mapping[str, Any],
    row: Mapping[str, Any],
    effect: Mapping[str, Any] | None,
    figures: Path,
    submissions: Path | None = None,
    score: float | None = None,
) -> Experiment:
    """Return one experiment.

    Args:
        name: the experiment's.
        entry: its entry in experiments.json.
        row: its row of the summary, None for what is missing.
        effect: its row of the comparisons, None where it has no base.
        figures, submissions: the folders.
        score: the published score of its submission in the competition.
    """
    split = headline_split(row)
    # What the configuration asks for, not what is there: a figure of an earlier configuration may still be.
    asked = tuple(entry.get("figures") or [])
    return Experiment(
        name=name,
        title=entry["title"],
        note=entry.get("note"),
        base=entry.get("base"),
        changes=entry.get("changes") or [],
        facts={
            "parameters": entry.get("parameters") or row["parameters_mean"],
            "dataset": entry["dataset"],
            "budget": entry["budget"],
            "seconds": row["seconds_mean"],
            "epochs": row["epochs_mean"],
            "images_per_second": row["images_per_second_mean"],
            "digest": entry["digest"],
        },
        spec=json.dumps(entry["spec"], indent=2, sort_keys=True, ensure_ascii=False),
        n_ok=int(row["n_ok"]),
        n=int(row["n"]),
        n_collapsed=int(row["n_collapsed"]),
        collapse_rate=[row["collapse_rate"], row["collapse_rate_low"], row["collapse_rate_high"]],
        split=SPLITS[split],
        accuracy=read_statistic(row, f"{split}_accuracy"),
        loss=read_statistic(row, f"{split}_loss"),
        figures=[
            {"split": SPLITS[part], "metric": label, "statistic": read_statistic(row, f"{part}_{metric}")}
            for part in SPLITS
            for metric, label in METRICS.items()
            if row[f"{part}_{metric}_mean"] is not None or row.get(f"{part}_{metric}_published") is not None
        ],
        effect=None if effect is None else read_effect(effect),
        curves=existing(figures / "learning_curves" / f"{name}.svg"),
        range_figure=existing(figures / "range" / f"{name}.svg") if RANGE_TEST in asked else None,
        factorial=entry.get("factorial"),
        ensemble=entry.get("ensemble"),
        copies=read_copies(row),
        unavailable=entry.get("unavailable"),
        submission=existing(submissions / f"{name}.csv") if submissions is not None and row["n"] else None,
        score=score,
        asked=asked,
    )


def read_scores(path: Path) -> dict[str, float]:
    """Return experiment to the score that its document reports from a competition, from published.csv."""
    table = pd.read_csv(path)
    table = table[table["metric"] == "score"]
    return {str(name): float(mean) for name, mean in zip(table["experiment"], table["mean"], strict=True)}


def existing(path: Path) -> Path | None:
    """Return the path if there is a file, else None."""
    return path if path.is_file() else None


def headline_split(row: Mapping[str, Any]) -> str:
    """Return the split that the headline table shows: test, or what there is where a data set has none."""
    for part in ("mean", "published"):
        for split in ("test", "valid", "train"):
            if row[f"{split}_accuracy_{part}"] is not None:
                return split
    return "test"


def read_statistic(row: Mapping[str, Any], column: str) -> dict[str, Any]:
    """Return one column's statistics, and what was published for it, from a row of the summary."""
    parts = (*STATISTICS, "mean_without_collapsed", *PUBLISHED) if column in FIGURES else STATISTICS
    statistic = dict.fromkeys(PUBLISHED) | {part: row[f"{column}_{part}"] for part in parts}
    if statistic["published_trials"] is not None:
        # A column with gaps comes back from CSV as floats.
        statistic["published_trials"] = int(statistic["published_trials"])
    return statistic


def read_effect(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a change did, from a row of the comparisons."""
    parts = ("difference", "ci_low", "ci_high", "probability_of_improvement", "p", "p_adjusted")
    return {
        "base": row["base"],
        "n_pairs": int(row["n_pairs"]),
        "note": row["note"],
        "metrics": {metric.replace("_", " "): {part: row[f"{metric}_{part}"] for part in parts} for metric in COMPARED},
    }


def read_copies(row: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
    """Return the validation figures with and without images that have a copy in train, None where none are drawn."""
    if row.get("valid_copies_in_train_mean") is None:
        return None
    columns = {
        "copies": "valid_copies_in_train",
        "accuracy": "valid_accuracy",
        "without": "valid_accuracy_without_copies",
        "macro_f1": "valid_macro_f1",
        "balanced_accuracy": "valid_balanced_accuracy",
    }
    statistics = {name: {part: row.get(f"{column}_{part}") for part in STATISTICS} for name, column in columns.items()}
    return statistics | {"published": {"mean": row.get("valid_accuracy_published")}}
