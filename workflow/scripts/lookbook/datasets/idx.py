"""The idx format of MNIST and Fashion-MNIST: a big-endian header and raw bytes, usually gzipped.

The header has two zero bytes, the type (0x08 is uint8, the only one supported here), the number of dimensions, and
each size as a 32-bit integer. http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from lookbook.errors import DatasetError
from lookbook.files import replacing

UINT8 = 0x08
GZIP = b"\x1f\x8b"
# Five times the largest file of Fashion-MNIST. Whatever a file declares, no more of it is decompressed.
MAX_BYTES = 2**28
MAX_DIMENSIONS = 4


def read_idx(path: Path) -> np.ndarray:
    """Read a uint8 idx file; its content, not its name, tells whether it is gzipped.

    Returns:
        A read-only uint8 array of the shape in the header, (N, H, W) for images and (N,) for labels.

    Raises:
        DatasetError: the file is missing, damaged, truncated, too long, or not an idx file of uint8 values.
    """
    try:
        with path.open("rb") as raw:
            is_gzipped = raw.read(2) == GZIP
            raw.seek(0)
            file = gzip.GzipFile(fileobj=raw) if is_gzipped else raw
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist") from None
    except EOFError:
        raise DatasetError(f"{path} is truncated: its gzip stream has no end") from None
    except (OSError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None

    if len(content) > MAX_BYTES:
        raise DatasetError(f"{path} has more than {MAX_BYTES:,} bytes of values, the maximum; use another file")
    if len(content) < 4:
        raise DatasetError(f"{path} is truncated: {len(content)} bytes are too few for an idx header")
    if content[:2] != b"\0\0" or content[2] != UINT8:
        raise DatasetError(f"{path} is not an idx file of uint8 values: it starts with {content[:4].hex(' ')}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DatasetError(f"{path} is truncated inside its idx header")
    if not 1 <= content[3] <= MAX_DIMENSIONS:
        raise DatasetError(f"{path} has {content[3]} dimensions; an idx file has 1 to {MAX_DIMENSIONS} here")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    expected, present = math.prod(shape), len(content) - start
    if present != expected:
        state = "is truncated" if present < expected else "is too long"
        raise DatasetError(f"{path} {state}: {present} bytes of values; its header {list(shape)} requires {expected}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array of any shape as a gzipped idx file, completely or not at all.

    The gzip header has neither time nor name, so the same array gives the same bytes.

    Raises:
        ValueError: the array is not uint8.
    """
    if array.dtype != np.uint8:
        raise ValueError(f"an idx file holds uint8 values here, not {array.dtype}")
    header = struct.pack(f">HBB{array.ndim}I", 0, UINT8, array.ndim, *array.shape)
    with (
        replacing(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as file,
    ):
        file.write(header)
        file.write(np.ascontiguousarray(array).data)
