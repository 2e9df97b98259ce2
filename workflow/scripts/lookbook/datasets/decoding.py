"""Decode and resize image files of any size into one uint8 array on disk, in parallel and in bounded memory.

Worker processes decode; the parent process appends their results to the .npy file in the order of the names. It does
not map the file, because mapped pages count as resident memory, and each worker has at most a few chunks at a time,
so memory does not grow with the number of images. The bytes written do not depend on the number of workers.
"""

import hashlib
import io
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from tqdm import tqdm

from lookbook.datasets.archives import Files, open_files
from lookbook.errors import DatasetError

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


@dataclass(frozen=True)
class Picture:
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
    with (
        target.open("wb") as file,
        tqdm(total=len(names), desc=description, unit="image", mininterval=1) as progress,
    ):
        _write_header(file, (0, *shape))
        for position, outcome in enumerate(_decode_all(source, names, size, mode, workers)):
            progress.update()
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
    return DecodedImages(
        kept=np.asarray(kept, np.int64),
        heights=np.asarray(heights, np.int32),
        widths=np.asarray(widths, np.int32),
        skipped=skipped,
        sha256=digest.hexdigest(),
    )


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
            pixels = np.asarray(resized, np.uint8).reshape(size, size, CHANNELS[mode])
            return Picture(np.ascontiguousarray(pixels), image.height, image.width)
    except Image.UnidentifiedImageError:
        return "not an image"
    except Image.DecompressionBombError:
        return "too many pixels"
    except Exception as error:  # Decoders raise OSError, SyntaxError, ValueError, struct.error and more.
        return "truncated" if "truncated" in str(error) else f"corrupt ({type(error).__name__})"


def _objection(image: Image.Image, extension: str, mode: str) -> str | None:
    if image.format != KINDS[extension]:
        return f"named {extension} but holds {image.format}"
    if getattr(image, "n_frames", 1) > 1:
        return "animated"
    if image.mode != mode:
        return f"color mode {image.mode}, not {mode}"
    if image.width * image.height > MAX_PIXELS:
        return "too many pixels"
    return None


def _write_header(file: io.BufferedWriter, shape: tuple[int, ...]) -> None:
    """Write the header of a .npy file. NumPy pads it, so its length does not depend on the first dimension."""
    fields = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, fields)


def _decode_all(source: Path, names: Sequence[str], size: int, mode: str, workers: int) -> Iterator[Picture | str]:
    """Yield the image or the reason of each name, in order."""
    with open_files(source) as files:  # also if workers read: an unreadable source is not reported as a dead worker
        if workers <= 1:
            for name in names:
                yield _read_and_decode(files, name, size, mode)
            return
    # Spawned, because a forked process inherits the locks and the memory of the calling process.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start_worker, (source, size, mode))
    chunks = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
    with pool:
        try:
            for outcomes in _in_order(pool, chunks, workers * CHUNKS_PER_WORKER):
                yield from outcomes
        except BrokenProcessPool as error:
            raise DatasetError(
                f"{source}: a decoding process ended unexpectedly, perhaps for lack of memory; use fewer workers"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, chunks: Iterable[Sequence[str]], ahead: int) -> Iterator[list[Picture | str]]:
    """Yield the results of the chunks in order, with at most ``ahead`` of them submitted and not yet consumed."""
    waiting: deque[Future[list[Picture | str]]] = deque()
    for chunk in chunks:
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
        waiting.append(pool.submit(_decode_chunk, chunk))
    while waiting:
        yield waiting.popleft().result()


def _read_and_decode(files: Files, name: str, size: int, mode: str) -> Picture | str:
    try:
        data = files.read(name)
    except DatasetError as error:
        return f"unreadable ({type(error.__cause__).__name__})" if error.__cause__ else "file too large"
    return decode(data, name, size, mode)


# State of a worker process. The archive is opened once, because its table of contents is long.
_worker: tuple[Files, int, str] | None = None
_open = ExitStack()


def _start_worker(source: Path, size: int, mode: str) -> None:
    global _worker
    _worker = (_open.enter_context(open_files(source)), size, mode)


def _decode_chunk(names: Sequence[str]) -> list[Picture | str]:
    assert _worker is not None
    files, size, mode = _worker
    return [_read_and_decode(files, name, size, mode) for name in names]
