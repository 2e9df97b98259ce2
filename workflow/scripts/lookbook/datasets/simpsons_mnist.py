"""simpsons-mnist: 10 characters, 8,000 training and 2,000 test images of 28 x 28 pixels, in colour or grey.

https://github.com/alvarobartt/simpsons-mnist, CC BY-NC-SA 4.0: downloaded by whoever uses it, never
shipped. The images are JPEG files, whose pixels may differ by a shade between decoders, so there is no
fixed hash: counts are checked, and the digest of the decoded arrays is in the manifest.
"""

import logging
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from lookbook.datasets import arrays
from lookbook.datasets.archives import Files, adopt, adopted, open_files
from lookbook.datasets.decoding import decode_images
from lookbook.errors import DatasetError


class Variant(NamedTuple):
    """One of the two forms of the set: its folder in the archive and the colour mode of its images."""

    folder: str
    mode: str


CLASSES = (
    "bart_simpson",
    "charles_montgomery_burns",
    "homer_simpson",
    "krusty_the_clown",
    "lisa_simpson",
    "marge_simpson",
    "milhouse_van_houten",
    "moe_szyslak",
    "ned_flanders",
    "principal_skinner",
)
VARIANTS = {
    "simpsons_mnist_rgb": Variant("rgb", "RGB"),
    "simpsons_mnist_gray": Variant("grayscale", "L"),
}
PER_CLASS = {"train": 800, "test": 200}
PIXELS = 28
ARCHIVE = "simpsons-mnist.zip"
CONFIG_KEY = "data.simpsons_mnist.path"
URL = "https://github.com/alvarobartt/simpsons-mnist/archive/refs/heads/master.zip"
SOURCE = "simpsons-mnist (github.com/alvarobartt/simpsons-mnist, CC BY-NC-SA 4.0)"
REMEDY = f"download {URL} and set {CONFIG_KEY} to it or to the unpacked folder"
MAX_BYTES = 512 * 2**20

log = logging.getLogger(__name__)


def fetch(destination: str | Path, *, path: str | Path | None = None, url: str = URL, attempts: int = 3) -> str:
    """Bring the archive to a folder by download, or note where the user's own copy is.

    Either way ``original.txt`` in the folder says where the data is, for ``prepare``.

    Args:
        destination: the folder, made if missing.
        path: the config's ``data.simpsons_mnist.path``: a zip archive or folder; None or "" where it is
            unset.
        url: address of the archive.
        attempts: how often to try the download.

    Returns:
        Where it came from, in words.

    Raises:
        DatasetError: ``path`` is set but does not hold the set, or the download failed.
    """
    destination = Path(destination)
    if path:
        with open_files(Path(path).expanduser(), max_bytes=MAX_BYTES) as files:
            for variant in VARIANTS.values():
                for split in PER_CLASS:
                    _members(files, variant.folder, split)
        adopt(Path(path), destination)
        return f"{CONFIG_KEY} ({path})"
    if not zipfile.is_zipfile(destination / ARCHIVE):
        _download(destination, url, attempts)
    adopt(destination / ARCHIVE, destination)
    return url


def _download(folder: Path, url: str, attempts: int) -> None:
    # Imported here, so that preparing the dataset needs neither.
    import pooch
    import requests

    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARCHIVE).unlink(missing_ok=True)
    reason = ""
    for attempt in range(attempts):
        time.sleep(attempt)
        try:
            # The host packs the archive anew from time to time, so it has no lasting hash.
            pooch.retrieve(url, known_hash=None, fname=ARCHIVE, path=folder, progressbar=True)
        except (requests.RequestException, OSError) as error:
            reason = type(error).__name__
        else:
            if zipfile.is_zipfile(folder / ARCHIVE):
                return
            (folder / ARCHIVE).unlink()
            reason = "what came is no zip archive"
        log.warning("%s: %s", url, reason)
    raise DatasetError(f"simpsons-mnist could not be downloaded ({reason}); run again, or {REMEDY}")


def prepare(
    name: str,
    output: str | Path,
    source: str | Path | None = None,
    *,
    workers: int = 1,
    classes: Sequence[str] = CLASSES,
    per_class: dict[str, int] = PER_CLASS,
) -> dict[str, Any]:
    """Turn the archive into a prepared dataset (see ``lookbook.datasets.arrays``) and return its manifest.

    Images are in the order of class and of file name.

    Args:
        name: a key of ``VARIANTS``.
        output: the folder to write.
        source: the zip archive or unpacked folder, or the folder that ``fetch`` filled.
        workers: processes that decode.
        classes: the classes that must be there; a label is an index into them.
        per_class: images of each class in each split.

    Raises:
        DatasetError: the source is missing or unsafe, or classes or counts are not those of the set.
    """
    if source is None:
        raise DatasetError(f"{name} needs a source: {REMEDY}")
    original = adopted(Path(source))
    variant = VARIANTS[name]
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    decoded = {}
    for split in PER_CLASS:
        with open_files(original, max_bytes=MAX_BYTES) as files:
            members = _members(files, variant.folder, split)
        with arrays.replacing(output / "decoded.npy") as file:
            result = decode_images(
                original,
                members,
                file,
                size=PIXELS,
                mode=variant.mode,
                workers=workers,
                description=f"{name}: {split}",
            )
            decoded[f"{split}_images"] = np.load(file)
        (output / "decoded.npy").unlink()
        names = [PurePosixPath(members[position]).parent.name for position in result.kept]
        _check_counts(original, split, names, classes, per_class[split], result.skipped)
        decoded[f"{split}_labels"] = np.array([classes.index(label) for label in names], np.uint8)
    return arrays.write(output, name=name, classes=classes, source=SOURCE, **decoded)


def _members(files: Files, folder: str, split: str) -> list[str]:
    """Return the names of one split's files, which lie in ``.../<folder>/<split>/<class>/<file>``, sorted."""
    members = [name for name in files.names if PurePosixPath(name).parts[-4:-2] == (folder, split)]
    if not members:
        raise DatasetError(f"{files.path} has no images in dataset/{folder}/{split}/<class>; {REMEDY}")
    return members


def _check_counts(
    original: Path,
    split: str,
    names: Sequence[str],
    classes: Sequence[str],
    expected: int,
    skipped: Sequence[dict[str, str]],
) -> None:
    counts = Counter(names)
    unknown = sorted(set(counts) - set(classes))
    if unknown:
        raise DatasetError(f"{original}: {split}/{unknown[0]} is not a class of simpsons-mnist; {REMEDY}")
    for label in classes:
        if counts[label] != expected:
            first = f" (skipped {skipped[0]['name']}: {skipped[0]['reason']})" if skipped else ""
            raise DatasetError(
                f"{original}: {split}/{label} has {counts[label]} usable images instead of {expected}{first}; {REMEDY}"
            )
