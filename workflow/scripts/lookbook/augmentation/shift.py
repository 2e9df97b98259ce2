"""Move the image along its axes."""

from typing import Any

import keras

from lookbook.augmentation._draws import uniform
from lookbook.augmentation._resampling import centred, resample_axes


def shift(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, width: float = 0.1, height: float = 0.0
) -> tuple[Any, Any]:
    """Move each image by a fraction of its size, bilinear, the edge pixels repeated behind it.

    The `width_shift_range` and `height_shift_range` of Keras's ImageDataGenerator.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        width: largest horizontal move to either side, as a fraction of W.
        height: largest vertical move up or down, as a fraction of H.

    Raises:
        ValueError: a fraction is negative.
    """
    rows, columns = images.shape[1:3]
    down, across = uniform(images, seed, (-height * rows, height * rows), (-width * columns, width * columns))
    row = centred(rows) + (rows - 1) / 2 + down[:, :, 0, 0]
    column = centred(columns) + (columns - 1) / 2 + across[:, :, 0, 0]
    return resample_axes(images, row, column), labels
