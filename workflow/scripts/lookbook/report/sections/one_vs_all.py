"""Ensembles of one network per class, beside networks that are trained on all classes."""

from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from lookbook.report.blocks import Block, Cell, Code, Column, Heading, Inline, Name, Paragraph, Table, section
from lookbook.report.experiment import SPLITS, Experiment
from lookbook.report.formatting import fixed
from lookbook.report.inputs import Document, Row

METRICS = ("accuracy", "macro_f1", "cross_entropy")


class Comparison(NamedTuple):
    """A one-vs-all ensemble, the base experiment of its members, and the ensemble of that experiment's trials."""

    ensemble: Row
    network: Experiment | None
    seeds: Row | None


def comparisons(document: Document) -> list[Comparison]:
    """Return each one-vs-all ensemble of a document.

    Several experiments can have the configuration of the base; the ensemble of trials is that with the most members.
    """
    rows, experiments = document.report.ensembles, {e.name: e for e in document.experiments}
    seeds = {row["experiment"]: row for row in rows if row["kind"] == "seeds"}
    result = []
    for row in rows:
        members = [e for e in document.experiments if e.entry["ensemble"] == row["experiment"]]
        if row["kind"] == "one_vs_all" and members:
            network = experiments.get(members[0].entry["base"] or "")
            equal = [
                seeds[e.name] for e in document.experiments if network and e.entry["spec"] == network.entry["spec"]
            ]
            result.append(Comparison(row, network, max(equal, key=lambda seed: seed["members"] or 0, default=None)))
    return result


@section("One-vs-all ensembles", comparisons)
def one_vs_all(document: Document) -> Iterator[Block]:
    labels = ("Classifier", "Networks", "Accuracy", "Macro F1", "Cross-entropy")
    columns = [Column(label, itemgetter(n), is_number=n > 0) for n, label in enumerate(labels)]
    for comparison in comparisons(document):
        ensemble, _, seeds = comparison
        name, split = ensemble["experiment"], SPLITS.get(ensemble["split"], "test")
        yield Heading([Code(name), ": one network per class"], 4)
        beside = f", and {members(seeds)} that differ only in their seed" if seeds else ""
        yield Paragraph(
            f"At equal cost, the same number of networks is trained: {members(ensemble)} that each distinguish one "
            f"class from all others{beside}. A single network has the cost of one of them."
        )
        caption = f"Accuracy, macro F1 and cross-entropy on the {split} split"
        yield Table(f"{name} and the ensemble of seeds", list(rows_of(comparison)), columns, caption)


def rows_of(comparison: Comparison) -> Iterator[list[Cell | Inline]]:
    """Yield a row for the single network, the ensemble of trials and the one-vs-all ensemble."""
    ensemble, network, seeds = comparison
    if network:
        rest = (fixed(network.statistic(f"{network.split}_{metric}").mean) for metric in METRICS[1:])
        yield [[Name(network.name), ", one network for all classes"], "1", network.accuracy.text, *rest]
    if seeds:
        yield [["ensemble of the seeds of ", Code(seeds["experiment"])], members(seeds), *values(seeds)]
    note = [ensemble["note"]] if ensemble["note"] else []
    yield [Cell([Code(ensemble["experiment"]), ", one-vs-all"], note), members(ensemble), *values(ensemble)]


def members(row: Row) -> str:
    """Return the number of networks of an ensemble."""
    return str(int(row["members"] or 0))


def values(row: Row) -> list[str]:
    """Return the metrics of an ensemble."""
    return [fixed(row[metric]) for metric in METRICS]
