"""Hue, saturation, noise, blur, JPEG, and the draw of one of k operations: what they do to pixel values."""

import colorsys
import io
from typing import Any

import keras
import numpy as np
import pytest
from augmentation_calls import assert_uniform, augmented
from PIL import Image
from scipy import ndimage

from lookbook.augmentation._jpeg import jpeg, quantization_table
from lookbook.augmentation.blur import blur
from lookbook.augmentation.gaussian_noise import gaussian_noise
from lookbook.augmentation.hue import hue
from lookbook.augmentation.one_of_k import OPERATIONS, one_of_k
from lookbook.augmentation.rotation import rotation
from lookbook.augmentation.saturation import saturation

MANY = 2000


def call(function: Any, images: np.ndarray, **arguments: Any) -> np.ndarray:
    return augmented(function, images, **arguments)[0]


def smooth_pictures(count: int, size: int = 28) -> np.ndarray:
    noise = np.random.default_rng(3).normal(size=(count, size, size, 1))
    smooth = ndimage.gaussian_filter(noise, (0, 2, 2, 0))
    return np.clip(128 + 400 * smooth, 0, 255).round().astype("float32")


def hsv(images: np.ndarray) -> np.ndarray:
    return np.array([colorsys.rgb_to_hsv(*(image[0, 0] / 255)) for image in images.astype(float)])


def test_hue_rotates_the_hue_and_keeps_saturation_and_value() -> None:
    # A red just below the jump of the hue from 1 to 0.
    color = np.array([200, 40, 50], "float32")
    before = np.tile(color, (MANY, 2, 2, 1))
    old, new = hsv(before[:1]), hsv(call(hue, before, delta=0.02))
    turn = (new[:, 0] - old[:, 0] + 0.5) % 1 - 0.5
    assert_uniform(turn, -0.02, 0.02)
    np.testing.assert_allclose(new[:, 1:], np.repeat(old[:, 1:], MANY, axis=0), atol=1e-3)


def test_saturation_scales_and_keeps_hue_and_value() -> None:
    before = np.tile(np.array([100, 150, 200], "float32"), (MANY, 2, 2, 1))
    old, new = hsv(before[:1]), hsv(call(saturation, before, minimum=0.8, maximum=1.2))
    assert_uniform(new[:, 1] / old[0, 1], 0.8, 1.2)
    np.testing.assert_allclose(new[:, [0, 2]], np.repeat(old[:, [0, 2]], MANY, axis=0), atol=1e-3)


def test_saturation_zero_gives_gray() -> None:
    images = np.random.default_rng(0).uniform(0, 255, (4, 5, 5, 3)).astype("float32")
    after = call(saturation, images, minimum=0.0, maximum=0.0)
    assert np.ptp(after, axis=-1).max() < 1e-2


def test_gaussian_noise_has_the_drawn_variance() -> None:
    noise = call(gaussian_noise, np.full((MANY, 28, 28, 1), 128, "float32")) - 128
    variance = noise.var(axis=(1, 2, 3))
    assert variance.mean() == pytest.approx(30, abs=1)
    assert variance.std() == pytest.approx(40 / np.sqrt(12), rel=0.1)
    assert 8 < variance.min() < 12
    assert 46 < variance.max() < 60
    assert abs(noise.mean()) < 0.02
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.01


def test_blur_is_the_mean_of_the_square_mirrored_at_the_edges() -> None:
    images = np.random.default_rng(0).uniform(0, 255, (3, 9, 7, 2)).astype("float32")
    expected = ndimage.uniform_filter(images, (0, 3, 3, 0), mode="mirror")
    np.testing.assert_allclose(call(blur, images), expected, atol=1e-3)


def pillow_jpeg(image: np.ndarray, quality: int) -> tuple[np.ndarray, list[int]]:
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0].astype("uint8")).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as decoded:
        return np.asarray(decoded, "float32"), sorted(decoded.quantization[0])


@pytest.mark.parametrize("quality", [0, 1, 5, 10, 30, 75, 95])
@pytest.mark.parametrize("size", [28, 32])
def test_jpeg_gives_the_pixels_of_an_encoded_and_decoded_file(quality: int, size: int) -> None:
    images = smooth_pictures(20, size)
    ours = keras.ops.convert_to_numpy(jpeg(images, quality))[..., 0]
    theirs = np.stack([pillow_jpeg(image, quality)[0] for image in images])
    assert pillow_jpeg(images[0], quality)[1] == sorted(quantization_table(quality).ravel().tolist())
    # libjpeg computes with integers: pixels may differ by one, and rarely a coefficient is rounded differently.
    assert np.abs(ours - theirs).mean() < 0.3
    assert np.median(np.abs(ours - theirs)) == 0


def test_jpeg_of_quality_0_and_1_is_the_same_and_keeps_little_more_than_the_mean_of_a_block() -> None:
    images = smooth_pictures(5)
    lost = [keras.ops.convert_to_numpy(jpeg(images, quality)) for quality in (0, 1)]
    np.testing.assert_array_equal(*lost)
    assert np.abs(lost[0] - images).mean() > 3
    assert quantization_table(1).min() == quantization_table(0).max() == 255


@pytest.mark.parametrize("k", [1, 4, 7])
def test_one_of_k_gives_each_image_exactly_one_operation(k: int) -> None:
    image = smooth_pictures(1)
    # The image is not symmetric.
    image[0, :, :14] = image[0, :, :14] // 2
    after = call(one_of_k, np.repeat(image, MANY, axis=0), k=k)

    def share(expected: Any) -> float:
        return float(np.isclose(after, expected, atol=0.01).all(axis=(1, 2, 3)).mean())

    holes = ((after == 255) | (after == image)).all(axis=(1, 2, 3)) & (after != image).any(axis=(1, 2, 3))
    shares = {
        "jpeg": share(keras.ops.convert_to_numpy(jpeg(image, 1))),
        "same": share(image),
        "blur": share(call(blur, image)),
        "cutout": float(holes.mean()),
        "horizontal_flip": share(image[:, :, ::-1]),
        "vertical_flip": share(image[:, ::-1]),
    }
    shares["rotated or noisy"] = 1 - sum(shares.values())
    # Half of the images whose operation is the rotation.
    rotated = 0.5 / k if k > 1 else 0.0
    expected = {
        "jpeg": 1 / k,
        "same": rotated,
        "blur": 1 / k if k > 1 else 0.0,
        "cutout": 1 / k if k > 1 else 0.0,
        "horizontal_flip": 1 / k if k == 7 else 0.0,
        "vertical_flip": 1 / k if k == 7 else 0.0,
        "rotated or noisy": rotated + (1 / k if k == 7 else 0.0),
    }
    assert shares == pytest.approx(expected, abs=0.035)


def test_one_of_k_mirrors_the_borders_of_its_rotation() -> None:
    rotated = keras.ops.convert_to_numpy(
        OPERATIONS["rotation"](smooth_pictures(8), None, keras.random.SeedGenerator(5))[0]
    )
    expected = call(rotation, smooth_pictures(8), degrees=45.0, probability=0.5, fill_mode="reflect")
    np.testing.assert_array_equal(rotated, expected)
    assert (rotated != call(rotation, smooth_pictures(8), degrees=45.0, probability=0.5)).any()


def test_the_operations_are_those_of_the_growing_batch_document_in_its_order() -> None:
    names = "jpeg_compression rotation blur cutout horizontal_flip vertical_flip gaussian_noise"
    assert list(OPERATIONS) == names.split()
