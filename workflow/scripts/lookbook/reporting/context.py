"""What the report says, as plain data: the templates only arrange it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lookbook.statistics.collect import FINISHED
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


def build_context(
    benchmark: Mapping[str, Any],
    trials: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    figures: Path,
    log_pattern: str,
) -> dict[str, Any]:
    """Return everything that the templates need, NaN replaced by None.

    Args:
        benchmark: content of experiments.json: profile, provenance, experiments.
        trials, summary, comparisons: the three tables.
        figures: folder with ``published.svg`` and ``learning_curves/<experiment>.svg``; what is absent is left out.
        log_pattern: where a trial's log is, with ``{experiment}`` and ``{trial}``.
    """
    summaries = {row["experiment"]: row for row in records(summary)}
    effects = {row["experiment"]: row for row in records(comparisons)}
    experiments = {
        name: read_experiment(name, entry, summaries[name], effects.get(name), figures)
        for name, entry in benchmark["experiments"].items()
    }
    documents = {
        document: [experiments[name] for name in names]
        for document, names in names_by_document(benchmark["experiments"]).items()
    }
    rows = records(trials)
    return {
        "profile": benchmark["profile"],
        "documents": documents,
        "experiments": list(experiments.values()),
        "failures": [read_failure(row, log_pattern) for row in rows if row["status"] not in FINISHED],
        "collapsed": [experiment for experiment in experiments.values() if experiment.n_collapsed],
        "not_run": [experiment for experiment in experiments.values() if not experiment.n],
        "published_figure": existing(figures / "published.svg"),
        "totals": totals(rows, list(experiments.values())),
        "provenance": provenance(benchmark, rows),
    }


def names_by_document(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return document to its experiments, both in the order in which they come."""
    groups: dict[str, list[str]] = {}
    for name, entry in experiments.items():
        groups.setdefault(entry["document"], []).append(name)
    return groups


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of plain Python values, missing ones as None."""
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in table.to_dict("records")
    ]


def existing(path: Path) -> Path | None:
    """Return the path if there is a file, else None."""
    return path if path.is_file() else None


def read_experiment(
    name: str,
    entry: Mapping[str, Any],
    row: Mapping[str, Any],
    effect: Mapping[str, Any] | None,
    figures: Path,
) -> Experiment:
    """Return one experiment: its entry in experiments.json, its row of the summary and of the comparisons."""
    split = headline_split(row)
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
    )


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


def read_failure(row: Mapping[str, Any], log_pattern: str) -> dict[str, Any]:
    """Return what a reader needs to look into a trial that has no figures."""
    trial = {name: row[name] for name in ("experiment", "trial", "seed", "status", "error")}
    folder = f"{trial['experiment']}/{trial['trial']}"
    log = log_pattern.format(experiment=trial["experiment"], trial=trial["trial"])
    return trial | {"folder": folder, "log": log}


def totals(rows: list[dict[str, Any]], experiments: list[Experiment]) -> dict[str, Any]:
    """Return the figures on top: trials planned and finished, seconds, and how often each verdict was given."""
    verdicts: dict[str, int] = {}
    for experiment in experiments:
        word = experiment.accuracy["verdict"]
        if word:
            verdicts[word] = verdicts.get(word, 0) + 1
    return {
        "experiments": len(experiments),
        "n": sum(experiment.n for experiment in experiments),
        "n_ok": sum(experiment.n_ok for experiment in experiments),
        "seconds": sum(row["seconds"] or 0.0 for row in rows),
        "verdicts": verdicts,
    }


def provenance(benchmark: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return where the figures come from; whatever differs between trials is listed with its number of trials."""
    kept = set(benchmark["experiments"])
    rows = [row for row in rows if row["experiment"] in kept]
    datasets = {name: entry["dataset"] for name, entry in benchmark["experiments"].items()}
    digests = [f"{datasets[row['experiment']]} {row['dataset_digest']}" for row in rows if row["dataset_digest"]]
    return {
        "commit": benchmark["provenance"].get("git_commit"),
        "command": benchmark["provenance"].get("command"),
        "datasets": tally(digests),
        "dates": tally([row["started"] and str(row["started"])[:10] for row in rows]),
        **{name: tally([row[name] for row in rows]) for name in ("device", "precision", "compile", "versions")},
    }


def tally(values: Sequence[str | None]) -> dict[str, int]:
    """Count the values that are there, the most frequent first."""
    known = [value for value in values if value]
    counts = {value: known.count(value) for value in dict.fromkeys(known)}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


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
