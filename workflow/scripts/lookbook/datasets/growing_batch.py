"""Growing-batch copies: n augmented copies of every training image, made once and stored as uint8.

The growing-batch document gives each copy exactly one operation, drawn uniformly with replacement from the
first k of a list; the originals are not in the set. Copies are drawn in chunks, each from its own random
stream, so the bytes do not depend on the number of processes, and copy c of every image is the same however
many copies follow it.
"""

import hashlib
import io
import json
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookbook.datasets import arrays
from lookbook.errors import DatasetError
from lookbook.sampling.streams import stream

CHUNK_BYTES = 1 << 22  # 5,349 images of Fashion-MNIST; fixed, because streams are keyed by the chunk


def jpeg_compression(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Encode and decode each image as JPEG, quality 0 or 1 of 100 (libjpeg takes 0 for 1: the same image)."""
    coded = np.empty_like(images)
    for number, quality in enumerate(generator.integers(0, 2, len(images)).tolist()):
        buffer = io.BytesIO()
        Image.fromarray(images[number].squeeze(-1) if images.shape[-1] == 1 else images[number]).save(
            buffer, "JPEG", quality=quality
        )
        with Image.open(buffer) as decoded:
            coded[number] = np.asarray(decoded).reshape(images.shape[1:])
    return coded


def rotation(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Rotate half of the images within 45 degrees, bilinear, the edge pixels repeated outside."""
    chosen = np.flatnonzero(generator.random(len(images)) < 0.5)
    angle = generator.uniform(-np.pi / 4, np.pi / 4, len(chosen)).astype(np.float32)[:, None, None]
    height, width, channels = images.shape[1:]
    row = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
    column = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None]
    cosine, sine = np.cos(angle), np.sin(angle)
    rows = np.clip(cosine * row + sine * column + (height - 1) / 2, 0, height - 1)
    columns = np.clip(-sine * row + cosine * column + (width - 1) / 2, 0, width - 1)
    top, left = np.minimum(rows.astype(np.int32), height - 2), np.minimum(columns.astype(np.int32), width - 2)
    down, across = (rows - top)[..., None], (columns - left)[..., None]

    pixels = images[chosen].reshape(-1, channels).astype(np.float32)
    corner = top * width + left + (np.arange(len(chosen), dtype=np.int32) * height * width)[:, None, None]
    upper = pixels[corner] * (1 - across) + pixels[corner + 1] * across
    lower = pixels[corner + width] * (1 - across) + pixels[corner + width + 1] * across
    rotated = images.copy()
    rotated[chosen] = np.rint(upper * (1 - down) + lower * down)
    return rotated


