"""The sections of the report in their order: their titles, "" for none, and the functions that yield their blocks.

A section without blocks is omitted. To add a section, write its function in a module of sections/ and name it here.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from lookbook.formatting import slug
from lookbook.report.blocks import Block, Heading
from lookbook.report.inputs import Report
from lookbook.report.sections.citation import how_to_cite, source
from lookbook.report.sections.claims import claims
from lookbook.report.sections.datasets import datasets
from lookbook.report.sections.ensembles import ensembles, one_vs_all
from lookbook.report.sections.experiments import experiments
from lookbook.report.sections.factorials import factorials
from lookbook.report.sections.figures import augmentations, published, range_tests
from lookbook.report.sections.leaderboard import cost, leaderboard
from lookbook.report.sections.opening import in_short
from lookbook.report.sections.predictions import predictions
from lookbook.report.sections.provenance import provenance
from lookbook.report.sections.results import duplicates, results
from lookbook.report.sections.text_and_code import text_and_code
from lookbook.report.sections.trials import collapsed_trials, failures, not_run

Sections = Mapping[str, Callable[[Any], Iterable[Block]]]  # Each function gets the Report or a Document.

OPENING: Sections = {
    "In short": in_short,
    "Leaderboard": leaderboard,
    "Claims": claims,
    "Accuracy and cost": cost,
}
PER_DOCUMENT: Sections = {
    "": results,
    "Text, code and published": text_and_code,
    "Images on both sides of the split": duplicates,
    "Ensembles": ensembles,
    "One-vs-all ensembles": one_vs_all,
    "Factorial studies": factorials,
    "Learning-rate range tests": range_tests,
    "Predictions": predictions,
    "Experiments": experiments,
}
CLOSING: Sections = {
    "Ours and published": published,
    "Failures": failures,
    "Collapsed trials": collapsed_trials,
    "Not run": not_run,
    "Augmentations": augmentations,
    "Datasets": datasets,
    "Provenance": provenance,
    "How to cite": how_to_cite,
}


def body(report: Report, titles: Container[str] | None = None) -> Iterator[Block]:
    """Yield the blocks below the navigation; those above are ``overview``.

    Args:
        report: what the sections show.
        titles: of the sections to show; None for all.
    """
    opening, per_document, closing = (
        {title: section for title, section in sections.items() if titles is None or title in titles}
        for sections in (OPENING, PER_DOCUMENT, CLOSING)
    )
    yield from titled(opening, report, level=2)
    for document in report.documents:
        anchor = slug(document.name)
        yield Heading(document.name, 2, f"document-{anchor}")
        yield from source(document)
        yield from titled(per_document, document, level=3, prefix=f"{anchor}-")
    yield from titled(closing, report, level=2)


def titled(sections: Sections, subject: Any, *, level: int, prefix: str = "") -> Iterator[Block]:
    """Yield the blocks of each section below its heading, with ``prefix`` in the heading's anchor."""
    for title, section in sections.items():
        blocks = list(section(subject))
        if title and blocks:
            yield Heading(title, level, prefix + slug(title))
        yield from blocks
