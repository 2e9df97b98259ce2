"""Random zoom."""

from typing import Any

from lookbook.augmentation._draws import Seed, uniform
from lookbook.augmentation._resampling import centered, resample_axes


def zoom(images: Any, labels: Any, seed: Seed, *, minimum: float = 0.9, maximum: float = 1.1) -> tuple[Any, Any]:
    """Zoom about the image center with independent factors for the two axes and bilinear interpolation.

    The ``zoom_range`` of Keras's former ImageDataGenerator: a factor scales the *input* coordinates, so that factors
    above 1 shrink the object, with borders that repeat the edge pixel, and factors below 1 enlarge it.

    ``keras.layers.RandomZoom`` with ``fill_mode="nearest"`` does the same, but cannot be compiled by XLA on
    TensorFlow; in graph mode it runs at 0.55 of the speed with images of 28x28x1, and as fast with 64x64x3.

    Args:
        minimum: smallest factor.
        maximum: largest factor.

    Raises:
        ValueError: the minimum is greater than the maximum.
    """
    rows, columns = uniform(images, seed, (minimum, maximum), (minimum, maximum))
    height, width = images.shape[1:3]
    row = rows[:, :, 0, 0] * centered(height) + (height - 1) / 2
    column = columns[:, :, 0, 0] * centered(width) + (width - 1) / 2
    return resample_axes(images, row, column), labels