def blur(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Replace each pixel by the rounded mean of the 3x3 square around it, mirrored at the edges."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect").astype(np.uint16)
    rows = padded[:, :height] + padded[:, 1:-1] + padded[:, 2:]
    total = rows[:, :, :width] + rows[:, :, 1:-1] + rows[:, :, 2:]
    return ((2 * total + 9) // 18).astype(np.uint8)


def cutout(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Fill 9 pixels at random places, which may coincide, with 255."""
    height, width = images.shape[1:3]
    rows = generator.integers(0, height, (len(images), 9))
    columns = generator.integers(0, width, (len(images), 9))
    holed = images.copy()
    holed[np.arange(len(images))[:, None], rows, columns] = 255
    return holed


def horizontal_flip(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Mirror left to right."""
    return images[:, :, ::-1]


def vertical_flip(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Mirror top to bottom."""
    return images[:, ::-1]


def gaussian_noise(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Add normal noise of mean 0, its variance drawn from 10 to 50 squared grey levels for each image."""
    deviation = np.sqrt(generator.uniform(10, 50, (len(images), 1, 1, 1))).astype(np.float32)
    noise = generator.standard_normal(images.shape, dtype=np.float32)
    return np.clip(np.rint(images + deviation * noise), 0, 255).astype(np.uint8)


OPERATIONS: tuple[Callable[[np.ndarray, np.random.Generator], np.ndarray], ...] = (
    jpeg_compression,
    rotation,
    blur,
    cutout,
    horizontal_flip,
    vertical_flip,
    gaussian_noise,
)


def augment(images: np.ndarray, generator: np.random.Generator, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Give each image one operation, drawn uniformly from the first k of the list.

    Args:
        images: uint8 (N, H, W, C).
        generator: draws the operations and everything in them.
        k: 1 to 7.

    Returns:
        The copies, uint8 (N, H, W, C), and the index of each one's operation, uint8 (N,).
    """
    operation = generator.integers(0, k, len(images)).astype(np.uint8)
    copies = np.empty_like(images)
    for number, function in enumerate(OPERATIONS[:k]):
        chosen = np.flatnonzero(operation == number)
        copies[chosen] = function(images[chosen], generator)
    return copies, operation


def write(
    directory: str | Path,
    dataset: str | Path,
    *,
    n: int,
    k: int,
    seed: int,
    processes: int = 1,
    progress: Callable[[int], object] = lambda images: None,
) -> dict[str, Any]:
    """Write n copies of every training image and return the manifest.

    Row c * N + i of ``images.npy`` (uint8, (n N, H, W, C)) is copy c of image i; ``source.npy`` (int32) holds
    i and ``operation.npy`` (uint8) the index of its operation. ``manifest.json`` comes last: a folder with
    one is complete.

    Args:
        directory: the folder to write, made if missing.
        dataset: a prepared dataset's folder.
        n: copies per image, 1 or more.
        k: operations that take part, 1 to 7.
        seed: of all draws.
        processes: worker processes; the bytes written do not depend on it.
        progress: called with the number of copies that were just finished.

    Raises:
        ValueError: n or k is out of range.
        DatasetError: the dataset is missing or damaged.
    """
    if n < 1:
        raise ValueError(f"there must be at least 1 copy per image, not {n}")
    if not 1 <= k <= len(OPERATIONS):
        raise ValueError(f"the operations must be the first 1 to {len(OPERATIONS)} of the list, not {k}")
    data = arrays.load(dataset)
    count, directory = len(data.train_images), Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "manifest.json").unlink(missing_ok=True)

    images = np.lib.format.open_memmap(
        directory / "images.npy", mode="w+", dtype=np.uint8, shape=(n * count, *data.shape)
    )
    operation = np.empty(n * count, np.uint8)
    step = max(1, CHUNK_BYTES // int(np.prod(data.shape)))
    chunks = [(copy, first) for copy in range(n) for first in range(0, count, step)]
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of the caller's threads
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = {
            pool.submit(_write_chunk, directory / "images.npy", dataset, copy, first, step, k, seed): (
                copy,
                first,
            )
            for copy, first in chunks
        }
        for future in as_completed(futures):
            copy, first = futures[future]
            drawn = future.result()
            operation[copy * count + first : copy * count + first + len(drawn)] = drawn
            progress(len(drawn))

    source = np.tile(np.arange(count, dtype=np.int32), n)
    for name, array in (("source", source), ("operation", operation)):
        with arrays.replacing(directory / f"{name}.npy") as temporary:
            np.save(temporary, array)
    manifest = {
        "dataset": data.name,
        "dataset_digest": data.digest,
        "copies": n,
        "operations": [function.__name__ for function in OPERATIONS[:k]],
        "seed": seed,
        "shape": list(images.shape),
        "sha256": {
            "images": arrays.sha256(images),
            "source": arrays.sha256(source),
            "operation": arrays.sha256(operation),
        },
    }
    manifest["digest"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    with arrays.replacing(directory / "manifest.json") as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def load(directory: str | Path) -> "Copies":
    """Open a folder that ``write`` filled; the images stay on disk until they are indexed.

    Raises:
        DatasetError: there is no manifest, so the folder is missing or unfinished.
    """
    directory = Path(directory)
    try:
        manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{directory} holds no finished copies: it has no manifest.json") from None
    return Copies(
        images=np.load(directory / "images.npy", mmap_mode="r"),
        source=np.load(directory / "source.npy"),
        operation=np.load(directory / "operation.npy"),
        manifest=manifest,
    )


def load_for(directory: str | Path, dataset: str | Path, wanted: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of copies, uint8 (n N, H, W, C), memory-mapped, and their sources, int32 (n N,).

    Args:
        directory: a folder that ``write`` filled.
        dataset: the prepared data set that they must be copies of.
        wanted: ``number`` of copies of each image and ``operations`` that they must be drawn from.

    Raises:
        DatasetError: there are no finished copies, or they are others.
    """
    copies, digest = load(directory), arrays.load(dataset).digest
    made = copies.manifest
    found = {"number": made["copies"], "operations": len(made["operations"])}
    if found != dict(wanted) or made["dataset_digest"] != digest:
        raise DatasetError(
            f"{directory} holds {found['number']} copies of each image by {found['operations']} operations, made from "
            f"{made['dataset']}; the experiment wants {wanted['number']} by {wanted['operations']} of {dataset}"
        )
    return copies.images, copies.source


@dataclass(frozen=True, eq=False)
class Copies:
    """Augmented copies of a dataset's training images.

    Attributes:
        images: uint8 (n N, H, W, C), memory-mapped read-only.
        source: int32 (n N,), the training image that each is a copy of: its label is ``labels[source]``.
        operation: uint8 (n N,), an index into the manifest's operations.
        manifest: the parsed ``manifest.json``, see ``write``.
    """

    images: np.ndarray
    source: np.ndarray
    operation: np.ndarray
    manifest: dict[str, Any]


def _write_chunk(path: Path, dataset: str | Path, copy: int, first: int, step: int, k: int, seed: int) -> np.ndarray:
    """Write one chunk's copies into the array on disk and return their operations; runs in a worker."""
    images = np.load(Path(dataset) / "train_images.npy", mmap_mode="r")
    chunk = np.array(images[first : first + step])
    copies, operation = augment(chunk, stream(seed, "growing_batch", copy, first), k)
    start = copy * len(images) + first
    np.load(path, mmap_mode="r+")[start : start + len(copies)] = copies
    return operation
