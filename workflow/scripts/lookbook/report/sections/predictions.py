"""Predictions: confusion matrix, precision-recall curves, wrong predictions, and the metrics of each class."""

from collections.abc import Iterator
from functools import partial

import pandas as pd

from lookbook.config.selection import compared_networks, with_figure
from lookbook.evaluation.classes import class_names
from lookbook.report.blocks import Block, Cell, Code, Column, Details, Inline, Paragraph, Styled, Table, section
from lookbook.report.experiment import Experiment
from lookbook.report.formatting import fixed, plural, thousands
from lookbook.report.inputs import Document, Report, Row, records
from lookbook.results.figures import read_best_network
from lookbook.results.metrics import read_metrics
from lookbook.results.trial import read_trial

TITLES = {
    "confusion_matrix": "Confusion matrix",
    "precision_recall": "Precision-recall curves",
    "wrong_predictions": "Wrong predictions with true class, predicted class and confidence",
}
BEST = (
    "The experiment with the highest mean test accuracy. It is selected for display only: no training, setting or "
    "other result depends on the selection."
)
OPEN_CLASSES = 12  # A longer table is folded.


def best_network(report: Report) -> str | None:
    """Return the experiment that the figures of the best network show, None if there is none.

    Raises:
        ResultError: best_network.json is missing or damaged, or was made from other trials.
    """
    compared = compared_networks(report.benchmark.experiments)
    path = report.benchmark.results / "figures" / "best_network" / "best_network.json"
    return read_best_network(path, report.identity(compared)) if compared else None


def shown(document: Document) -> list[Experiment]:
    """Return the experiments of a document whose predictions are shown, the best network first."""
    entries = document.report.benchmark.experiments
    best = best_network(document.report)
    names = {*with_figure(entries, *TITLES), best}
    return sorted((e for e in document.experiments if e.name in names), key=lambda e: e.name != best)


@section("Predictions", shown)
def predictions(document: Document) -> Iterator[Block]:
    best = best_network(document.report)
    for experiment in shown(document):
        name, is_best = experiment.name, experiment.name == best
        gist = "highest test accuracy" if is_best else fixed(experiment.accuracy.mean)
        summary: Inline = [Code(name), " ", Styled(experiment.entry["title"], "quiet")]
        yield Details(summary, list(card(document.report, experiment, is_best)), is_best, level=4, gist=gist)


def card(report: Report, experiment: Experiment, is_best: bool) -> Iterator[Block]:
    """Yield the figures of an experiment and the table of its classes."""
    if is_best:
        yield Paragraph(BEST)
    folder = ("best_network",) if is_best else ("predictions", experiment.name)
    identity = report.identity(compared_networks(report.benchmark.experiments) if is_best else [experiment.name])
    for figure, title in TITLES.items():
        label = f"{title} of {experiment.name}"
        yield report.figure(*folder, figure, identity=identity, label=label, caption=title)
    classes = per_class(report, experiment)
    if classes:
        columns = [Column("Class", lambda row: Cell(row["name"], value=row["name"]), is_number=False)]
        for metric, label in {"precision": "Precision", "recall": "Recall", "f1": "F1"}.items():
            columns.append(Column(label, partial(share, metric)))
        columns.append(Column("Support", lambda row: Cell(thousands(row["support"]), value=row["support"])))
        caption = (
            f"{experiment.split_words.capitalize()} split. Precision, recall and F1 are means over the finished "
            "trials; support is the number of images of the class."
        )
        table = Table(f"{experiment.name}: metrics of each class", classes, columns, caption, is_sortable=True)
        summary = f"Precision, recall and F1 of {plural(len(classes), 'class', 'classes')}"
        yield Details(summary, [table], is_open=len(classes) <= OPEN_CLASSES)


def share(metric: str, row: Row) -> Cell:
    """Return a cell of the table of classes."""
    return Cell(fixed(row[metric], 3), value=row[metric])


def per_class(report: Report, experiment: Experiment) -> list[Row]:
    """Return name, precision, recall, F1 and support of each class, means over the finished trials.

    Raises:
        ResultError: a metrics.json is missing, damaged or computed from another trial.
    """
    planned = report.benchmark.trials([experiment.name])
    splits = [read_metrics(trial.file("metrics.json"), read_trial(trial)) for trial in planned]
    tables = [pd.DataFrame(split[experiment.split]["per_class"]) for split in splits if experiment.split in split]
    if not tables:
        return []
    names = class_names(experiment.entry["spec"], report.manifests[experiment.entry["dataset"]])
    return records(pd.concat(tables).groupby(level=0).mean().assign(name=names))
