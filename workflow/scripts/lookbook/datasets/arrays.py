"""A prepared dataset: four memory-mappable arrays and a manifest that describes them.

The folder holds ``train_images.npy``, ``train_labels.npy``, ``test_images.npy``, ``test_labels.npy`` and,
written last, ``manifest.json``. A folder with a manifest is complete.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.errors import DatasetError

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
MANIFEST_KEYS = ("name", "source", "classes", "shape", "counts", "class_counts", "sha256", "digest")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, moved to it at the end; an error leaves ``path`` as it was."""
    # The process number keeps two writers of one file apart; the suffix stays, because np.save looks at it.
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(array: np.ndarray) -> str:
    """Return the hexadecimal SHA-256 of an array's values in C order, whatever its shape."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def write(
    directory: str | Path,
    *,
    name: str,
    classes: Sequence[str],
    source: str,
    train_images: np.ndarray,
    train_labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
) -> dict[str, Any]:
    """Write a prepared dataset and return its manifest.

    The same arguments give the same bytes, so that nothing depends on when or where a dataset was prepared.

    Args:
        directory: the folder, made if missing.
        name: the dataset's name in the config.
        classes: the class names; a label is an index into them.
        source: where the images come from, for the reader of the report.
        train_images: uint8 (N, H, W, C).
        train_labels: uint8 (N,).
        test_images: uint8 (M, H, W, C); M may be 0.
        test_labels: uint8 (M,).

    Returns:
        The manifest: name, source, classes, shape [H, W, C], counts and class_counts per split, sha256 per
        array, and ``digest``, one SHA-256 over what a training sees: shape, number of classes and arrays.

    Raises:
        ValueError: an array has another shape or dtype, or a label has no class.
    """
    arrays = dict(zip(ARRAYS, (train_images, train_labels, test_images, test_labels), strict=True))
    for split in ("train", "test"):
        _check_split(split, arrays[f"{split}_images"], arrays[f"{split}_labels"], len(classes))
    shape = [int(size) for size in train_images.shape[1:]]
    if list(test_images.shape[1:]) != shape:
        raise ValueError(f"test images of shape {list(test_images.shape[1:])}, train images of shape {shape}")

    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    # An old manifest must not vouch for new arrays if this is interrupted half way.
    (directory / "manifest.json").unlink(missing_ok=True)
    for key, array in arrays.items():
        with replacing(directory / f"{key}.npy") as temporary:
            np.save(temporary, np.ascontiguousarray(array))

    return write_manifest(
        directory,
        name=name,
        classes=classes,
        source=source,
        shape=shape,
        labels={"train": train_labels, "test": test_labels},
        hashes={key: sha256(array) for key, array in arrays.items()},
    )


def write_manifest(
    directory: Path,
    *,
    name: str,
    classes: Sequence[str],
    source: str,
    shape: Sequence[int],
    labels: Mapping[str, np.ndarray],
    hashes: Mapping[str, str],
    **more: Any,
) -> dict[str, Any]:
    """Write the manifest of arrays that are in place, and return it.

    Args:
        directory: the folder of the arrays.
        name: the dataset's name in the config.
        classes: the class names.
        source: where the images come from.
        shape: height, width and channels.
        labels: uint8 (N,) of each split.
        hashes: the SHA-256 of each array by its name.
        more: further keys, plain JSON values.
    """
    identity = {"classes": len(classes), "sha256": dict(hashes), "shape": list(shape)}
    manifest = {
        "name": name,
        "source": source,
        "classes": list(classes),
        "shape": list(shape),
        "counts": {split: len(values) for split, values in labels.items()},
        "class_counts": {
            split: np.bincount(values, minlength=len(classes)).tolist() for split, values in labels.items()
        },
        "sha256": dict(hashes),
        "digest": hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest(),
        **more,
    }
    with replacing(directory / "manifest.json") as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def load(directory: str | Path) -> "Dataset":
    """Open a prepared dataset; the images stay on disk until they are indexed.

    Args:
        directory: a folder that ``write`` filled.

    Raises:
        DatasetError: the manifest or an array is missing, unreadable, or of another shape or dtype than the
            manifest says. Contents are not hashed again.
    """
    directory = Path(directory)
    manifest = _read_manifest(directory)
    arrays = {}
    for key in ARRAYS:
        split, kind = key.split("_")
        expected = (manifest["counts"][split], *(manifest["shape"] if kind == "images" else ()))
        try:
            array = np.load(directory / f"{key}.npy", mmap_mode="r")
        except FileNotFoundError:
            raise DatasetError(f"{directory} has no {key}.npy; prepare the dataset again") from None
        except (ValueError, OSError, EOFError) as error:
            raise DatasetError(f"{directory / key}.npy is damaged ({error}); prepare the dataset again") from None
        if array.dtype != np.uint8 or array.shape != expected:
            raise DatasetError(
                f"{directory / key}.npy holds {array.dtype} {array.shape}, but the manifest says "
                f"uint8 {expected}; prepare the dataset again"
            )
        arrays[key] = array
    return Dataset(
        name=manifest["name"], classes=tuple(manifest["classes"]), directory=directory, manifest=manifest, **arrays
    )


@dataclass(frozen=True, eq=False)
class Dataset:
    """A prepared dataset, memory-mapped read-only.

    Attributes:
        name: its name in the config.
        classes: the class names; a label is an index into them.
        train_images: uint8 (N, H, W, C).
        train_labels: uint8 (N,).
        test_images: uint8 (M, H, W, C).
        test_labels: uint8 (M,).
        manifest: the parsed ``manifest.json``, see ``write``.
        directory: its folder.
    """

    name: str
    classes: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    manifest: dict[str, Any]
    directory: Path = Path()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        height, width, channels = self.train_images.shape[1:]
        return height, width, channels

    @property
    def digest(self) -> str:
        """One SHA-256 over everything that a training sees of this dataset."""
        return self.manifest["digest"]

    def original_sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return height and width (N,) in pixels of the training images before they were resized.

        Raises:
            DatasetError: the data set does not know them.
        """
        try:
            heights, widths = (np.load(self.directory / f"train_{side}.npy") for side in ("heights", "widths"))
        except FileNotFoundError as error:
            raise DatasetError(f"{error.filename} is missing: {self.name} does not know its images' sizes") from None
        return heights, widths


def _check_split(split: str, images: np.ndarray, labels: np.ndarray, classes: int) -> None:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"{split} images must be uint8 (N, H, W, C), not {images.dtype} {images.shape}")
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise ValueError(f"{split} labels must be uint8 ({len(images)},), not {labels.dtype} {labels.shape}")
    if len(labels) and labels.max() >= classes:
        raise ValueError(f"{split} label {labels.max()} has no name among {classes} classes")


def _read_manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{directory} is not a prepared dataset: it has no manifest.json") from None
    except ValueError as error:
        raise DatasetError(f"{directory}/manifest.json is damaged: {error}") from None
    missing = [key for key in MANIFEST_KEYS if not isinstance(manifest, dict) or key not in manifest]
    if missing:
        raise DatasetError(f"{directory}/manifest.json lacks {', '.join(missing)}; prepare the dataset again")
    return manifest
