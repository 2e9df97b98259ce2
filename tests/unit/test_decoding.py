"""Decoding lists of image files; broken files are skipped with a reason."""

import hashlib
import io
import resource
import zipfile
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest
from PIL import Image

from lookbook.datasets import decoding
from lookbook.datasets.decoding import decode, decode_images
from lookbook.errors import DatasetError


def encode(mode="RGB", kind="JPEG", size=(30, 20), color=None, **options):
    stream = io.BytesIO()
    image = Image.new(mode, size) if color is None else Image.new(mode, size, color)
    image.save(stream, kind, **options)
    return stream.getvalue()


def encode_pixels(pixels, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def noise(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)
    return encode_pixels(pixels, "JPEG")


def folder_of(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return list(files)


FRAMES = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
BROKEN = {
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"not a picture", "not an image"),
    "zeros.jpg": (bytes(4000), "not an image"),
    "head.jpg": (encode()[:20], "truncated"),
    "half.jpg": (noise(64, 64)[:1500], "truncated"),
    "half.png": (encode(kind="PNG", size=(300, 300))[:200], "truncated"),
    "gray.jpg": (encode("L"), "color mode L, not RGB"),
    "cmyk.jpg": (encode("CMYK"), "color mode CMYK, not RGB"),
    "palette.png": (encode("P", "PNG"), "color mode P, not RGB"),
    "alpha.png": (encode("RGBA", "PNG"), "color mode RGBA, not RGB"),
    "deep.png": (encode("I;16", "PNG"), "color mode I;16, not RGB"),
    "moving.gif": (encode("RGB", "GIF", save_all=True, append_images=FRAMES, color="green"), "animated"),
    "moving.png": (encode("RGB", "PNG", save_all=True, append_images=FRAMES, size=(8, 8)), "animated"),
    "png.jpg": (encode(kind="PNG"), "named .jpg but holds PNG"),
    "jpeg.png": (encode(), "named .png but holds JPEG"),
    "Thumbs.db": (b"\xd0\xcf", "unknown extension .db"),
    "noextension": (encode(), "unknown extension (none)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_image_is_skipped_with_its_reason(name):
    data, reason = BROKEN[name]
    outcome = decode(data, name, 16)
    assert isinstance(outcome, str)
    assert reason in outcome or (reason == "truncated" and outcome.startswith(("corrupt", "not an image")))


def test_damage_anywhere_in_a_file_never_crashes_and_the_reason_names_no_memory_address():
    rng = np.random.default_rng(0)
    for name, data in (("a.jpg", noise(40, 40)), ("a.png", encode(kind="PNG", color="red"))):
        for _ in range(150):
            bad = bytearray(data[: rng.integers(1, len(data) + 1)])
            for place in rng.integers(len(bad), size=5):
                bad[place] = rng.integers(256)
            outcome = decode(bytes(bad), name, 16)
            assert isinstance(outcome, decoding.Picture) or "0x" not in outcome


def test_too_many_pixels_are_skipped_before_they_are_decoded(monkeypatch):
    data = encode(kind="PNG", size=(6000, 6000))
    assert len(data) < 200_000
    assert decode(data, "bomb.png", 16) == "too many pixels"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert decode(data, "bomb.png", 16) == "too many pixels"


def test_an_image_is_resized_to_a_square_without_keeping_its_aspect_ratio():
    wide = np.zeros((20, 80, 3), np.uint8)
    wide[:, 40:] = 255
    picture = decode(encode_pixels(wide), "a.png", 10)
    assert (picture.height, picture.width, picture.pixels.shape) == (20, 80, (10, 10, 3))
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels[:, :4].max() == 0
    assert picture.pixels[:, 6:].min() == 255


def test_an_image_of_the_right_size_keeps_its_pixels():
    pixels = np.random.default_rng(1).integers(256, size=(12, 12, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode(encode_pixels(pixels), "A.PNG", 12).pixels, pixels)


def test_gray_images_are_decoded_if_the_mode_is_gray():
    assert decode(encode("L", color=7), "a.jpg", 5, "L").pixels.shape == (5, 5, 1)
    assert decode(encode("RGB"), "a.jpg", 5, "L") == "color mode RGB, not L"


def test_good_images_are_stored_in_order_and_bad_ones_listed(tmp_path):
    colors = {f"{n}.png": encode(kind="PNG", size=(10 + n, 20), color=(n, 0, 0)) for n in range(5)}
    files = {**colors, "3.png": b"broken", "0.png": b""}
    names = folder_of(tmp_path / "in", files)
    result = decode_images(tmp_path / "in", names, tmp_path / "a.npy", size=4)
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert (array.shape, array.dtype, array.flags.c_contiguous) == ((3, 4, 4, 3), np.uint8, True)
    assert array[:, 0, 0, 0].tolist() == [1, 2, 4]
    assert result.kept.tolist() == [1, 2, 4]
    assert (result.widths.tolist(), result.heights.tolist()) == ([11, 12, 14], [20, 20, 20])
    assert result.heights.dtype == result.widths.dtype == np.int32
    assert result.skipped == [
        {"name": "0.png", "reason": "empty file"},
        {"name": "3.png", "reason": "not an image"},
    ]
    assert result.sha256 == hashlib.sha256(array.tobytes()).hexdigest()


def test_a_file_that_is_missing_or_damaged_in_its_archive_is_skipped(tmp_path):
    names = [*folder_of(tmp_path / "in", {"a.jpg": noise(9, 9)}), "gone.jpg"]
    result = decode_images(tmp_path / "in", names, tmp_path / "a.npy", size=4)
    assert result.skipped == [{"name": "gone.jpg", "reason": "unreadable (FileNotFoundError)"}]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jpg", noise(9, 9))
    raw = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(raw.replace(noise(9, 9)[60:70], bytes(10)))
    result = decode_images(tmp_path / "a.zip", ["a.jpg"], tmp_path / "a.npy", size=4)
    assert result.skipped == [{"name": "a.jpg", "reason": "unreadable (BadZipFile)"}]
    assert np.load(tmp_path / "a.npy", mmap_mode="r").shape == (0, 4, 4, 3)


def test_no_images_give_an_empty_array(tmp_path):
    result = decode_images(tmp_path, [], tmp_path / "a.npy", size=4, workers=2)
    assert np.load(tmp_path / "a.npy", mmap_mode="r").shape == (0, 4, 4, 3)
    assert (len(result.kept), result.skipped) == (0, [])


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path):
    files = {f"{n}.jpg": noise(20 + n, 30, seed=n) if n % 7 else b"bad" for n in range(100)}
    names = folder_of(tmp_path / "in", files)
    one, three = (
        decode_images(tmp_path / "in", names, tmp_path / f"{workers}.npy", size=16, workers=workers)
        for workers in (1, 3)
    )
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "3.npy").read_bytes()
    assert (one.skipped, one.sha256) == (three.skipped, three.sha256)
    assert len(one.skipped) == 15


def test_a_dead_worker_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    def die(*_):
        raise BrokenProcessPool

    monkeypatch.setattr(decoding.ProcessPoolExecutor, "submit", die)
    with pytest.raises(DatasetError, match="use fewer workers"):
        decode_images(tmp_path, ["a.jpg"], tmp_path / "a.npy", size=4, workers=2)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_missing_source_is_an_error(tmp_path, workers):
    with pytest.raises(DatasetError, match="does not exist"):
        decode_images(tmp_path / "absent", ["a.jpg"], tmp_path / "a.npy", size=4, workers=workers)


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    files = {f"{n}.jpg": noise(100, 80, seed=n) for n in range(8)}
    names = folder_of(tmp_path / "in", files)
    decode_images(tmp_path / "in", names * 4, tmp_path / "a.npy", size=224)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decode_images(tmp_path / "in", names * 64, tmp_path / "a.npy", size=224)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert (tmp_path / "a.npy").stat().st_size > 75e6
    assert grown < 20, f"{grown} MB more for 77 MB of images"
