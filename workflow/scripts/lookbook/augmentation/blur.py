"""Blur by a box."""

from typing import Any

import keras
from keras import ops


def blur(images: Any, labels: Any, seed: keras.random.SeedGenerator, *, size: int = 3) -> tuple[Any, Any]:
    """Replace each pixel by the mean of the square around it; the image is mirrored at its edges.

    Nothing is drawn: every image is blurred, and the seed stays as it is.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: unused.
        size: side of the square in pixels, odd.

    Raises:
        ValueError: the size is even or below 1.
    """
    if size < 1 or size % 2 == 0:
        raise ValueError(f"the size of a blur must be odd, not {size}")
    height, width = images.shape[1:3]
    reach = size // 2
    padded = ops.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
    rows = sum(padded[:, i : i + height] for i in range(size))
    return sum(rows[:, :, j : j + width] for j in range(size)) / size**2, labels
