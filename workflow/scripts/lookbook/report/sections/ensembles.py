"""Ensembles of the trials of one experiment, and ensembles of one network per class."""

from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from lookbook.formatting import fixed, plural, signed, thousands
from lookbook.report.blocks import Block, Cell, Column, Heading, Paragraph, Table, table_details, value_column
from lookbook.report.experiment import SPLITS, Experiment
from lookbook.report.inline import Inline, code, experiment_link, join
from lookbook.report.inputs import Document, Row, group_by

TEXT = (
    "The ensemble of an experiment averages the probabilities of its finished trials. Its gain is its accuracy minus "
    "the mean accuracy of the trials. The disagreement is the share of images that two trials assign to different "
    "classes, averaged over all pairs of trials."
)
NAMED = 6
METRICS = ("accuracy", "macro_f1", "cross_entropy")


def seed_ensembles(document: Document) -> list[Row]:
    """Return the ensembles of trials, without those of experiments whose accuracy cannot be compared."""
    comparable = {e.name for e in document.experiments if e.n and not e.remark}
    return [row for row in document.report.ensembles if row["kind"] == "seeds" and row["experiment"] in comparable]


def is_combined(row: Row) -> bool:
    """Return whether an ensemble has several members."""
    return (row["members"] or 0) > 1 and row["accuracy"] is not None


def experiment_cell(row: Row) -> Cell:
    """Return the experiment, the split other than test, and the note of an ensemble."""
    split = [f"{SPLITS[row['split']]} split"] if row["split"] != "test" else []
    return Cell(experiment_link(row["experiment"]), [*split, *notes(row)], row["experiment"])


def notes(row: Row) -> list[str]:
    """Return the note of an ensemble, if it has one."""
    return [row["note"]] if row["note"] else []


COLUMNS = (
    Column("Experiment", experiment_cell, is_number=False),
    value_column("Members", "members", thousands),
    value_column("Mean member", "mean_member_accuracy", fixed),
    value_column("Ensemble", "accuracy", fixed),
    value_column("Gain", "gain", signed),
    value_column("Disagreement", "disagreement", fixed),
)


def ensembles(document: Document) -> Iterator[Block]:
    """Yield the table of the ensembles of trials, and the experiments without one."""
    rows = seed_ensembles(document)
    if rows:
        yield Paragraph(TEXT)
    combined = [row for row in rows if is_combined(row)]
    if combined:
        caption = "Accuracy on the test split unless stated otherwise"
        table = Table(f"{document.name}: ensembles", combined, COLUMNS, caption, is_sortable=True)
        yield table_details(plural(len(combined), "experiment"), table)
    alone = group_by((row for row in rows if not is_combined(row)), lambda row: row["note"] or "")
    for reason, members in sorted(alone.items()):
        count = f"{plural(len(members), 'experiment')} without an ensemble{reason and f': {reason}'}"
        named = [" (", join(code(row["experiment"]) for row in members), ")"] if len(members) <= NAMED else ""
        yield Paragraph([count, named, "."], "small quiet")


class Comparison(NamedTuple):
    """A one-vs-all ensemble, the base experiment of its members, and the ensemble of that experiment's trials."""

    ensemble: Row
    network: Experiment | None
    seeds: Row | None


def comparisons(document: Document) -> Iterator[Comparison]:
    """Yield each one-vs-all ensemble of a document.

    Several experiments can have the configuration of the base; the ensemble of trials is that with the most members.
    """
    rows, experiments = document.report.ensembles, {e.name: e for e in document.experiments}
    seeds = {row["experiment"]: row for row in rows if row["kind"] == "seeds"}
    for row in rows:
        members = [e for e in document.experiments if e.entry["ensemble"] == row["experiment"]]
        if row["kind"] == "one_vs_all" and members:
            network = experiments.get(members[0].entry["base"] or "")
            equal = [
                seeds[e.name] for e in document.experiments if network and e.entry["spec"] == network.entry["spec"]
            ]
            yield Comparison(row, network, max(equal, key=lambda seed: seed["members"] or 0, default=None))


def one_vs_all(document: Document) -> Iterator[Block]:
    """Yield each ensemble of one network per class beside networks that are trained on all classes."""
    labels = ("Classifier", "Networks", "Accuracy", "Macro F1", "Cross-entropy")
    columns = [Column(label, itemgetter(n), is_number=n > 0) for n, label in enumerate(labels)]
    for comparison in comparisons(document):
        ensemble, _, seeds = comparison
        name, split = ensemble["experiment"], SPLITS.get(ensemble["split"], "test")
        yield Heading([code(name), ": one network per class"], 4)
        beside = f", the ensemble of seeds {members(seeds)} that differ only in their seed" if seeds else ""
        same = seeds is not None and seeds["members"] == ensemble["members"]
        cost = " Their costs are equal if the networks have equal budgets." if same else ""
        yield Paragraph(
            f"The one-vs-all ensemble has {members(ensemble)} networks that each distinguish one class from all "
            f"others{beside}.{cost}"
        )
        caption = f"Accuracy, macro F1 and cross-entropy on the {split} split"
        yield Table(f"{name} and the ensemble of seeds", list(rows_of(comparison)), columns, caption)


def rows_of(comparison: Comparison) -> Iterator[list[Cell | Inline]]:
    """Yield a row for the single network, the ensemble of trials and the one-vs-all ensemble."""

    def values(row: Row) -> list[str]:
        return [members(row), *(fixed(row[metric]) for metric in METRICS)]

    ensemble, network, seeds = comparison
    if network:
        rest = (fixed(network.main(metric).mean) for metric in METRICS[1:])
        yield [[experiment_link(network.name), ", one network for all classes"], "1", network.accuracy.text, *rest]
    if seeds:
        yield [["ensemble of the seeds of ", code(seeds["experiment"])], *values(seeds)]
    yield [Cell([code(ensemble["experiment"]), ", one-vs-all"], notes(ensemble)), *values(ensemble)]


def members(row: Row) -> str:
    """Return the number of networks of an ensemble."""
    return thousands(row["members"] or 0)
