"""The trials that did not finish."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Cell, Chip, Code, Column, Name, Paragraph, Table, section
from lookbook.report.formatting import MISSING
from lookbook.report.inputs import Report, Row

TEXT = (
    "These trials have no results. The other trials of the same experiment do not depend on them. trial.json in the "
    "trial's folder has the traceback."
)


@section("Failures", lambda report: report.failures)
def failures(report: Report) -> Iterator[Block]:
    def log(row: Row) -> Cell:
        path = report.log_pattern.format(experiment=row["experiment"], trial=row["trial"])
        return Cell(Code(path), value=path)

    columns = (
        Column("Experiment", lambda row: Cell(Name(row["experiment"]), value=row["experiment"]), is_number=False),
        Column("Trial", lambda row: Cell(str(row["trial"]), [f"seed {row['seed']}"], row["trial"])),
        Column("Status", status, is_number=False),
        Column("Error", lambda row: Cell(row["error"] or MISSING, value=row["error"]), is_number=False),
        Column("Log", log, is_number=False),
    )
    yield Paragraph(TEXT)
    caption = "The first line of each error"
    yield Table("Failed trials", report.failures, columns, caption, style="failures", is_sortable=True)


def status(row: Row) -> Cell:
    """Return the status of a trial."""
    return Cell(Chip(row["status"].replace("_", " "), row["status"]), value=row["status"])
