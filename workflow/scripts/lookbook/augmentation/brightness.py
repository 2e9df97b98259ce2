"""Make brighter or darker."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import uniform


def brightness(images: Any, labels: Any, seed: keras.random.SeedGenerator, *, delta: float = 0.2) -> tuple[Any, Any]:
    """Add one value to all pixels of an image, as `tf.image.random_brightness` does, then clip to 0..255.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        delta: largest change to either side, as a fraction of the range 0..255.

    Raises:
        ValueError: delta is negative.
    """
    (change,) = uniform(images, seed, (-255.0 * delta, 255.0 * delta))
    return ops.clip(images + change, 0.0, 255.0), labels
