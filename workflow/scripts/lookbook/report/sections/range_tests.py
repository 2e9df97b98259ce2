"""Learning-rate range tests."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Paragraph, Section
from lookbook.report.experiment import Experiment
from lookbook.report.inputs import Document

TEXT = (
    "The learning rate increases from far too small to far too large. Useful values are between the point where the "
    "loss starts to fall and the point where it starts to rise. The final accuracy of such a network has no meaning "
    "and is not reported."
)


def range_tests(document: Document) -> list[Experiment]:
    """Return the range tests with trials."""
    return [experiment for experiment in document.experiments if experiment.is_range_test and experiment.n]


def content(document: Document) -> Iterator[Block]:
    """Yield the explanation and one figure per range test."""
    yield Paragraph(TEXT)
    for experiment in range_tests(document):
        name = experiment.name
        label, caption = f"Loss of {name} by learning rate", f"{name}: {experiment.entry['title']}"
        identity = document.report.identity([name])
        yield document.report.figure("learning_rate_range", name, identity=identity, label=label, caption=caption)


SECTION = Section("Learning-rate range tests", content, range_tests, "range-tests")
