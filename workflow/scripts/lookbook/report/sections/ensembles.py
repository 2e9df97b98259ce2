"""Ensembles of the trials of one experiment."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Cell, Code, Column, Details, Name, Paragraph, Table, join, section
from lookbook.report.experiment import SPLITS
from lookbook.report.formatting import fixed, plural, signed
from lookbook.report.inputs import Document, Row

TEXT = (
    "The ensemble of an experiment averages the probabilities of its finished trials. Its gain is its accuracy minus "
    "the mean accuracy of the trials. The disagreement is the share of images that two trials assign to different "
    "classes, averaged over all pairs of trials."
)
OPEN_ROWS = 12  # A longer table is folded.
NAMED = 6


def seed_ensembles(document: Document) -> dict[str, Row]:
    """Return experiment to its ensemble of trials, without the experiments whose accuracy cannot be compared."""
    rows = {row["experiment"]: row for row in document.report.ensembles if row["kind"] == "seeds"}
    return {e.name: rows[e.name] for e in document.experiments if e.n and not e.remark and e.name in rows}


def is_combined(row: Row) -> bool:
    """Return whether an ensemble has several members."""
    return (row["members"] or 0) > 1 and row["accuracy"] is not None


def name(row: Row) -> Cell:
    """Return the experiment, the split other than test, and the note of an ensemble."""
    split = [f"{SPLITS[row['split']]} split"] if row["split"] != "test" else []
    return Cell(Name(row["experiment"]), [*split, *([row["note"]] if row["note"] else [])], row["experiment"])


COLUMNS = (
    Column("Experiment", name, is_number=False),
    Column("Members", lambda row: Cell(str(int(row["members"])), value=row["members"])),
    Column("Mean member", lambda row: Cell(fixed(row["mean_member_accuracy"]), value=row["mean_member_accuracy"])),
    Column("Ensemble", lambda row: Cell(fixed(row["accuracy"]), value=row["accuracy"])),
    Column("Gain", lambda row: Cell(signed(row["gain"]), value=row["gain"])),
    Column("Disagreement", lambda row: Cell(fixed(row["disagreement"]), value=row["disagreement"])),
)


@section("Ensembles", seed_ensembles)
def ensembles(document: Document) -> Iterator[Block]:
    yield Paragraph(TEXT)
    rows = seed_ensembles(document).values()
    combined = [row for row in rows if is_combined(row)]
    if combined:
        caption = "Accuracy on the test split unless stated otherwise"
        table = Table(f"{document.name}: ensembles", combined, COLUMNS, caption, is_sortable=True)
        yield Details(plural(len(combined), "experiment"), [table], is_open=len(combined) <= OPEN_ROWS)
    alone: dict[str, list[Code]] = {}
    for row in rows:
        if not is_combined(row):
            alone.setdefault(row["note"] or "", []).append(Code(row["experiment"]))
    for reason, names in sorted(alone.items()):
        count = f"{plural(len(names), 'experiment')} without an ensemble{reason and f': {reason}'}"
        named = [" (", join(names), ")"] if len(names) <= NAMED else ""
        yield Paragraph([count, named, "."], "small quiet")
