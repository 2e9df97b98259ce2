"""The trials that finished without learning anything."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Column, Name, Paragraph, Table, section
from lookbook.report.experiment import Experiment
from lookbook.report.formatting import fixed, percent
from lookbook.report.inputs import Report

TEXT = "A collapsed trial finishes without learning anything. Every mean above includes the collapsed trials."
COLUMNS = (
    Column("Experiment", lambda e: Name(e.name), is_number=False),
    Column("Collapsed", lambda e: f"{int(e.row['n_collapsed'])} of {e.n_ok}"),
    Column("Rate", lambda e: percent(e.row["collapse_rate"])),
    Column("95% interval", lambda e: " to ".join(percent(e.row[f"collapse_rate_{end}"]) for end in ("low", "high"))),
    Column("Accuracy with", lambda e: fixed(e.accuracy.mean)),
    Column("Accuracy without", lambda e: fixed(e.accuracy.mean_without_collapsed)),
    Column("Loss with", lambda e: fixed(e.loss.mean)),
    Column("Loss without", lambda e: fixed(e.loss.mean_without_collapsed)),
)


def collapsed(report: Report) -> list[Experiment]:
    """Return the experiments with collapsed trials."""
    return [experiment for experiment in report.experiments.values() if experiment.row["n_collapsed"]]


@section("Collapsed trials", collapsed)
def collapsed_trials(report: Report) -> Iterator[Block]:
    caption = "Share of the finished trials with Wilson's 95% interval, and the means with and without them"
    yield Paragraph(TEXT)
    yield Table("Collapsed trials", collapsed(report), COLUMNS, caption)
