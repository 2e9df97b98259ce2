"""Random rotation by a multiple of 90 degrees."""

from typing import Any

from keras import ops

from lookbook.augmentation._draws import Seed, check_probability, uniform


def quarter_turns(images: Any, labels: Any, seed: Seed, *, probability: float = 1.0) -> tuple[Any, Any]:
    """Rotate square images counterclockwise by 0, 90, 180 or 270 degrees with equal probability.

    ``keras.layers.RandomRotation`` draws from a continuous range of angles.

    Args:
        probability: probability that an image is rotated by one of the four angles; others stay unchanged.

    Raises:
        ValueError: the images are not square, or the probability is not between 0 and 1.
    """
    if images.shape[1] != images.shape[2]:
        raise ValueError(f"quarter_turns needs square images; got {images.shape[1]}x{images.shape[2]}")
    check_probability(probability)
    draw, quarter = uniform(images, seed, (0.0, 1.0), (0.0, 4.0))
    turns = ops.where(draw < probability, ops.floor(quarter), ops.zeros_like(quarter))
    # Odd numbers of turns transpose the image; then 1 and 2 flip its rows, and 2 and 3 its columns.
    turned = ops.where((turns == 1) | (turns == 3), ops.transpose(images, (0, 2, 1, 3)), images)
    turned = ops.where((turns == 1) | (turns == 2), ops.flip(turned, axis=1), turned)
    turned = ops.where((turns == 2) | (turns == 3), ops.flip(turned, axis=2), turned)
    return turned, labels
