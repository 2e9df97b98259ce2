"""Predictions: confusion matrix, precision-recall curves, wrong predictions, and the metrics of each class."""

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from lookbook.config.selection import compared_networks, with_figure
from lookbook.evaluation.classes import class_names
from lookbook.formatting import fixed, plural, thousands
from lookbook.report.blocks import Block, Details, Paragraph, Table, table_details, value_column
from lookbook.report.experiment import SPLITS, Experiment
from lookbook.report.inline import Inline, code, quiet
from lookbook.report.inputs import Document, Report
from lookbook.results.figures import read_best_network
from lookbook.results.metrics import read_metrics
from lookbook.results.tables import Row, records
from lookbook.results.trial import read_trial

TITLES = {
    "confusion_matrix": "Confusion matrix",
    "precision_recall": "Precision-recall curves",
    "wrong_predictions": "Wrong predictions with true class, predicted class and confidence",
}
BEST = (
    "The network of the document with the highest mean test accuracy, without further protocols of a published value. "
    "It is selected for display only: no training, setting or other result depends on the selection."
)
SHARE = partial(fixed, digits=3)
COLUMNS = (
    value_column("Class", "name", is_number=False),
    value_column("Precision", "precision", SHARE),
    value_column("Recall", "recall", SHARE),
    value_column("F1", "f1", SHARE),
    value_column("Support", "support", thousands),
)


def predictions(document: Document) -> Iterator[Block]:
    """Yield a card of each experiment whose predictions are shown, the best network first.

    Raises:
        ResultError: a file is missing, damaged or made from other trials.
    """
    report, entries = document.report, document.report.benchmark.experiments
    compared = compared_networks(entries)
    path = report.benchmark.results / "figures" / "best_network" / "best_network.json"
    best = read_best_network(path, report.identity(compared)) if compared else None
    names = {*with_figure(entries, *TITLES), best}
    shown = [experiment for experiment in document.experiments if experiment.name in names]
    for experiment in sorted(shown, key=lambda experiment: experiment.name != best):
        name, is_best = experiment.name, experiment.name == best
        gist = "highest test accuracy" if is_best else fixed(experiment.accuracy.mean)
        summary: Inline = [code(name), " ", quiet(experiment.entry["title"])]
        yield Details(summary, list(card(report, experiment, is_best)), is_best, level=4, gist=gist)


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
        caption = (
            f"{SPLITS[experiment.split].capitalize()} split. Precision, recall and F1 are means over the finished "
            "trials; support is the number of images of the class."
        )
        table = Table(f"{experiment.name}: metrics of each class", classes, COLUMNS, caption, is_sortable=True)
        yield table_details(f"Precision, recall and F1 of {plural(len(classes), 'class', 'classes')}", table)


def per_class(report: Report, experiment: Experiment) -> Sequence[Row]:
    """Return name, precision, recall, F1 and support of each class, means over the finished trials."""
    planned = report.benchmark.trials([experiment.name])
    splits = [read_metrics(trial.file("metrics.json"), read_trial(trial)) for trial in planned]
    tables = [pd.DataFrame(split[experiment.split]["per_class"]) for split in splits if experiment.split in split]
    if not tables:
        return []
    names = class_names(experiment.entry["spec"], report.manifests[experiment.entry["dataset"]])
    return records(pd.concat(tables).groupby(level=0).mean().assign(name=names))
