"""Transforms that Keras's layers have replaced in Lookbook, kept as the reference that augmentation.py measures."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import uniform


def brightness(images: Any, labels: Any, seed: keras.random.SeedGenerator, *, delta: float) -> tuple[Any, Any]:
    """Add one value of up to ``delta`` times 255 to an image, as ``RandomBrightness(delta)`` does."""
    (change,) = uniform(images, seed, (-255.0 * delta, 255.0 * delta))
    return ops.clip(images + change, 0.0, 255.0), labels


def contrast(
    images: Any, labels: Any, seed: keras.random.SeedGenerator, *, minimum: float, maximum: float
) -> tuple[Any, Any]:
    """Scale the difference from each channel's mean, as ``RandomContrast((1 - minimum, maximum - 1))`` does."""
    (factor,) = uniform(images, seed, (minimum, maximum))
    mean = ops.mean(images, axis=(1, 2), keepdims=True)
    return ops.clip(images + (factor - 1.0) * (images - mean), 0.0, 255.0), labels


def horizontal_flip(images: Any, labels: Any, seed: keras.random.SeedGenerator) -> tuple[Any, Any]:
    """Mirror half of the images left to right, as ``RandomFlip("horizontal")`` does."""
    return ops.where(uniform(images, seed, (0.0, 1.0))[0] < 0.5, ops.flip(images, axis=2), images), labels


def vertical_flip(images: Any, labels: Any, seed: keras.random.SeedGenerator) -> tuple[Any, Any]:
    """Mirror half of the images top to bottom, as ``RandomFlip("vertical")`` does."""
    return ops.where(uniform(images, seed, (0.0, 1.0))[0] < 0.5, ops.flip(images, axis=1), images), labels
