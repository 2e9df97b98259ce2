"""A prepared dataset: memory-mappable arrays and a manifest that describes them.

The folder holds ``train_images.npy``, ``train_labels.npy``, ``test_images.npy`` and ``test_labels.npy``; a dataset in
the competition's layout also holds ``train_heights.npy``, ``train_widths.npy`` and ``submission_images.npy``. The
manifest, ``manifest.json``, is written last: a folder that has one is complete.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.datasets import ARRAYS, COMPETITION_ARRAYS
from lookbook.errors import DatasetError
from lookbook.files import replacing, write_json

MANIFEST_KEYS = ("name", "source", "classes", "shape", "counts", "class_counts", "sha256", "digest")


def sha256(array: np.ndarray) -> str:
    """Return the hexadecimal SHA-256 of an array's values in C order, independent of its shape."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def write(
    directory: Path,
    *,
    name: str,
    classes: Sequence[str],
    source: str,
    **arrays: np.ndarray,
) -> dict[str, Any]:
    """Write a prepared dataset and return its manifest.

    The same arguments give the same bytes, independent of time and place.

    Args:
        directory: the folder; created if it is missing.
        name: the dataset's name in the config.
        classes: the class names; a label is an index into them.
        source: where the images come from, as the report shows it.
        arrays: ``train_images``, uint8 (N, H, W, C), and ``train_labels``, uint8 (N,); ``test_images`` and
            ``test_labels``, the same for M images; M may be 0.

    Raises:
        ValueError: an array has the wrong shape or dtype, or a label has no class name.
    """
    labels = {split: arrays[f"{split}_labels"] for split in ("train", "test")}
    for split, values in labels.items():
        _check_split(split, arrays[f"{split}_images"], values, len(classes))
    shape, test_shape = (list(arrays[name].shape[1:]) for name in ("train_images", "test_images"))
    if test_shape != shape:
        raise ValueError(f"test images of shape {test_shape}, train images of shape {shape}")
    remove_manifest(directory)
    about: dict[str, Any] = {"name": name, "classes": classes, "source": source, "shape": shape}
    return write_manifest(directory, labels=labels, hashes=save(directory, arrays), **about)


def remove_manifest(directory: Path) -> None:
    """Create the folder, or delete its manifest, so that no old manifest describes new arrays after an interruption."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "manifest.json").unlink(missing_ok=True)


def save(directory: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Save each array to ``<name>.npy`` and return their SHA-256 by name."""
    for name, array in arrays.items():
        with replacing(directory / f"{name}.npy") as temporary:
            np.save(temporary, np.ascontiguousarray(array))
    return {name: sha256(array) for name, array in arrays.items()}


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
    """Write the manifest of arrays that are complete, and return it.

    Args:
        directory, name, classes, source: see ``write``.
        shape: height, width and channels.
        labels: uint8 (N,) of each split.
        hashes: SHA-256 of each array by its name.
        more: further keys with JSON values.

    Returns:
        ``name``, ``source``, ``classes``, ``shape`` [H, W, C], ``counts`` and ``class_counts`` by split, ``sha256`` by
        array, and ``digest``: one SHA-256 over what training depends on (shape, number of classes and arrays).
    """
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
        "digest": digest_of(len(classes), shape, hashes),
        **more,
    }
    write_json(directory / "manifest.json", manifest)
    return manifest


@dataclass(frozen=True, eq=False)
class Dataset:
    """A prepared dataset, memory-mapped read-only.

    Attributes:
        name, classes, train_images, train_labels, test_images, test_labels: see ``write``.
        manifest: the parsed ``manifest.json``, see ``write_manifest``.
        directory: the folder of the arrays.
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
        """One SHA-256 over everything that training sees of this dataset."""
        return self.manifest["digest"]

    def original_sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return heights and widths of the training images before resizing, in pixels, int32 (N,) each.

        Raises:
            DatasetError: a file is missing or damaged; only datasets in the competition's layout have them.
        """
        shape, hashes = self.train_labels.shape, self.manifest["sha256"]
        names = ("train_heights", "train_widths")
        heights, widths = (_open(self.directory, name, np.integer, shape, hashes.get(name)) for name in names)
        return heights, widths

    def submission_images(self) -> np.ndarray:
        """Return the competition's test images, uint8 (M, H, W, C), in the order of ``submission.names``.

        Raises:
            DatasetError: the dataset does not have them, or the file is damaged.
        """
        if "submission" not in self.manifest:
            raise DatasetError(f"{self.name} has no test images for a submission; use a dataset of the competition")
        shape = (len(self.manifest["submission"]["names"]), *self.shape)
        return _open(self.directory, "submission_images", np.uint8, shape, self.manifest["sha256"]["submission_images"])


