"""Turn the colours."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._colour import is_grey, value_and_chroma
from lookbook.augmentation._draws import uniform


def hue(images: Any, labels: Any, seed: keras.random.SeedGenerator, *, delta: float = 0.02) -> tuple[Any, Any]:
    """Turn the hue of an image in HSV space, as `tf.image.random_hue` does; grey images stay as they are.

    Args:
        images: (B, H, W, 1 or 3) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        delta: largest turn to either side, as a fraction of the whole colour circle.

    Raises:
        ValueError: delta is negative, or the images have neither 1 nor 3 channels.
    """
    (turn,) = uniform(images, seed, (-delta, delta))
    if is_grey(images):
        return images, labels
    red, green, blue = images[..., :1], images[..., 1:2], images[..., 2:]
    value, chroma = value_and_chroma(images)
    scale = 1.0 / ops.where(chroma > 0, chroma, 1.0)
    # the hue in sixths of the circle, from the channel that is largest
    sixths = ops.where(
        value == red,
        (green - blue) * scale,
        ops.where(value == green, 2.0 + (blue - red) * scale, 4.0 + (red - green) * scale),
    )
    # each channel of a pixel of that hue lies below the largest by chroma times a trapezium of the hue
    position = sixths + 6.0 * turn + ops.convert_to_tensor([5.0, 3.0, 1.0], dtype="float32")
    position = position - 6.0 * ops.floor(position / 6.0)
    below = ops.clip(ops.minimum(position, 4.0 - position), 0.0, 1.0)
    return value - chroma * below, labels
