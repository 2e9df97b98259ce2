"""Rotate by a random angle."""

from math import pi
from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import check_probability, uniform
from lookbook.augmentation._resampling import resample_affine


def rotation(
    images: Any,
    labels: Any,
    seed: keras.random.SeedGenerator,
    *,
    degrees: float = 20.0,
    probability: float = 1.0,
) -> tuple[Any, Any]:
    """Rotate about the image centre, bilinear, the edge pixels repeated outside.

    The `rotation_range` of Keras's ImageDataGenerator. Its combined map is rotation, shift, shear, zoom:
    listed in this order, the transforms move the picture as it does.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one.
        degrees: largest angle to either side.
        probability: share of images that are rotated at all.

    Raises:
        ValueError: degrees is negative, or the probability outside 0 to 1.
    """
    check_probability(probability)
    angle, draw = uniform(images, seed, (-degrees * pi / 180, degrees * pi / 180), (0.0, 1.0))
    angle = ops.where(draw < probability, angle, ops.zeros_like(angle))
    cosine, sine = ops.cos(angle), ops.sin(angle)
    return resample_affine(images, ((cosine, sine), (-sine, cosine))), labels
