"""Zoom, rotation, shift, shear and quarter turns: where each output pixel comes from.

The test image has two channels that hold each pixel's own row and column. Bilinear interpolation reproduces linear
ramps exactly, so a transformed image states the input position of every output pixel.
"""

from typing import Any

import numpy as np
import pytest
from augmentation_calls import assert_uniform, augmented
from scipy import ndimage

from lookbook.augmentation.quarter_turns import quarter_turns
from lookbook.augmentation.rotation import rotation
from lookbook.augmentation.shear import shear
from lookbook.augmentation.shift import shift
from lookbook.augmentation.zoom import zoom

SIZE = 29
CENTER = (SIZE - 1) / 2
MANY = 2000


def call(function: Any, images: np.ndarray, **arguments: Any) -> np.ndarray:
    return augmented(function, images, **arguments)[0]


def positions(count: int) -> np.ndarray:
    """Return images whose channels are the row and the column of each pixel."""
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), axis=-1).astype("float32")
    return np.repeat(grid[None], count, axis=0)


def linear_maps(sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (N, 2, 2) matrices and the (N, 2) input positions of the center, from pixels far from the borders."""
    middle = int(CENTER)
    down = (sources[:, middle + 4, middle] - sources[:, middle - 4, middle]) / 8
    across = (sources[:, middle, middle + 4] - sources[:, middle, middle - 4]) / 8
    return np.stack([down, across], axis=-1), sources[:, middle, middle]


def pictures(width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (3, SIZE, width, channels)).astype("float32")


def reference(image: np.ndarray, matrix: np.ndarray, move: tuple[float, float] = (0, 0)) -> np.ndarray:
    """Resample about the center with SciPy, as Keras's former ImageDataGenerator did."""
    center = (np.array(image.shape[:2]) - 1) / 2
    offset = center - matrix @ center + np.array(move)
    channels = [
        ndimage.affine_transform(image[..., c].astype(float), matrix, offset, order=1, mode="nearest")
        for c in range(image.shape[-1])
    ]
    return np.stack(channels, axis=-1)


def test_zoom_draws_a_factor_for_each_axis() -> None:
    matrices, centers = linear_maps(call(zoom, positions(MANY), minimum=0.9, maximum=1.1))
    np.testing.assert_allclose(centers, CENTER, atol=1e-3)
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


def test_rotation_is_within_its_degrees_about_the_center() -> None:
    matrices, centers = linear_maps(call(rotation, positions(MANY), degrees=20.0))
    np.testing.assert_allclose(centers, CENTER, atol=1e-3)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-3)
    np.testing.assert_allclose(matrices[:, 0, 0], matrices[:, 1, 1], atol=1e-3)
    assert_uniform(np.degrees(np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0])), -20, 20)


def test_rotation_resamples_as_scipy_does() -> None:
    images = np.concatenate([positions(3), pictures(SIZE, 1)], axis=-1)
    rotated = call(rotation, images, degrees=45.0)
    matrices, _ = linear_maps(rotated[..., :2])
    for before, after, matrix in zip(images, rotated, matrices, strict=True):
        np.testing.assert_allclose(after, reference(before, matrix), atol=0.05)


def test_a_reflected_border_mirrors_about_the_edge_pixel_without_repeating_it() -> None:
    images = np.concatenate([positions(3), pictures(SIZE, 1)], axis=-1)
    rotated = call(rotation, images, degrees=45.0, fill_mode="reflect")
    matrices, _ = linear_maps(rotated[..., :2])
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij"), axis=-1) - CENTER
    for before, after, matrix in zip(images, rotated, matrices, strict=True):
        # NumPy's own reflection, wide enough for the corners, and bilinear weights of the four neighbors.
        padded = np.pad(before[..., 2].astype(float), SIZE - 1, mode="reflect")
        source = grid @ matrix.T + CENTER + SIZE - 1
        row, column = np.floor(source).astype(int)[..., 0], np.floor(source).astype(int)[..., 1]
        down, across = np.moveaxis(source - np.floor(source), -1, 0)
        upper = padded[row, column] * (1 - across) + padded[row, column + 1] * across
        lower = padded[row + 1, column] * (1 - across) + padded[row + 1, column + 1] * across
        np.testing.assert_allclose(after[..., 2], upper * (1 - down) + lower * down, atol=0.05)


def test_rotation_changes_the_given_share_of_images() -> None:
    matrices, _ = linear_maps(call(rotation, positions(MANY), degrees=45.0, probability=0.3))
    assert np.mean(np.abs(matrices[:, 0, 1]) > 1e-4) == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize(
    ("axis", "most", "arguments"), [(1, 0.4, {"width": 0.4}), (0, 0.2, {"height": 0.2, "width": 0.0})]
)
def test_shift_moves_by_a_fraction_of_the_size_along_one_axis(axis: int, most: float, arguments: dict) -> None:
    sources = call(shift, positions(MANY), **arguments)
    np.testing.assert_allclose(sources[..., 1 - axis], positions(MANY)[..., 1 - axis], atol=1e-3)
    assert_uniform(sources[:, int(CENTER), int(CENTER), axis] - CENTER, -most * SIZE, most * SIZE)


def test_shift_repeats_the_edge() -> None:
    sources = call(shift, positions(50), width=0.4)
    assert sources.min() >= 0
    assert sources.max() <= SIZE - 1
    assert (sources[..., 1] == 0).sum(axis=(1, 2)).max() > 5 * SIZE


def test_shear_follows_the_matrix_of_keras() -> None:
    matrices, centers = linear_maps(call(shear, positions(MANY), degrees=15.0))
    np.testing.assert_allclose(centers, CENTER, atol=1e-3)
    angle = np.arcsin(-matrices[:, 1, 0])
    assert_uniform(np.degrees(angle), -15, 15)
    np.testing.assert_allclose(matrices[:, 0, 0], np.cos(angle), atol=1e-3)
    np.testing.assert_allclose(matrices[:, 0, 1], 0, atol=1e-3)
    np.testing.assert_allclose(matrices[:, 1, 1], 1, atol=1e-3)


def test_quarter_turns_are_equally_likely() -> None:
    images = positions(MANY)
    turned = call(quarter_turns, images)
    counts = [(turned == np.rot90(images, k, axes=(1, 2))).all(axis=(1, 2, 3)).sum() for k in range(4)]
    assert sum(counts) == MANY
    np.testing.assert_allclose(np.array(counts) / MANY, 0.25, atol=0.04)
