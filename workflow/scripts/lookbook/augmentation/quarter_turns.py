"""Turn by a random multiple of 90 degrees."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import check_probability, uniform


def quarter_turns(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, probability: float = 1.0
) -> tuple[Any, Any]:
    """Turn images counter-clockwise by 0, 90, 180 or 270 degrees, each equally likely.

    Args:
        images: (B, H, H, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        probability: share of images for which the four turns are drawn; the rest stays upright.

    Raises:
        ValueError: images are not square, or the probability is outside 0 to 1.
    """
    if images.shape[1] != images.shape[2]:
        raise ValueError(f"quarter turns need square images, not {images.shape[1]}x{images.shape[2]}")
    check_probability(probability)
    draw, quarter = uniform(images, seed, (0.0, 1.0), (0.0, 4.0))
    turns = ops.where(draw < probability, ops.floor(quarter), ops.zeros_like(quarter))
    # a turn is a transposition (odd turns), then a flip of the rows (1, 2) and of the columns (2, 3)
    turned = ops.where((turns == 1) | (turns == 3), ops.transpose(images, (0, 2, 1, 3)), images)
    turned = ops.where((turns == 1) | (turns == 2), ops.flip(turned, axis=1), turned)
    turned = ops.where((turns == 2) | (turns == 3), ops.flip(turned, axis=2), turned)
    return turned, labels
