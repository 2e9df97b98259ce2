"""The prepared datasets: numbers of images, sizes, and the images that were skipped."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lookbook.datasets import DATASETS
from lookbook.report.blocks import Block, Code, Column, Details, Heading, Inline, Items, Paragraph, Table, join, section
from lookbook.report.formatting import plural, thousands
from lookbook.report.inputs import Report

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
    Column("Dataset", lambda manifest: Code(manifest["name"]), is_number=False),
    Column("Training", lambda manifest: thousands(manifest["counts"]["train"])),
    Column("Test", lambda manifest: thousands(manifest["counts"]["test"])),
    Column("Without labels", lambda manifest: thousands(len(unlabeled(manifest)["names"]))),
    Column("Skipped", lambda manifest: thousands(len(skipped(manifest)))),
    Column("Classes", lambda manifest: str(len(manifest["classes"]))),
    Column("Pixels", lambda manifest: " × ".join(map(str, manifest["shape"])), is_number=False),  # noqa: RUF001
    Column("Source", lambda manifest: manifest["source"], is_number=False),
)


@section("Datasets", lambda report: report.manifests)
def datasets(report: Report) -> Iterator[Block]:
    manifests = list(report.manifests.values())
    yield Table("Datasets", manifests, COLUMNS, "Prepared images: height × width × channels")  # noqa: RUF001
    for manifest in manifests:
        blocks, count = list(card(report, manifest)), len(skipped(manifest))
        if blocks:
            gist = plural(count, "skipped image") if count else ""
            yield Details(Code(manifest["name"]), blocks, level=3, gist=gist)


def card(report: Report, manifest: Manifest) -> Iterator[Block]:
    """Yield the figures of a dataset in the layout of the competition, and the skipped images."""
    name, identity = manifest["name"], manifest["digest"]
    if DATASETS[name].competition:
        for figure, title in TITLES.items():
            yield report.figure("datasets", name, figure, label=f"{title} of {name}", caption=title, identity=identity)
    reasons = group_by_reason(skipped(manifest))
    if reasons:
        yield Heading("Skipped images", 4)
        yield Items([reason_text(reason, names) for reason, names in reasons.items()], "small")
        yield Paragraph(["All names are in the dataset's ", Code("manifest.json"), "."], "small quiet")


def group_by_reason(images: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return each reason with the names of its images, the most frequent first."""
    groups: dict[str, list[str]] = {}
    for image in images:
        groups.setdefault(image["reason"], []).append(image["name"])
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def reason_text(reason: str, names: Sequence[str]) -> Inline:
    """Return a reason, the number of its images and the first names."""
    more = ["…"] if len(names) > NAMED else []
    return [f"{reason}: {plural(len(names), 'image')} (", join([*map(Code, names[:NAMED]), *more]), ")"]
