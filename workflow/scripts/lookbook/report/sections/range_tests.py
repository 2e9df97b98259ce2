"""Learning-rate range tests."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Paragraph, section
from lookbook.report.experiment import Experiment
from lookbook.report.inputs import Document

TEXT = (
    "The learning rate increases from far too small to far too large. Useful values are between the point where the "
    "loss starts to fall and the point where it starts to rise. The final accuracy of such a network has no meaning "
    "and is not reported."
)


def with_range(document: Document) -> list[Experiment]:
    """Return the range tests with trials."""
    return [experiment for experiment in document.experiments if experiment.is_range_test and experiment.n]


@section("Learning-rate range tests", with_range)
def range_tests(document: Document) -> Iterator[Block]:
    yield Paragraph(TEXT)
    for experiment in with_range(document):
        name = experiment.name
        label, caption = f"Loss of {name} by learning rate", f"{name}: {experiment.entry['title']}"
        identity = document.report.identity([name])
        yield document.report.figure("learning_rate_range", name, identity=identity, label=label, caption=caption)
