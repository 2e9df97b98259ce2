"""Zoom each axis by its own factor."""

from typing import Any

import keras

from lookbook.augmentation._draws import uniform
from lookbook.augmentation._resampling import centred, resample_axes


def zoom(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, minimum: float = 0.9, maximum: float = 1.1
) -> tuple[Any, Any]:
    """Zoom about the image centre, factors for the two axes drawn independently.

    The `zoom_range` of Keras's ImageDataGenerator: a factor scales the *source* coordinates, so above 1 the
    object shrinks (and the edge pixels are repeated around it), and below 1 it grows. Bilinear.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        minimum: smallest factor.
        maximum: largest factor.
    """
    rows, columns = uniform(images, seed, (minimum, maximum), (minimum, maximum))
    height, width = images.shape[1:3]
    row = rows[:, :, 0, 0] * centred(height) + (height - 1) / 2
    column = columns[:, :, 0, 0] * centred(width) + (width - 1) / 2
    return resample_axes(images, row, column), labels
