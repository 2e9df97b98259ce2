"""The idx format of MNIST and Fashion-MNIST: a big-endian header and raw bytes, usually gzipped.

Header: two zero bytes, the type (0x08 is uint8, the only one read here), the number of dimensions, then each
size as a 32-bit whole number. http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from lookbook.datasets.arrays import replacing
from lookbook.errors import DatasetError

UINT8 = 0x08


def read_idx(path: str | Path) -> np.ndarray:
    """Read a uint8 idx file, gzipped or plain (told apart by content, not by name).

    Returns:
        A read-only uint8 array of the shape in the header, (N, H, W) for images and (N,) for labels.

    Raises:
        DatasetError: the file is missing, damaged, truncated, too long, or not idx with uint8 values.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist") from None
    except EOFError:
        raise DatasetError(f"{path} is truncated: its gzip stream has no end") from None
    except (OSError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None

    if len(content) < 4:
        raise DatasetError(f"{path} is truncated: {len(content)} bytes are no idx header")
    if content[:2] != b"\0\0" or content[2] != UINT8:
        raise DatasetError(f"{path} is no idx file of uint8 values: it starts with {content[:4].hex(' ')}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DatasetError(f"{path} is truncated inside its idx header")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    expected, found = math.prod(shape), len(content) - start
    if found != expected:
        what = "is truncated" if found < expected else "is too long"
        raise DatasetError(f"{path} {what}: {found} bytes of values, the header {list(shape)} says {expected}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def write_idx(path: str | Path, array: np.ndarray) -> None:
    """Write a uint8 array as a gzipped idx file, at once or not at all.

    The gzip header carries neither time nor name, so the same array gives the same bytes.

    Args:
        path: the file, customarily ``<name>-idx<dimensions>-ubyte.gz``; its folder must exist.
        array: uint8, of any shape.

    Raises:
        ValueError: the array is not uint8.
    """
    if array.dtype != np.uint8:
        raise ValueError(f"idx files are written from uint8 arrays, not {array.dtype}")
    header = struct.pack(f">HBB{array.ndim}I", 0, UINT8, array.ndim, *array.shape)
    with (
        replacing(Path(path)) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as file,
    ):
        file.write(header)
        file.write(np.ascontiguousarray(array).data)
