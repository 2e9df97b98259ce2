"""All experiments in one interactive table, and their accuracy against what they cost."""

from collections.abc import Iterator
from functools import partial

from lookbook.formatting import duration, fixed
from lookbook.report.blocks import Block, Column, Leaderboard, Paragraph, Table, table_details
from lookbook.report.data import leaderboard_data
from lookbook.report.inline import experiment_link
from lookbook.report.inputs import Report
from lookbook.results.predictions import SPLITS
from lookbook.statistics.histories import THRESHOLDS

TEXT = (
    "All experiments, best accuracy first; learning-rate range tests and classifiers of one class come last. Tick two "
    "to six to compare them. The address of the page holds the filter, the order and the comparison."
)
REDUCED = (
    "The budgets of this run are too small to be compared with the documents, so the differences and verdicts are "
    "those of the reference results, which come first."
)
COST = (
    "The line joins the experiments that no other experiment beats in both accuracy and cost. Datasets differ in "
    "difficulty, so each has a front of its own."
)


def leaderboard(report: Report) -> Iterator[Block]:
    """Yield the interactive table, which only HTML has."""
    if report.experiments:
        parts = [TEXT]
        if report.reference.rows:
            parts.append(f"Reference: results of this project at the full budgets ({report.reference.devices}).")
        if report.reference.rows and not report.comparable:
            parts.append(REDUCED)
        yield Leaderboard(leaderboard_data(report), " ".join(parts))


def cost(report: Report) -> Iterator[Block]:
    """Yield the figure of accuracy against cost, and the time to fixed accuracies."""
    if any(experiment.accuracy.mean is not None for experiment in report.experiments.values()):
        yield Paragraph(COST, "small quiet")
        label = "Accuracy against parameters and seconds of training"
        yield report.figure("cost", label=label, identity=report.identity(report.experiments))
    if report.times:
        yield table_details("Time to an accuracy", times(report))


def times(report: Report) -> Table:
    """Return the table of the epochs and the time until each accuracy is first reached."""
    rows = {(row["experiment"], row["threshold"]): row for row in report.times}
    names = sorted({name for name, _ in rows}, key=list(report.experiments).index)

    def cell(threshold: float, name: str) -> str:
        row = rows.get((name, threshold))
        if row is None:
            return f"0 of {report.experiments[name].n_ok}"
        spent = f"{duration(row['seconds_mean'])}, {fixed(row['epochs_mean'], 1)} epochs"
        return f"{spent}; {row['reached']:.0f} of {row['trials']:.0f}"

    def split(name: str) -> str:
        return SPLITS[next(row["split"] for (own, _), row in rows.items() if own == name)]

    columns = [
        Column("Experiment", experiment_link, is_number=False),
        Column("Images", split, is_number=False),
        *(Column(f"To {threshold:.2f}", partial(cell, threshold)) for threshold in THRESHOLDS),
    ]
    caption = "Mean time and epochs of training until the accuracy after an epoch first reaches a value, and how many "
    return Table("Time to an accuracy", names, columns, caption + "of the finished trials reach it", is_sortable=False)
