"""Make colours stronger or paler."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._colour import is_grey, value_and_chroma
from lookbook.augmentation._draws import uniform


def saturation(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, minimum: float = 0.8, maximum: float = 1.2
) -> tuple[Any, Any]:
    """Scale the saturation in HSV space, as `tf.image.random_saturation` does; grey images stay as they are.

    Args:
        images: (B, H, W, 1 or 3) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        minimum: smallest factor; 0 is grey.
        maximum: largest factor.

    Raises:
        ValueError: the minimum exceeds the maximum, or the images have neither 1 nor 3 channels.
    """
    (factor,) = uniform(images, seed, (minimum, maximum))
    if is_grey(images):
        return images, labels
    value, chroma = value_and_chroma(images)
    # saturation is chroma / value and stays at most 1; scaling it scales each channel's distance from the value
    largest = value / ops.maximum(chroma, 1e-3)
    return value + (images - value) * ops.minimum(factor, ops.maximum(largest, 1.0)), labels
