"""Small files that decompress to gigabytes are refused before they take the memory."""

import gzip
import io
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import pytest
from PIL import Image

from lookbook.datasets.archives import Files
from lookbook.datasets.decoding import decode
from lookbook.datasets.idx import MAX_BYTES, read_idx
from lookbook.errors import DatasetError

LIMIT = 80 * 2**20
GIGABYTES = 2


@pytest.fixture(scope="module")
def deflated():
    """A raw deflate stream of two gigabytes of zeros; a full flush makes every mebibyte of it the same bytes."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = compressor.compress(bytes(2**20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first * (GIGABYTES * 2**10) + compressor.flush()


@pytest.fixture
def peak():
    """Return a function that returns the largest amount of memory, in bytes, since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def archive(path, data, *, method, declared, names=("a.jpg",)):
    """Write an archive whose headers declare a compression and a size, whatever its data are."""
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, data)
        for entry in file.infolist():
            entry.compress_type, entry.file_size = method, declared
    return path


@pytest.mark.parametrize("declared", [0, 100, 2**20, 60 * 2**20])
def test_no_more_of_a_deflate_bomb_is_decompressed_than_its_header_declares(tmp_path, deflated, peak, declared):
    path = archive(tmp_path / "bomb.zip", deflated, method=zipfile.ZIP_DEFLATED, declared=declared)
    with Files(path) as files, pytest.raises(DatasetError, match=r"a\.jpg cannot be read \(BadZipFile\)"):
        files.read("a.jpg")
    assert peak() < declared * 2 + LIMIT / 4


def test_a_deflate_bomb_that_declares_its_size_is_refused(tmp_path, deflated, peak):
    path = archive(tmp_path / "bomb.zip", deflated, method=zipfile.ZIP_DEFLATED, declared=GIGABYTES * 2**30)
    with Files(path) as files, pytest.raises(DatasetError, match=r"a\.jpg has 2,147,483,648 bytes; the maximum"):
        files.read("a.jpg")
    assert peak() < LIMIT


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_an_archive_is_refused_if_python_cannot_limit_its_decompression(tmp_path, method):
    path = archive(tmp_path / "bomb.zip", b"data", method=method, declared=100)
    with pytest.raises(DatasetError, match=r"bomb\.zip holds 'a\.jpg', compressed by another.*unpack it"):
        Files(path)


@pytest.mark.parametrize("name", ["a/" * 30_000 + "b.jpg", "a" * 5_000 + ".jpg", "1" * 5_000 + ".jpg", "a/" * 17 + "b"])
def test_long_and_deep_names_are_refused(tmp_path, peak, name):
    path = archive(tmp_path / "bomb.zip", b"x", method=zipfile.ZIP_STORED, declared=1, names=(name,))
    with pytest.raises(DatasetError, match=r"bomb\.zip holds .{1,60}\.\.\., a name of|bomb\.zip holds .* 17 folders"):
        Files(path)
    assert peak() < LIMIT


@pytest.mark.parametrize("shape", [(60_000, 28, 28), (2**31,), (2**32 - 1,) * 3])
def test_no_more_of_a_gzipped_idx_file_is_decompressed_than_the_maximum(tmp_path, deflated, peak, shape):
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    # The header of the idx file is a deflate block that is stored, before those of the zeros.
    stored = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + header
    path = tmp_path / "bomb-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(b"")[:10] + stored + deflated + bytes(8))
    with pytest.raises(DatasetError, match=r"bomb-idx3-ubyte\.gz has more than 268,435,456 bytes"):
        read_idx(path)
    assert peak() < MAX_BYTES + LIMIT


@pytest.mark.parametrize("dimensions", [0, 5, 100, 255])
def test_an_idx_file_of_many_dimensions_is_refused(tmp_path, dimensions):
    path = tmp_path / "a-idx3-ubyte"
    path.write_bytes(struct.pack(">HBB", 0, 8, dimensions) + struct.pack(">I", 1) * dimensions + b"\0")
    with pytest.raises(DatasetError, match=f"a-idx3-ubyte has {dimensions} dimensions"):
        read_idx(path)


@pytest.mark.parametrize("side", [5_001, 10_000, 20_000, 2**31 - 1])
def test_an_image_that_declares_many_pixels_is_skipped_before_it_is_decoded(side):
    stream = io.BytesIO()
    Image.new("RGB", (1, 1)).save(stream, "PNG")
    content = bytearray(stream.getvalue())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        assert decode(bytes(content), "a.png", 28) == "too many pixels"