def load(manifest: Path, *, verify: bool = False) -> Dataset:
    """Open a prepared dataset; the images stay on disk until they are indexed.

    Args:
        manifest: the path of its ``manifest.json``; the arrays are in the same folder.
        verify: whether to compare the contents with the SHA-256 in the manifest, which takes about a second per
            gigabyte. A trial does, because its identity names the digest of the dataset.

    Raises:
        DatasetError: the manifest or an array is missing or unreadable, or an array differs from the manifest.
    """
    facts = read_manifest(manifest)
    arrays = {}
    for name in ARRAYS:
        split, kind = name.split("_")
        shape = (facts["counts"][split], *(facts["shape"] if kind == "images" else ()))
        arrays[name] = _open(manifest.parent, name, np.uint8, shape, facts["sha256"].get(name) if verify else None)
    return Dataset(facts["name"], tuple(facts["classes"]), manifest=facts, directory=manifest.parent, **arrays)


def _open(directory: Path, name: str, dtype: type, shape: tuple[int, ...], expected: str | None) -> np.ndarray:
    """Memory-map an array and check its dtype, its shape and, unless ``expected`` is None, its SHA-256."""
    path, manifest = directory / f"{name}.npy", directory / "manifest.json"
    remedy = f"delete {manifest} and prepare the dataset with: snakemake --cores 1 {manifest}"
    try:
        array = np.load(path, mmap_mode="r")
    except FileNotFoundError:
        also = ", or use one in the competition's layout" if name in COMPETITION_ARRAYS else ""
        raise DatasetError(f"{path} is missing; {remedy}{also}") from None
    except Exception as error:  # What a damaged file raises depends on its bytes.
        raise DatasetError(f"{path} is damaged ({str(error)[:200]}); {remedy}") from None
    if not np.issubdtype(array.dtype, dtype) or array.shape != shape:
        raise DatasetError(
            f"{path} holds {array.dtype} {array.shape}, but the manifest requires {dtype.__name__} {shape}; {remedy}"
        )
    if expected is not None and sha256(array) != expected:
        raise DatasetError(f"{path} differs from the SHA-256 in the manifest; {remedy}")
    return array


def _check_split(split: str, images: np.ndarray, labels: np.ndarray, classes: int) -> None:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f"{split} images must be uint8 (N, H, W, C), not {images.dtype} {images.shape}")
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise ValueError(f"{split} labels must be uint8 ({len(images)},), not {labels.dtype} {labels.shape}")
    if len(labels) and labels.max() >= classes:
        raise ValueError(f"{split} label {labels.max()} has no name among {classes} classes")


def read_manifest(path: Path) -> dict[str, Any]:
    remedy = f"prepare the dataset with: snakemake --cores 1 {path}"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetError(f"{path} does not exist; {remedy}") from None
    except IsADirectoryError:
        raise DatasetError(f"{path} is a folder; give the path of its manifest.json") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} is damaged ({str(error)[:200]}); delete it and {remedy}") from None
    missing = [key for key in MANIFEST_KEYS if not isinstance(manifest, dict) or key not in manifest]
    if missing:
        raise DatasetError(f"{path} lacks {', '.join(missing)}; delete it and {remedy}")
    try:
        counts = {split: sum(manifest["class_counts"][split]) for split in ("train", "test")}
        stated = {split: manifest["counts"][split] for split in ("train", "test")}
        is_whole = counts == stated and manifest["digest"] == digest_of(
            len(manifest["classes"]), manifest["shape"], manifest["sha256"]
        )
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        is_whole = False
    if not is_whole:
        raise DatasetError(f"{path} is damaged (digest or counts are not those of its content); delete it and {remedy}")
    return manifest


def digest_of(classes: int, shape: Sequence[int], hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 of what training depends on: number of classes, shape, and hashes of the arrays by name."""
    identity = {"classes": classes, "sha256": dict(hashes), "shape": list(shape)}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
