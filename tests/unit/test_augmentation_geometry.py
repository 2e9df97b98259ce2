"""Zoom, rotation, shift, shear, flips and turns: where each output pixel comes from.

The test image has two channels that hold each pixel's own row and column. Bilinear interpolation keeps linear ramps
exact, so a transformed image says which source position every output pixel was read from.
"""

from typing import Any

import keras
import numpy as np
import pytest
from scipy import ndimage

from lookbook.augmentation.horizontal_flip import horizontal_flip
from lookbook.augmentation.quarter_turns import quarter_turns
from lookbook.augmentation.rotation import rotation
from lookbook.augmentation.shear import shear
from lookbook.augmentation.shift import shift
from lookbook.augmentation.vertical_flip import vertical_flip
from lookbook.augmentation.zoom import zoom

SIZE = 29
CENTRE = (SIZE - 1) / 2
MANY = 2000


def call(function: Any, images: np.ndarray, **arguments: Any) -> np.ndarray:
    labels = np.zeros((len(images), 1), "float32")
    return keras.ops.convert_to_numpy(function(images, labels, keras.random.SeedGenerator(7), **arguments)[0])


def positions(count: int) -> np.ndarray:
    """Images whose channels are the row and the column of each pixel."""
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), axis=-1).astype("float32")
    return np.repeat(grid[None], count, axis=0)


def linear_maps(sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (N, 2, 2) matrices and the (N, 2) source positions of the centre, from pixels well inside."""
    middle = int(CENTRE)
    down = (sources[:, middle + 4, middle] - sources[:, middle - 4, middle]) / 8
    across = (sources[:, middle, middle + 4] - sources[:, middle, middle - 4]) / 8
    return np.stack([down, across], axis=-1), sources[:, middle, middle]


def assert_uniform(values: np.ndarray, low: float, high: float) -> None:
    """The values fill the range evenly: its ends are nearly reached, mean and deviation are a uniform one's."""
    width = high - low
    assert low - 1e-3 * width <= values.min() <= low + 0.01 * width
    assert high - 0.01 * width <= values.max() <= high + 1e-3 * width
    assert abs(values.mean() - (low + high) / 2) < 4 * width / np.sqrt(12 * len(values))
    assert values.std() == pytest.approx(width / np.sqrt(12), rel=0.05)


def pictures(width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (3, SIZE, width, channels)).astype("float32")


def reference(image: np.ndarray, matrix: np.ndarray, move: tuple[float, float] = (0, 0)) -> np.ndarray:
    """SciPy's bilinear resampling about the centre, which Keras's ImageDataGenerator used."""
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre - matrix @ centre + np.array(move)
    channels = [
        ndimage.affine_transform(image[..., c].astype(float), matrix, offset, order=1, mode="nearest")
        for c in range(image.shape[-1])
    ]
    return np.stack(channels, axis=-1)


def test_zoom_draws_a_factor_for_each_axis() -> None:
    matrices, centres = linear_maps(call(zoom, positions(MANY), minimum=0.9, maximum=1.1))
    np.testing.assert_allclose(centres, CENTRE, atol=1e-3)
    np.testing.assert_allclose(matrices[:, 0, 1], 0, atol=1e-4)
    np.testing.assert_allclose(matrices[:, 1, 0], 0, atol=1e-4)
    assert_uniform(matrices[:, 0, 0], 0.9, 1.1)
    assert_uniform(matrices[:, 1, 1], 0.9, 1.1)
    assert abs(np.corrcoef(matrices[:, 0, 0], matrices[:, 1, 1])[0, 1]) < 0.08


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_zoom_resamples_as_keras_did(factor: float) -> None:
    images = pictures(width=SIZE - 4, channels=2)
    zoomed = call(zoom, images, minimum=factor, maximum=factor)
    for before, after in zip(images, zoomed, strict=True):
        np.testing.assert_allclose(after, reference(before, np.diag([factor, factor])), atol=0.01)


def test_zoom_above_1_shrinks_the_object_and_repeats_the_edge() -> None:
    image = np.full((1, 28, 28, 1), 10, "float32")
    image[:, 10:18, 10:18] = 200
    assert (call(zoom, image, minimum=1.5, maximum=1.5) > 105).sum() < 64
    assert (call(zoom, image, minimum=0.5, maximum=0.5) > 105).sum() > 64
    assert call(zoom, image, minimum=1.5, maximum=1.5)[0, 0, 0, 0] == 10


def test_rotation_is_within_its_degrees_about_the_centre() -> None:
    matrices, centres = linear_maps(call(rotation, positions(MANY), degrees=20.0))
    np.testing.assert_allclose(centres, CENTRE, atol=1e-3)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-3)
    np.testing.assert_allclose(matrices[:, 0, 0], matrices[:, 1, 1], atol=1e-3)
    assert_uniform(np.degrees(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0])), -20, 20)


