"""The prepared datasets: numbers of images, sizes, and the images that were skipped."""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from lookbook.datasets import DATASETS
from lookbook.formatting import plural, thousands
from lookbook.report.blocks import Block, Column, Details, Heading, Items, Paragraph, Table
from lookbook.report.inline import Inline, code, join
from lookbook.report.inputs import Report, group_by

Manifest = Mapping[str, Any]
TITLES = {"class_counts": "Images per class", "image_sizes": "Original sizes of the images"}
NAMED = 3  # The manifest names all skipped images.


def unlabeled(manifest: Manifest) -> Mapping[str, list]:
    """Return the names of the images without labels, and those of them that were skipped."""
    return manifest.get("submission") or {"names": [], "skipped": []}


def skipped(manifest: Manifest) -> list[dict[str, str]]:
    """Return the name of every skipped image and the reason."""
    return [*(manifest.get("skipped") or []), *unlabeled(manifest)["skipped"]]


COLUMNS = (
    Column("Dataset", lambda manifest: code(manifest["name"]), is_number=False),
    Column("Training", lambda manifest: thousands(manifest["counts"]["train"])),
    Column("Test", lambda manifest: thousands(manifest["counts"]["test"])),
    Column("Without labels", lambda manifest: thousands(len(unlabeled(manifest)["names"]))),
    Column("Skipped", lambda manifest: thousands(len(skipped(manifest)))),
    Column("Classes", lambda manifest: str(len(manifest["classes"]))),
    Column("Pixels", lambda manifest: " × ".join(map(str, manifest["shape"]))),  # noqa: RUF001
    Column("Source", lambda manifest: manifest["source"], is_number=False),
)


def datasets(report: Report) -> Iterator[Block]:
    """Yield the table of the datasets, and the figures and skipped images of each."""
    manifests = list(report.manifests.values())
    if not manifests:
        return
    yield Table("Datasets", manifests, COLUMNS, "Prepared images: height × width × channels")  # noqa: RUF001
    for manifest in manifests:
        blocks, count = list(card(report, manifest)), len(skipped(manifest))
        if blocks:
            gist = plural(count, "skipped image") if count else ""
            yield Details(code(manifest["name"]), blocks, level=3, gist=gist)


def card(report: Report, manifest: Manifest) -> Iterator[Block]:
    """Yield the figures of a dataset in the layout of the competition, and the skipped images."""
    name, identity = manifest["name"], manifest["digest"]
    if DATASETS[name].competition:
        for figure, title in TITLES.items():
            yield report.figure("datasets", name, figure, label=f"{title} of {name}", caption=title, identity=identity)
    reasons = group_by(skipped(manifest), itemgetter("reason"))
    if reasons:
        yield Heading("Skipped images", 4)
        ordered = sorted(reasons.items(), key=lambda group: -len(group[1]))
        yield Items([reason_text(reason, images) for reason, images in ordered], "small")
        yield Paragraph(["All names are in the dataset's ", code("manifest.json"), "."], "small quiet")


def reason_text(reason: str, images: Sequence[Mapping[str, str]]) -> Inline:
    """Return a reason, the number of its images and their first names."""
    names = [code(image["name"]) for image in images[:NAMED]]
    more = ["…"] if len(images) > NAMED else []
    return [f"{reason}: {plural(len(images), 'image')} (", join([*names, *more]), ")"]
