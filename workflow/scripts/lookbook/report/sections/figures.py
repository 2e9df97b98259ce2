"""The sections of figures: range tests, published accuracies, and augmentations."""

from collections.abc import Iterator

from lookbook.config.digests import digest
from lookbook.config.selection import arguments_in_use, sheet_names
from lookbook.formatting import plural
from lookbook.report.blocks import Block, Details, Figure, Group, Paragraph
from lookbook.report.inputs import Document, Report

RANGE_TEST = (
    "The learning rate increases from far too small to far too large. Useful values are between the point where the "
    "loss starts to fall and the point where it starts to rise. The final accuracy of such a network has no meaning "
    "and is not reported."
)
PUBLISHED = "Accuracy on the test split unless the label names another one. Each document has its own scale."
NOT_COMPARABLE = " The results of this profile are not comparable with the published ones."


def range_tests(document: Document) -> Iterator[Block]:
    """Yield the figure of each learning-rate range test with trials."""
    experiments = [experiment for experiment in document.experiments if experiment.is_range_test and experiment.n]
    if experiments:
        yield Paragraph(RANGE_TEST)
    for experiment in experiments:
        name = experiment.name
        label, caption = f"Loss of {name} by learning rate", f"{name}: {experiment.entry['title']}"
        identity = document.report.identity([name])
        yield document.report.figure("learning_rate_range", name, identity=identity, label=label, caption=caption)


def published(report: Report) -> Iterator[Block]:
    """Yield the figure of our accuracies beside the published ones."""
    yield Paragraph(PUBLISHED + ("" if report.comparable else NOT_COMPARABLE))
    label = "Mean accuracy and 95% interval of every experiment beside the published accuracy"
    yield report.figure("published", identity=report.identity(report.experiments), label=label)


def augmentations(report: Report) -> Iterator[Block]:
    """Yield the contact sheets of this library's augmentations and of the Keras layers in use, if any is in use."""
    arguments = arguments_in_use(e.entry["spec"] for e in report.experiments.values() if e.n)
    if not arguments:
        return
    yield Paragraph("Each row of a sheet shows an original image and six random augmentations of it.")
    sheets: list[Figure] = []
    for name in sheet_names(arguments):
        title = name.replace("_", " ")
        label = f"An image and six random augmentations of it by {title}"
        identity = digest({"sheet": name, "arguments": arguments.get(name, {})})
        sheets.append(report.figure("contact_sheets", name, label=label, caption=title, identity=identity))
    yield Details(plural(len(sheets), "contact sheet"), [Group(sheets, "gallery")])
