"""A contact sheet per augmentation."""

from collections.abc import Iterator

from lookbook.config.digests import digest
from lookbook.config.selection import arguments_in_use, sheet_names
from lookbook.report.blocks import Block, Details, Figure, Group, Paragraph, section
from lookbook.report.formatting import plural
from lookbook.report.inputs import Report


def is_augmented(report: Report) -> bool:
    """Return whether an experiment with trials augments its images."""
    return any(e.n and e.entry["spec"]["augmentation"] for e in report.experiments.values())


@section("Augmentations", is_augmented)
def augmentations(report: Report) -> Iterator[Block]:
    yield Paragraph("Each row of a sheet shows an original image and eight random augmentations of it.")
    sheets = list(figures(report))
    yield Details(plural(len(sheets), "contact sheet"), [Group(sheets, "gallery")])


def figures(report: Report) -> Iterator[Figure]:
    """Yield the sheets of this library's augmentations and of the Keras layers in use."""
    arguments = arguments_in_use(e.entry["spec"] for e in report.experiments.values() if e.n)
    for name in sheet_names(arguments):
        title = name.replace("_", " ")
        label = f"An image and eight random augmentations of it by {title}"
        identity = digest({"sheet": name, "arguments": arguments.get(name, {})})
        yield report.figure("contact_sheets", name, label=label, caption=title, identity=identity)