def test_rotation_resamples_as_scipy_does() -> None:
    images = np.concatenate([positions(3), pictures(SIZE, 1)], axis=-1)
    rotated = call(rotation, images, degrees=45.0)
    matrices, _ = linear_maps(rotated[..., :2])
    for before, after, matrix in zip(images, rotated, matrices, strict=True):
        np.testing.assert_allclose(after, reference(before, matrix), atol=0.05)


def test_rotation_leaves_the_images_alone_that_it_does_not_choose() -> None:
    matrices, _ = linear_maps(call(rotation, positions(MANY), degrees=45.0, probability=0.3))
    assert np.mean(np.abs(matrices[:, 0, 1]) > 1e-4) == pytest.approx(0.3, abs=0.04)


def test_shift_moves_by_a_fraction_of_the_width() -> None:
    sources = call(shift, positions(MANY), width=0.4)
    np.testing.assert_allclose(sources[..., 0], positions(MANY)[..., 0], atol=1e-3)
    assert_uniform(sources[:, 5, int(CENTRE), 1] - CENTRE, -0.4 * SIZE, 0.4 * SIZE)


def test_shift_moves_by_a_fraction_of_the_height() -> None:
    sources = call(shift, positions(MANY), width=0.0, height=0.2)
    np.testing.assert_allclose(sources[..., 1], positions(MANY)[..., 1], atol=1e-3)
    assert_uniform(sources[:, int(CENTRE), 5, 0] - CENTRE, -0.2 * SIZE, 0.2 * SIZE)


def test_shift_repeats_the_edge() -> None:
    sources = call(shift, positions(50), width=0.4)
    assert sources.min() >= 0
    assert sources.max() <= SIZE - 1
    assert (sources[..., 1] == 0).sum(axis=(1, 2)).max() > 5 * SIZE


def test_shear_follows_the_matrix_of_keras() -> None:
    matrices, centres = linear_maps(call(shear, positions(MANY), degrees=15.0))
    np.testing.assert_allclose(centres, CENTRE, atol=1e-3)
    angle = np.arcsin(-matrices[:, 1, 0])
    assert_uniform(np.degrees(angle), -15, 15)
    np.testing.assert_allclose(matrices[:, 0, 0], np.cos(angle), atol=1e-3)
    np.testing.assert_allclose(matrices[:, 0, 1], 0, atol=1e-3)
    np.testing.assert_allclose(matrices[:, 1, 1], 1, atol=1e-3)


@pytest.mark.parametrize(("flip", "axis"), [(horizontal_flip, 1), (vertical_flip, 0)])
@pytest.mark.parametrize("probability", [0.25, 1.0])
def test_flips_mirror_the_given_share(flip: Any, axis: int, probability: float) -> None:
    images = positions(MANY)
    flipped = call(flip, images, probability=probability)
    mirrored = (flipped == np.flip(images, axis + 1)).all(axis=(1, 2, 3))
    same = (flipped == images).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert mirrored.mean() == pytest.approx(probability, abs=0.04)


def test_quarter_turns_are_equally_likely() -> None:
    images = positions(MANY)
    turned = call(quarter_turns, images)
    counts = [(turned == np.rot90(images, k, axes=(1, 2))).all(axis=(1, 2, 3)).sum() for k in range(4)]
    assert sum(counts) == MANY
    np.testing.assert_allclose(np.array(counts) / MANY, 0.25, atol=0.04)
