"""What each document claims, what was found, and how to read the results."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Details, Group, Heading, Items, Link, Paragraph, Styled, section, sentence
from lookbook.report.findings import findings
from lookbook.report.formatting import slug
from lookbook.report.inputs import Document, Report

GUIDE = """
Every experiment is trained several times with different seeds. A value is the mean over its finished trials ± their
sample standard deviation; the 95% interval of the mean is Student's t interval. The loss includes weight penalties.
The difference is our value minus the published one. The verdict is "agrees" if the difference is within the 95%
interval expected by chance: Welch's interval if the document reports a mean and a standard deviation over several
trials (population standard deviations, which are converted), the prediction interval for one further trial if it
reports a single value. Otherwise our value is "higher" or "lower" than the published one. The verdict is "inconclusive"
with fewer than two trials. Each value is compared on its own, so about one in twenty differs by chance alone.
"""


@section("In short")
def in_short(report: Report) -> Iterator[Block]:
    if not report.documents:
        yield Paragraph("No experiment is part of this run.")
    yield Group([Group(list(summary(document)), "finding") for document in report.documents], "findings")
    yield Details("How to read the results", [Paragraph(GUIDE)], level=3)


def summary(document: Document) -> Iterator[Block]:
    """Yield the claim and the findings of a document."""
    yield Heading(Link(document.name, f"document-{slug(document.name)}"), 3)
    if claim := document.experiments[0].entry["claim"]:
        yield Paragraph([Styled("Claim of the document:"), " ", claim])
    if found := findings(document):
        yield Paragraph(Styled("Found here:"))
        yield Items([sentence(text) for text in found])
