"""The layout of the Kaggle competition journey-springfield, and of images generated in it.

    train/simpsons_dataset/<class>/*.jpg    labeled images of mixed sizes
    testset/testset/img0.jpg ...            images without labels, for which a submission gives the classes

Nothing can be measured on images without labels, so the prepared test split has length 0; the competition's test
images become ``submission_images.npy``, with their names in the manifest.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lookbook.datasets import arrays
from lookbook.datasets.archives import Files, natural_order
from lookbook.datasets.decoding import KINDS, DecodedImages, decode_images
from lookbook.errors import DatasetError
from lookbook.files import replacing

# Folders that some distributions of the images keep beside the class folders and that are not classes.
NOT_CLASSES = {"simpsons_dataset", "testset", "characters_illustration", "__MACOSX"}


def prepare_layout(
    source: Path,
    directory: Path,
    *,
    name: str,
    classes: Sequence[str],
    origin: str,
    size: int,
    workers: int = 1,
) -> dict[str, Any]:
    """Decode and resize the images of a folder or zip archive in the competition's layout; return the manifest.

    Besides what ``arrays.write`` writes, with a test split of length 0, this writes ``train_heights.npy`` and
    ``train_widths.npy`` (int32 (N,), original pixels) and ``submission_images.npy`` (uint8 (M, size, size, 3)). The
    manifest has two more keys: ``skipped``, names (``<class>/<file>``) and reasons of the training images left out,
    and ``submission`` with ``names`` of the test images and their ``skipped``. Images are sorted by class and by the
    natural order of their file names.

    Args:
        source: the folder or zip archive.
        directory: the folder to write.
        name: the dataset's name in the config.
        classes: the required class folders; a label is an index into them.
        origin: where the images come from, as the report shows it.
        size: height and width in pixels after resizing.
        workers: number of processes that decode.

    Raises:
        DatasetError: a class folder is missing, unknown, empty or without any usable image.
    """
    with Files(source) as files:
        members = class_files(files, classes)
        tests = submission_files(files)
    names = [file for label in classes for file in members[label]]
    labels = np.repeat(np.arange(len(classes), dtype=np.uint8), [len(members[label]) for label in classes])
    arrays.remove_manifest(directory)
    with replacing(directory / "train_images.npy") as file:
        train = decode_images(source, names, file, size=size, workers=workers, description=f"{name}: train")
    _refuse_unusable_classes(source, members, train)
    with replacing(directory / "submission_images.npy") as file:
        test = decode_images(source, tests, file, size=size, workers=workers, description=f"{name}: test")
    small = {
        "train_labels": labels[train.kept],
        "train_heights": train.heights,
        "train_widths": train.widths,
        "test_images": np.empty((0, size, size, 3), np.uint8),
        "test_labels": np.empty(0, np.uint8),
    }
    # The large arrays are hashed while they are written: hashing them here would load them into memory.
    return arrays.write_manifest(
        directory,
        name=name,
        classes=classes,
        source=origin,
        shape=(size, size, 3),
        labels={"train": small["train_labels"], "test": small["test_labels"]},
        hashes=arrays.save(directory, small) | {"train_images": train.sha256, "submission_images": test.sha256},
        skipped=_shortened(train.skipped),
        submission={
            "names": [PurePosixPath(tests[position]).name for position in test.kept],
            "skipped": _shortened(test.skipped),
        },
    )


def class_files(files: Files, classes: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of each class's files, in natural order, at whatever depth the class folders are.

    Raises:
        DatasetError: a class folder is missing, unknown or empty.
    """
    parents = Counter(str(PurePosixPath(f).parent) for f in files.folders if PurePosixPath(f).name in classes)
    if not parents:
        raise DatasetError(f"{files.path} has no class folder such as train/simpsons_dataset/{classes[0]}")
    root = _fullest(parents)  # some distributions hold the classes twice
    present = {PurePosixPath(f).name for f in files.folders if str(PurePosixPath(f).parent) == root}
    where = f"{files.path}: {root}"
    for folder in sorted(present - set(classes) - NOT_CLASSES):
        if not folder.startswith("."):
            raise DatasetError(f"{where}/{folder} is not a class of this dataset; move or rename the folder")
    members: dict[str, list[str]] = {label: [] for label in classes}
    for name in files.names:
        path = PurePosixPath(name)
        if str(path.parent.parent) == root and path.parent.name in members and path.parent != path.parent.parent:
            members[path.parent.name].append(name)
    for label in classes:
        if not members[label]:
            state = "is empty" if label in present else "is missing"
            raise DatasetError(f"{where}/{label} {state}; every class needs at least one image")
        members[label].sort(key=natural_order)
    return members


def submission_files(files: Files) -> list[str]:
    """Return the names of the competition's test images, in natural order; none without a testset folder."""
    parents = Counter(str(PurePosixPath(name).parent) for name in files.names)
    folders = {folder: count for folder, count in parents.items() if PurePosixPath(folder).name == "testset"}
    if not folders:
        return []
    root = _fullest(folders)  # archives made on a Mac hold a second file for each file, in __MACOSX
    return sorted((n for n in files.names if str(PurePosixPath(n).parent) == root), key=natural_order)


def _fullest(counts: Mapping[str, int]) -> str:
    """Return the folder with the largest count, among equal ones the least deep one, then the first by name."""
    return min(counts, key=lambda folder: (-counts[folder], len(PurePosixPath(folder).parts), folder))


def unread_images(manifest: Mapping[str, Any]) -> list[str]:
    """Return the file names of the test images that could not be read; other files in their folder are left out."""
    paths = [PurePosixPath(entry["name"]) for entry in manifest["submission"]["skipped"]]
    return [path.name for path in paths if path.suffix.lower() in KINDS and not path.name.startswith(".")]


def write_answers(path: Path, answers: Mapping[str, str]) -> None:
    """Write the class of each test image by file name as CSV, with header ``Id,Expected``, in natural order."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Id", "Expected"])
        writer.writerows((name, answers[name]) for name in sorted(answers, key=natural_order))


def _shortened(skipped: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Keep folder and file of each name: the manifest must not depend on how deep an archive nests its images."""
    return [entry | {"name": "/".join(PurePosixPath(entry["name"]).parts[-2:])} for entry in skipped]


def _refuse_unusable_classes(source: Path, members: dict[str, list[str]], decoded: DecodedImages) -> None:
    reasons = {entry["name"]: entry["reason"] for entry in decoded.skipped}
    for label, files in members.items():
        if all(name in reasons for name in files):
            folder = PurePosixPath(files[0]).parent
            raise DatasetError(
                f"{source}: {folder} has no usable image: {files[0]}: {reasons[files[0]]}; "
                f"replace the damaged files of class {label}"
            )
