"""What the report says, as plain data: the templates only arrange it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lookbook.report.experiment import Experiment, existing, read_experiment
from lookbook.report.findings import answers
from lookbook.report.images import contact_sheets, read_datasets
from lookbook.report.predictions import best_experiment, read_predictions
from lookbook.report.sections import one_vs_all, seed_ensembles, studies
from lookbook.statistics.trials import FINISHED


@dataclass(frozen=True)
class Document:
    """One source document as the report shows it: its experiments, and the sections that it has."""

    name: str
    source: str | None
    experiments: list[Experiment]
    answers: list[str]
    ensembles: list[dict[str, Any]]
    one_vs_all: list[dict[str, Any]]
    studies: list[dict[str, Any]]
    predictions: list[dict[str, Any]]

    @property
    def range_tests(self) -> list[Experiment]:
        """The learning-rate range tests that have a figure."""
        return [experiment for experiment in self.experiments if experiment.range_figure and experiment.n]

    @property
    def copies(self) -> list[Experiment]:
        """The experiments that draw copies, and so count the validation images with a copy in train."""
        return [experiment for experiment in self.experiments if experiment.copies]

    @property
    def scored(self) -> list[Experiment]:
        """The experiments of which a validation accuracy and a score in the competition were published."""
        return [
            experiment
            for experiment in self.experiments
            if experiment.score is not None
            and experiment.split == "validation"
            and experiment.accuracy["published"] is not None
        ]


def build_context(
    benchmark: Mapping[str, Any],
    trials: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    *,
    figures: Path,
    log_pattern: str,
    ensembles: pd.DataFrame | None = None,
    factorial: pd.DataFrame | None = None,
    scores: Mapping[str, float] | None = None,
    trials_root: Path | None = None,
    datasets_root: Path | None = None,
    submissions_root: Path | None = None,
) -> dict[str, Any]:
    """Return everything that the templates need, NaN replaced by None; what is absent is left out.

    Args:
        benchmark: content of experiments.json: profile, provenance, experiments.
        trials, summary, comparisons, ensembles, factorial: the tables.
        figures: folder with ``published.svg``, ``learning_curves/<experiment>.svg``, ``range/<experiment>.svg``,
            ``predictions/<experiment>/``, ``best/``, ``contact_sheets/`` and ``datasets/<dataset>/``.
        log_pattern: where a trial's log is, with ``{experiment}`` and ``{trial}``.
        scores: published competition scores by experiment.
        trials_root: holds ``<experiment>/<trial>/metrics.json``; read where an experiment shows its predictions.
        datasets_root: holds ``<dataset>/manifest.json``.
        submissions_root: holds ``<experiment>.csv``.
    """
    entries = benchmark["experiments"]
    rows = records(trials)
    summaries = {row["experiment"]: row for row in records(summary)}
    effects = {row["experiment"]: row for row in records(comparisons)}
    experiments = {
        name: read_experiment(
            name, entry, summaries[name], effects.get(name), figures, submissions_root, (scores or {}).get(name)
        )
        for name, entry in entries.items()
    }
    manifests = read_datasets({entry["dataset"] for entry in entries.values()}, datasets_root, figures)
    finished = [row for row in rows if row["status"] in FINISHED]
    predictions = read_predictions(experiments, finished, figures, trials_root, manifests)
    together, effects_of_factors = records(ensembles), records(factorial)
    documents = []
    for document, names in names_by_document(entries).items():
        members = {name: experiments[name] for name in names}
        sections = {
            "ensembles": seed_ensembles(members, together),
            "one_vs_all": one_vs_all(members, together),
            "studies": studies(members, effects_of_factors),
        }
        documents.append(
            Document(
                name=document,
                source=next((entries[name]["source"] for name in names if entries[name].get("source")), None),
                experiments=list(members.values()),
                answers=answers(list(members.values()), comparable=benchmark["profile"]["comparable"], **sections),
                predictions=[predictions[name] for name in names if name in predictions],
                **sections,
            )
        )
    return {
        "profile": benchmark["profile"],
        "documents": documents,
        "experiments": list(experiments.values()),
        "failures": [read_failure(row, log_pattern) for row in rows if row["status"] not in FINISHED],
        "collapsed": [experiment for experiment in experiments.values() if experiment.n_collapsed],
        "not_run": reasons([experiment for experiment in experiments.values() if not experiment.n]),
        "best": best_experiment(figures),
        "published_figure": existing(figures / "published.svg"),
        "contact_sheets": contact_sheets(figures / "contact_sheets"),
        "datasets": list(manifests.values()),
        "totals": totals(rows, list(experiments.values())),
        "provenance": provenance(benchmark, rows),
    }


def names_by_document(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return document to its experiments, both in the order in which they come."""
    groups: dict[str, list[str]] = {}
    for name, entry in experiments.items():
        groups.setdefault(entry["document"], []).append(name)
    return groups


def records(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of plain Python values, missing ones as None; no table has no rows."""
    if table is None:
        return []
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in table.to_dict("records")
    ]


def reasons(experiments: Sequence[Experiment]) -> list[dict[str, Any]]:
    """Group the experiments that were not run by the reason, so that a reader meets each reason once."""
    groups: dict[str, list[Experiment]] = {}
    for experiment in experiments:
        groups.setdefault(experiment.unavailable or experiment.note or "No trial was planned.", []).append(experiment)
    return [{"reason": reason, "experiments": members} for reason, members in groups.items()]


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
        "not_run": sum(not experiment.n for experiment in experiments),
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
