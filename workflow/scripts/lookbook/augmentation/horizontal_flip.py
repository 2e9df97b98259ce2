"""Mirror left to right."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import chance


def horizontal_flip(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, probability: float = 0.5
) -> tuple[Any, Any]:
    """Mirror images left to right.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        probability: share of images that are mirrored.

    Raises:
        ValueError: the probability is outside 0 to 1.
    """
    return ops.where(chance(images, seed, probability), ops.flip(images, axis=2), images), labels
