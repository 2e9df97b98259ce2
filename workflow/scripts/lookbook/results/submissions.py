"""The competition's test images without labels, and the submission that answers them.

A submission is a CSV file with the header ``Id,Expected`` and one row per test image.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lookbook.datasets.archives import natural_order
from lookbook.datasets.arrays import replacing
from lookbook.datasets.decoding import KINDS
from lookbook.errors import DatasetError


def load_submission_images(directory: Path) -> np.ndarray:
    """Return the test images of a prepared dataset, uint8 (M, H, W, 3), in the order of ``submission.names``.

    Raises:
        DatasetError: the dataset has none, or the file is damaged.
    """
    file = Path(directory) / "submission_images.npy"
    try:
        return np.load(file, mmap_mode="r")
    except FileNotFoundError:
        raise DatasetError(f"{directory} has no test images to answer in a submission") from None
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(f"{file} is damaged ({error}); prepare the dataset again") from None


def unread_images(manifest: Mapping[str, Any]) -> list[str]:
    """Return the file names of the test images that could not be read; other files beside them need no answer."""
    paths = [PurePosixPath(entry["name"]) for entry in manifest["submission"]["skipped"]]
    return [path.name for path in paths if path.suffix.lower() in KINDS and not path.name.startswith(".")]


def write_submission(
    path: Path,
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    unread: Sequence[str] = (),
    fallback: str | None = None,
) -> None:
    """Write the submission to the Kaggle competition journey-springfield, in natural order of the file names.

    Args:
        path: the CSV file to write.
        names: file names of the predicted test images, such as "img0.jpg".
        class_names: the predicted class folder of each, such as "homer_simpson".
        unread: names of test images that could not be read; the competition wants a row for them as well.
        fallback: the class to answer for ``unread``, such as the largest one of the training images.

    Raises:
        ValueError: names and classes differ in number, a name comes twice, or ``unread`` has no ``fallback``.
    """
    if len(names) != len(class_names):
        raise ValueError(f"{len(names)} names and {len(class_names)} classes")
    if unread and fallback is None:
        raise ValueError(f"{len(unread)} test images could not be read and there is no fallback class")
    rows: list[tuple[str, str]] = list(zip(names, class_names, strict=True))
    rows += [(name, fallback) for name in unread if fallback is not None]
    if len({name for name, _ in rows}) != len(rows):
        raise ValueError("a test image has more than one row")
    rows.sort(key=lambda row: natural_order(row[0]))
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["Id", "Expected"])
        writer.writerows(rows)
