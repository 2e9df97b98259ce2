"""Our accuracies beside the published ones, in one figure."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Section
from lookbook.report.inputs import Report

LABEL = "Mean accuracy and 95% interval of every experiment beside the published accuracy"
CAPTION = "Accuracy on the test split unless the label names another one. Each document has its own scale."
NOT_COMPARABLE = " The results of this profile are not comparable with the published ones."


def content(report: Report) -> Iterator[Block]:
    """Yield the figure."""
    caption = CAPTION + ("" if report.comparable else NOT_COMPARABLE)
    yield report.figure("published", label=LABEL, caption=caption, identity=report.identity(report.experiments))


SECTION = Section("Ours and published", content, anchor="published")
