"""The sections of the report in their order. To add one, write a module in sections/ and name it here."""

from collections.abc import Iterator
from typing import Any

from lookbook.report.blocks import Block, Heading, Paragraph, Section
from lookbook.report.formatting import slug
from lookbook.report.inputs import Report
from lookbook.report.sections import (
    augmentations,
    collapsed_trials,
    datasets,
    duplicates,
    ensembles,
    experiments,
    factorials,
    failures,
    in_short,
    not_run,
    one_vs_all,
    overview,
    predictions,
    provenance,
    published,
    range_tests,
    results,
)

OPENING = (in_short,)
PER_DOCUMENT = (results, duplicates, ensembles, one_vs_all, factorials, range_tests, predictions, experiments)
CLOSING = (published, failures, collapsed_trials, not_run, augmentations, datasets, provenance)


def header(report: Report) -> list[Block]:
    """Return the blocks above the navigation."""
    return list(overview.SECTION.content(report))


def body(report: Report) -> Iterator[Block]:
    """Yield the blocks below the navigation."""
    for module in OPENING:
        yield from blocks(module.SECTION, report, 2)
    for document in report.documents:
        anchor = slug(document.name)
        yield Heading(document.name, 2, f"document-{anchor}")
        if citation := document.experiments[0].entry["citation"]:
            yield Paragraph(f"Source: {citation}", "small quiet")
        for module in PER_DOCUMENT:
            yield from blocks(module.SECTION, document, 3, f"{anchor}-")
    for module in CLOSING:
        yield from blocks(module.SECTION, report, 2)


def blocks(section: Section, subject: Any, level: int, prefix: str = "") -> Iterator[Block]:
    """Yield the heading and the content of a section, nothing if it does not apply."""
    if section.condition(subject):
        if section.title:
            yield Heading(section.title, level, prefix + section.anchor)
        yield from section.content(subject)
