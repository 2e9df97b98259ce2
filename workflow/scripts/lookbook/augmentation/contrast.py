"""Stretch or squeeze the grey levels."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import uniform


def contrast(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, minimum: float = 0.8, maximum: float = 1.2
) -> tuple[Any, Any]:
    """Scale each channel's distance from its mean, as `tf.image.random_contrast` does, then clip to 0..255.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        minimum: smallest factor; below 1 is less contrast.
        maximum: largest factor.

    Raises:
        ValueError: the minimum exceeds the maximum.
    """
    (factor,) = uniform(images, seed, (minimum, maximum))
    mean = ops.mean(images, axis=(1, 2), keepdims=True)
    # x + (f - 1)(x - mean), not mean + f (x - mean): a factor of 1 then gives the image back exactly
    return ops.clip(images + (factor - 1.0) * (images - mean), 0.0, 255.0), labels
