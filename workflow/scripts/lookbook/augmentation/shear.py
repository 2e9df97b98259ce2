"""Random shear."""

from math import pi
from typing import Any

from keras import ops

from lookbook.augmentation._draws import Seed, uniform
from lookbook.augmentation._resampling import resample_affine


def shear(images: Any, labels: Any, seed: Seed, *, degrees: float = 1.0) -> tuple[Any, Any]:
    """Shear about the image center with bilinear interpolation; borders repeat the edge pixel.

    The ``shear_range`` of Keras's former ImageDataGenerator: input row = cos(a) row and input column = column - sin(a)
    row for each output row and column, relative to the center.

    ``keras.layers.RandomShear`` shears about a corner by a uniform factor instead of a uniform angle, and cannot be
    compiled by XLA on TensorFlow; in graph mode it runs at 1.94 of the speed.

    Args:
        degrees: largest angle in either direction.

    Raises:
        ValueError: degrees is negative.
    """
    (angle,) = uniform(images, seed, (-degrees * pi / 180, degrees * pi / 180))
    return resample_affine(images, ((ops.cos(angle), 0.0), (-ops.sin(angle), 1.0))), labels
