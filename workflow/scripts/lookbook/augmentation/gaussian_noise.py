"""Add Gaussian noise."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import random_normal, uniform


def gaussian_noise(
    images: Any,
    labels: Any,
    seed: keras.random.SeedGenerator,
    *,
    minimum_variance: float = 10.0,
    maximum_variance: float = 50.0,
) -> tuple[Any, Any]:
    """Add independent normal noise to every value; its variance is drawn for each image. Clipped to 0..255.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by two.
        minimum_variance: smallest variance, in squared pixel units, 0 or more.
        maximum_variance: largest variance.

    Raises:
        ValueError: the minimum is negative or exceeds the maximum.
    """
    if minimum_variance < 0:
        raise ValueError(f"a variance cannot be negative: {minimum_variance}")
    (variance,) = uniform(images, seed, (minimum_variance, maximum_variance))
    noise = random_normal(ops.shape(images), seed)
    return ops.clip(images + ops.sqrt(variance) * noise, 0.0, 255.0), labels
