"""Random translation."""

from typing import Any

from lookbook.augmentation._draws import Seed, uniform
from lookbook.augmentation._resampling import centered, resample_axes


def shift(images: Any, labels: Any, seed: Seed, *, width: float = 0.1, height: float = 0.0) -> tuple[Any, Any]:
    """Move each image by a fraction of its size with bilinear interpolation; borders repeat the edge pixel.

    The ``width_shift_range`` and ``height_shift_range`` of Keras's former ImageDataGenerator.

    ``keras.layers.RandomTranslation`` with ``fill_mode="nearest"`` does the same, but cannot be compiled by XLA on
    TensorFlow; in graph mode it runs at 0.57 of the speed with images of 28x28x1, and as fast with 64x64x3.

    Args:
        width: largest horizontal translation in either direction, as a fraction of W.
        height: largest vertical translation in either direction, as a fraction of H.

    Raises:
        ValueError: a fraction is negative.
    """
    rows, columns = images.shape[1:3]
    down, across = uniform(images, seed, (-height * rows, height * rows), (-width * columns, width * columns))
    row = centered(rows) + (rows - 1) / 2 + down[:, :, 0, 0]
    column = centered(columns) + (columns - 1) / 2 + across[:, :, 0, 0]
    return resample_axes(images, row, column), labels
