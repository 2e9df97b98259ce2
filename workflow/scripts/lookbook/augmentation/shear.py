"""Shear by a random angle."""

from math import pi
from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import uniform
from lookbook.augmentation._resampling import resample_affine


def shear(images: Any, labels: Any, seed: keras.random.SeedGenerator, *, degrees: float = 1.0) -> tuple[Any, Any]:
    """Shear rows against each other about the image centre, bilinear, the edge pixels repeated outside.

    The `shear_range` of Keras's ImageDataGenerator: source row = cos(a) row, source column = column - sin(a)
    row.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        degrees: largest angle to either side.

    Raises:
        ValueError: degrees is negative.
    """
    (angle,) = uniform(images, seed, (-degrees * pi / 180, degrees * pi / 180))
    return resample_affine(images, ((ops.cos(angle), 0.0), (-ops.sin(angle), 1.0))), labels
