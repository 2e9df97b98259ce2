"""Decode and resize image files of any size into one uint8 array on disk, in parallel and in bounded memory.

Worker processes decode; the parent process appends their results to the .npy file in the order of the names. It does
not map the file, because mapped pages count as resident memory, and each worker has at most a few chunks at a time,
so memory does not grow with the number of images. The bytes written do not depend on the number of workers.
"""

import hashlib
import io
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from lookbook.datasets.archives import Files
from lookbook.errors import DatasetError
from lookbook.processes import end_with, start_of

KINDS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
CHANNELS = {"RGB": 3, "L": 1}
MAX_PIXELS = 25_000_000  # 100 MB when decoded; a worker holds one such image at a time
CHUNK = 32
CHUNKS_PER_WORKER = 3


@dataclass(frozen=True)
class DecodedImages:
    """The result of decoding a list of image files.

    Attributes:
        kept: int64 (N,), positions in the list of names of the images written, ascending.
        heights: int32 (N,), original heights in pixels.
        widths: int32 (N,), original widths in pixels.
        skipped: ``{"name": ..., "reason": ...}`` of each image left out, in the order of the names.
        sha256: hexadecimal digest of the pixels written, without the header of the file.
    """

    kept: np.ndarray
    heights: np.ndarray
    widths: np.ndarray
    skipped: list[dict[str, str]]
    sha256: str


class Picture(NamedTuple):
    """One decoded image: uint8 pixels (size, size, C) and its original height and width in pixels."""

    pixels: np.ndarray
    height: int
    width: int


def decode_images(
    source: Path,
    names: Sequence[str],
    target: Path,
    *,
    size: int,
    mode: str = "RGB",
    workers: int = 1,
    description: str = "decode",
) -> DecodedImages:
    """Decode image files, resize each to a square, and write them to one .npy file.

    Args:
        source: the folder or zip archive that holds the files.
        names: names of the files in it; the array has their order.
        target: the file to write: uint8 (N, size, size, C), C-ordered, ready for ``np.load(mmap_mode="r")``.
        size: height and width in pixels after bilinear resizing, which does not preserve the aspect ratio.
        mode: the required color mode: "RGB" (C = 3) or "L" (gray, C = 1). Other images are skipped.
        workers: number of processes that decode; with 1, this process decodes.
        description: label of the progress bar.

    Raises:
        DatasetError: the source cannot be opened, or a worker process died.
    """
    kept, heights, widths, skipped = [], [], [], []
    digest = hashlib.sha256()
    shape = (size, size, CHANNELS[mode])
    outcomes = _decode_all(source, names, size, mode, workers)
    progress = tqdm(outcomes, desc=description, total=len(names), unit="image", mininterval=1, disable=None)
    with target.open("wb") as file:
        _write_header(file, (0, *shape))
        for position, outcome in enumerate(progress):
            if isinstance(outcome, str):
                skipped.append({"name": names[position], "reason": outcome})
                continue
            kept.append(position)
            heights.append(outcome.height)
            widths.append(outcome.width)
            file.write(outcome.pixels.data)
            digest.update(outcome.pixels.data)
        file.seek(0)
        _write_header(file, (len(kept), *shape))
    sizes = np.asarray(heights, np.int32), np.asarray(widths, np.int32)
    return DecodedImages(np.asarray(kept, np.int64), *sizes, skipped, digest.hexdigest())


def decode(data: bytes, name: str, size: int, mode: str = "RGB") -> Picture | str:
    """Decode and resize one image, or return the reason for skipping it.

    An image is skipped if it is empty, truncated, corrupt, animated, too large, not in ``mode``, or not in the format
    of its file name extension. Reasons do not differ between runs or machines.
    """
    extension = PurePosixPath(name).suffix.lower()
    if extension not in KINDS:
        return f"unknown extension {extension or '(none)'}"
    if not data:
        return "empty file"
    try:
        with Image.open(io.BytesIO(data), formats=sorted(set(KINDS.values()))) as image:
            reason = _objection(image, extension, mode)
            if reason:
                return reason
            resized = image.resize((size, size), Image.Resampling.BILINEAR)
            return Picture(np.array(resized).reshape(size, size, CHANNELS[mode]), image.height, image.width)
    except Image.UnidentifiedImageError:
        return "not an image"
    except Image.DecompressionBombError:
        return "too many pixels"
    except Exception as error:  # Decoders raise OSError, SyntaxError, ValueError, struct.error and more.
        return "truncated" if "truncated" in str(error) else f"corrupt ({type(error).__name__})"


def _objection(image: Image.Image, extension: str, mode: str) -> str | None:
    if image.format != KINDS[extension]:
        return f"named {extension} but holds {image.format}"
    if image.width * image.height > MAX_PIXELS:
        return "too many pixels"
    if getattr(image, "is_animated", False):  # the number of frames is known only after reading all of them
        return "animated"
    if image.mode != mode:
        return f"color mode {image.mode}, not {mode}"
    return None


def _write_header(file: io.BufferedWriter, shape: tuple[int, ...]) -> None:
    """Write the header of a .npy file. NumPy pads it, so its length does not depend on the first dimension."""
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _decode_all(source: Path, names: Sequence[str], size: int, mode: str, workers: int) -> Iterator[Picture | str]:
    """Yield the image or the reason of each name, in order."""
    with Files(source) as files:  # also if workers read: an unreadable source is reported before any of them starts
        if workers <= 1:
            for name in names:
                yield _read_and_decode(files, name, size, mode)
            return
    # Spawned, because a forked process inherits the locks and the memory of the calling process. If that is killed, a
    # worker would wait for it without end.
    context, pid = multiprocessing.get_context("spawn"), os.getpid()
    with ProcessPoolExecutor(workers, context, initializer=end_with, initargs=(pid, start_of(pid))) as pool:
        waiting: deque[Future[list[Picture | str]]] = deque()
        try:
            for start in range(0, len(names), CHUNK):
                if len(waiting) >= workers * CHUNKS_PER_WORKER:
                    yield from waiting.popleft().result()
                waiting.append(pool.submit(_decode_chunk, source, names[start : start + CHUNK], size, mode))
            while waiting:
                yield from waiting.popleft().result()
        except BrokenProcessPool as error:
            raise DatasetError(
                f"{source}: a decoding process ended unexpectedly, perhaps for lack of memory; use fewer workers"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _read_and_decode(files: Files, name: str, size: int, mode: str) -> Picture | str:
    try:
        data = files.read(name)
    except DatasetError as error:
        return f"unreadable ({type(error.__cause__).__name__})" if error.__cause__ else "file too large"
    return decode(data, name, size, mode)


# Opened once in each worker process, because the table of contents of an archive is long.
_files = cache(Files)


def _decode_chunk(source: Path, names: Sequence[str], size: int, mode: str) -> list[Picture | str]:
    return [_read_and_decode(_files(source), name, size, mode) for name in names]
