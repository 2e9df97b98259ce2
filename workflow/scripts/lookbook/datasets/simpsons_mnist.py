"""simpsons-mnist: 10 characters, 8,000 training and 2,000 test images of 28 x 28 pixels, in color or gray.

https://github.com/alvarobartt/simpsons-mnist, CC BY-NC-SA 4.0: each user downloads it; it is never shipped. The
images are JPEG files, whose pixels may differ slightly between decoders, so they have no fixed hash: the numbers of
images are checked, and the digest of the decoded arrays is in the manifest.
"""

import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lookbook.datasets import DATASETS, arrays
from lookbook.datasets.archives import Files, copy_archive, only_path
from lookbook.datasets.decoding import decode_images
from lookbook.errors import DatasetError

# fmt: off
CLASSES = (
    "bart_simpson", "charles_montgomery_burns", "homer_simpson", "krusty_the_clown", "lisa_simpson",
    "marge_simpson", "milhouse_van_houten", "moe_szyslak", "ned_flanders", "principal_skinner",
)
# fmt: on
# The folder of each dataset in the archive, and the color mode of its images.
VARIANTS = {"simpsons_mnist_rgb": ("rgb", "RGB"), "simpsons_mnist_gray": ("grayscale", "L")}
PER_CLASS = {"train": 800, "test": 200}
PIXELS = 28
ARCHIVE = DATASETS["simpsons_mnist_rgb"].originals[0]
CONFIG_KEY = "data.simpsons_mnist.path"
URL = "https://github.com/alvarobartt/simpsons-mnist/archive/refs/heads/master.zip"
SOURCE = "simpsons-mnist (github.com/alvarobartt/simpsons-mnist, CC BY-NC-SA 4.0)"
REMEDY = f"download {URL} and set {CONFIG_KEY} to it or to the unpacked folder"
MAX_BYTES = 512 * 2**20


def fetch(destination: Path, *, path: str | None = None, url: str = URL) -> str:
    """Leave the images as one zip archive, ``ARCHIVE``, in a folder.

    The images of a folder ``path`` are stored in the archive; a zip archive is copied. Without ``path``, an archive in
    ``destination`` is used, otherwise it is downloaded from ``url``.
    """
    if path:
        try:
            copy_archive(Path(path).expanduser(), destination / ARCHIVE, _all_files, MAX_BYTES)
        except DatasetError as error:
            raise DatasetError(f"{CONFIG_KEY}: {error}; {REMEDY}") from None
        return f"{CONFIG_KEY} ({path})"
    if not zipfile.is_zipfile(destination / ARCHIVE):
        # Imported here, because nothing else needs the packages for downloads.
        from lookbook.datasets.downloads import download

        destination.mkdir(parents=True, exist_ok=True)
        try:
            # The host packs the archive anew from time to time, so it has no permanent checksum.
            download(destination / ARCHIVE, [url], _objection, md5=None)
        except DatasetError as error:
            raise DatasetError(f"simpsons-mnist could not be downloaded ({error}); run again, or {REMEDY}") from None
    return url


def _objection(path: Path) -> str | None:
    return None if zipfile.is_zipfile(path) else "the response is not a zip archive"


def prepare(
    name: str,
    output: Path,
    originals: Sequence[Path] = (),
    *,
    workers: int = 1,
    per_class: Mapping[str, int] = PER_CLASS,
) -> dict[str, Any]:
    """Write a prepared dataset from one zip archive or unpacked folder; images are sorted by class and by file name.

    ``per_class`` is the required number of images of each class by split.
    """
    path = only_path(name, originals, REMEDY)
    folder, mode = VARIANTS[name]
    decoded = {}
    for split in PER_CLASS:
        with Files(path, MAX_BYTES) as files:
            members = _members(files, folder, split)
        with TemporaryDirectory() as temporary:
            file, label = Path(temporary, "images.npy"), f"{name}: {split}"
            result = decode_images(path, members, file, size=PIXELS, mode=mode, workers=workers, description=label)
            decoded[f"{split}_images"] = np.load(file)
        names = [PurePosixPath(members[position]).parent.name for position in result.kept]
        _check_counts(path, split, names, per_class[split], result.skipped)
        decoded[f"{split}_labels"] = np.array([CLASSES.index(label) for label in names], np.uint8)
    return arrays.write(output, name=name, classes=CLASSES, source=SOURCE, **decoded)


def _all_files(files: Files) -> list[str]:
    return [name for folder, _ in VARIANTS.values() for split in PER_CLASS for name in _members(files, folder, split)]


def _members(files: Files, folder: str, split: str) -> list[str]:
    """Return the names of one split's files, ``.../<folder>/<split>/<class>/<file>``, sorted."""
    members = [name for name in files.names if PurePosixPath(name).parts[-4:-2] == (folder, split)]
    if not members:
        raise DatasetError(f"{files.path} has no images in dataset/{folder}/{split}/<class>")
    return members


def _check_counts(
    path: Path, split: str, names: Sequence[str], expected: int, skipped: Sequence[dict[str, str]]
) -> None:
    counts = Counter(names)
    unknown = sorted(set(counts) - set(CLASSES))
    if unknown:
        raise DatasetError(f"{path}: {split}/{unknown[0]} is not a class of simpsons-mnist; {REMEDY}")
    for label in CLASSES:
        if counts[label] != expected:
            first = f" (skipped {skipped[0]['name']}: {skipped[0]['reason']})" if skipped else ""
            raise DatasetError(
                f"{path}: {split}/{label} has {counts[label]} usable images instead of {expected}{first}; {REMEDY}"
            )
