"""The sections of the report in their order. To add one, write a module in sections/ and name it here."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Heading, Paragraph
from lookbook.report.formatting import slug
from lookbook.report.inputs import Report
from lookbook.report.sections.augmentations import augmentations
from lookbook.report.sections.collapsed_trials import collapsed_trials
from lookbook.report.sections.datasets import datasets
from lookbook.report.sections.duplicates import duplicates
from lookbook.report.sections.ensembles import ensembles
from lookbook.report.sections.experiments import experiments
from lookbook.report.sections.factorials import factorials
from lookbook.report.sections.failures import failures
from lookbook.report.sections.in_short import in_short
from lookbook.report.sections.not_run import not_run
from lookbook.report.sections.one_vs_all import one_vs_all
from lookbook.report.sections.overview import overview
from lookbook.report.sections.predictions import predictions
from lookbook.report.sections.provenance import provenance
from lookbook.report.sections.published import published
from lookbook.report.sections.range_tests import range_tests
from lookbook.report.sections.results import results

OPENING = (in_short,)
PER_DOCUMENT = (results, duplicates, ensembles, one_vs_all, factorials, range_tests, predictions, experiments)
CLOSING = (published, failures, collapsed_trials, not_run, augmentations, datasets, provenance)


def header(report: Report) -> list[Block]:
    """Return the blocks above the navigation."""
    return list(overview.blocks(report, level=1))


def body(report: Report) -> Iterator[Block]:
    """Yield the blocks below the navigation."""
    for section in OPENING:
        yield from section.blocks(report, level=2)
    for document in report.documents:
        anchor = slug(document.name)
        yield Heading(document.name, 2, f"document-{anchor}")
        if citation := document.experiments[0].entry["citation"]:
            yield Paragraph(f"Source: {citation}", "small quiet")
        for section in PER_DOCUMENT:
            yield from section.blocks(document, level=3, prefix=f"{anchor}-")
    for section in CLOSING:
        yield from section.blocks(report, level=2)
