"""Our accuracies beside the published ones, in one figure."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Paragraph, section
from lookbook.report.inputs import Report

LABEL = "Mean accuracy and 95% interval of every experiment beside the published accuracy"
TEXT = "Accuracy on the test split unless the label names another one. Each document has its own scale."
NOT_COMPARABLE = " The results of this profile are not comparable with the published ones."


@section("Ours and published")
def published(report: Report) -> Iterator[Block]:
    yield Paragraph(TEXT + ("" if report.comparable else NOT_COMPARABLE))
    yield report.figure("published", identity=report.identity(report.experiments), label=LABEL)
