"""The idx files of MNIST and Fashion-MNIST."""

import gzip
import struct

import numpy as np
import pytest

from lookbook.datasets.idx import read_idx, write_idx
from lookbook.errors import DatasetError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
HEADER = struct.pack(">HBB3I", 0, 8, 3, 2, 3, 4)


def test_a_file_has_a_big_endian_header_and_raw_bytes_and_the_same_bytes_under_any_name(tmp_path):
    for name in ("one.gz", "two.gz"):
        write_idx(tmp_path / name, IMAGES)
    assert {path.name for path in tmp_path.iterdir()} == {"one.gz", "two.gz"}
    assert gzip.decompress((tmp_path / "one.gz").read_bytes()) == HEADER + IMAGES.tobytes()
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


@pytest.mark.parametrize("shape", [(0,), (5,), (2, 3, 4), (2, 0, 4)])
def test_what_is_written_is_read_back(tmp_path, shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    write_idx(tmp_path / "array.gz", array)
    back = read_idx(tmp_path / "array.gz")
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, array)


def test_values_are_written_in_c_order_for_any_memory_layout(tmp_path):
    write_idx(tmp_path / "array.gz", np.asfortranarray(IMAGES)[::-1])
    np.testing.assert_array_equal(read_idx(tmp_path / "array.gz"), IMAGES[::-1])


def test_a_plain_file_is_read_like_a_gzipped_one_under_any_name(tmp_path):
    (tmp_path / "plain.gz").write_bytes(HEADER + IMAGES.tobytes())
    np.testing.assert_array_equal(read_idx(tmp_path / "plain.gz"), IMAGES)


def test_only_uint8_is_written(tmp_path):
    with pytest.raises(ValueError, match="float64"):
        write_idx(tmp_path / "images.gz", IMAGES.astype(float))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "truncated", id="empty"),
        pytest.param(HEADER[:9], "truncated inside its idx header", id="half a header"),
        pytest.param(HEADER + IMAGES.tobytes()[:-1], "truncated: 23 bytes", id="a byte short"),
        pytest.param(HEADER + IMAGES.tobytes() + b"\0", "too long", id="a byte long"),
        pytest.param(struct.pack(">HBBI", 0, 13, 1, 1) + b"\0" * 4, "not an idx file of uint8", id="floats"),
        pytest.param(b"<!DOCTYPE html>", "not an idx file", id="a page"),
        pytest.param(gzip.compress(HEADER + IMAGES.tobytes())[:-12], "truncated", id="gzip cut off"),
        pytest.param(gzip.compress(HEADER)[:-8] + b"\0" * 8, "cannot be read", id="gzip with a wrong checksum"),
        pytest.param(gzip.compress(HEADER)[:10] + b"\xff" * 20, "cannot be read", id="gzip of invalid data"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, content, complaint):
    path = tmp_path / "damaged-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=complaint) as error:
        read_idx(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(DatasetError, match=r"nothing-here\.gz does not exist"):
        read_idx(tmp_path / "nothing-here.gz")
