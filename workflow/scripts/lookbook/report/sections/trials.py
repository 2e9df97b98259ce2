"""The trials without results, the collapsed trials, and the experiments without trials."""

from collections.abc import Iterator

from lookbook.formatting import MISSING, fixed, percent, span
from lookbook.report.blocks import Block, Cell, Column, Paragraph, Table, value_column
from lookbook.report.experiment import EXPERIMENT
from lookbook.report.inline import chip, code, experiment_link, join
from lookbook.report.inputs import Report, Row, group_by

FAILED = (
    "These trials have no results. The other trials of the same experiment do not depend on them. trial.json in the "
    "trial's folder has the traceback."
)
COLLAPSED = "A collapsed trial finishes without learning anything. Every mean above includes the collapsed trials."
COLLAPSED_COLUMNS = (
    EXPERIMENT,
    Column("Collapsed", lambda e: f"{e.row['n_collapsed']} of {e.n_ok}"),
    Column("Rate", lambda e: percent(e.row["collapse_rate"])),
    Column("95% interval", lambda e: span(e.row["collapse_rate_low"], e.row["collapse_rate_high"], percent)),
    Column("Accuracy with", lambda e: fixed(e.accuracy.mean)),
    Column("Accuracy without", lambda e: fixed(e.accuracy.mean_without_collapsed)),
    Column("Loss with", lambda e: fixed(e.main("loss").mean)),
    Column("Loss without", lambda e: fixed(e.main("loss").mean_without_collapsed)),
)


def failures(report: Report) -> Iterator[Block]:
    """Yield the table of the trials that did not finish."""

    def log(row: Row) -> Cell:
        path = report.log_pattern.format(experiment=row["experiment"], trial=row["trial"])
        return Cell(code(path), value=path)

    columns = (
        value_column("Experiment", "experiment", experiment_link, is_number=False),
        Column("Trial", lambda row: Cell(str(row["trial"]), [f"seed {row['seed']}"], row["trial"])),
        value_column("Status", "status", lambda status: chip(status.replace("_", " "), status), is_number=False),
        value_column("Error", "error", lambda error: error or MISSING, is_number=False),
        Column("Log", log, is_number=False),
    )
    if report.failures:
        yield Paragraph(FAILED)
        caption = "The first line of each error"
        yield Table("Failed trials", report.failures, columns, caption, style="failures", is_sortable=True)


def collapsed_trials(report: Report) -> Iterator[Block]:
    """Yield the table of the experiments with trials that finished without learning anything."""
    collapsed = [experiment for experiment in report.experiments.values() if experiment.row["n_collapsed"]]
    if collapsed and report.comparable:
        yield Paragraph(COLLAPSED)
        caption = "Share of the finished trials with Wilson's 95% interval, and the means with and without them"
        yield Table("Collapsed trials", collapsed, COLLAPSED_COLUMNS, caption)


def not_run(report: Report) -> Iterator[Block]:
    """Yield each reason why experiments have no trials, with their names."""
    absent = [experiment for experiment in report.experiments.values() if not experiment.n]
    reasons = group_by(absent, lambda e: e.entry["unavailable"] or e.entry["note"] or "No trial was planned.")
    for reason, experiments in reasons.items():
        yield Paragraph([reason, " (", join(experiment_link(e.name) for e in experiments), ")"])
