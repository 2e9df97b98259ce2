"""Give each image exactly one operation of the growing-batch list."""

from typing import Any

import keras
from keras import ops

from lookbook.augmentation._draws import uniform
from lookbook.augmentation._jpeg import jpeg
from lookbook.augmentation.blur import blur
from lookbook.augmentation.cutout import cutout
from lookbook.augmentation.gaussian_noise import gaussian_noise
from lookbook.augmentation.horizontal_flip import horizontal_flip
from lookbook.augmentation.rotation import rotation
from lookbook.augmentation.vertical_flip import vertical_flip


def one_of_k(images: Any, labels: Any, seed: keras.random.SeedGenerator, *, k: int = 7) -> tuple[Any, Any]:
    """Apply to each image one operation, drawn uniformly from the first k of the list, with a fresh draw.

    The list is the growing-batch document's: JPEG compression of quality 0 to 1, rotation within 45 degrees
    with probability 0.5, blur 3x3, 9 holes of one pixel filled with 255, horizontal flip, vertical flip,
    Gaussian noise of variance 10 to 50. For copies in the same batch as in Fort et al. 2021 (arXiv
    2105.13343), repeat the index of an image in the batch: each copy gets its own draw.

    Every operation runs on the whole batch and one result is kept: cheap on small images, and it needs no
    branches.

    Args:
        images: (B, H, W, C) float32, 0..255.
        labels: passed through.
        seed: advanced by one, and by each operation's own draws.
        k: how many operations of the list take part, 1 to 7.

    Raises:
        ValueError: k is not within 1 to 7.
    """
    operations = (_jpeg, _rotation, blur, cutout, _horizontal_flip, _vertical_flip, gaussian_noise)
    if not 1 <= k <= len(operations):
        raise ValueError(f"k must lie within 1 and {len(operations)}, not {k}")
    choice = ops.floor(uniform(images, seed, (0.0, float(k)))[0])
    result = images
    for number, operation in enumerate(operations[:k]):
        result = ops.where(choice == number, operation(images, labels, seed)[0], result)
    return result, labels


def _jpeg(images: Any, labels: Any, seed: keras.random.SeedGenerator) -> tuple[Any, Any]:
    return jpeg(images, quality=1), labels  # 0 and 1 are the same table: every step is 255


def _rotation(images: Any, labels: Any, seed: keras.random.SeedGenerator) -> tuple[Any, Any]:
    return rotation(images, labels, seed, degrees=45.0, probability=0.5)


def _horizontal_flip(images: Any, labels: Any, seed: keras.random.SeedGenerator) -> tuple[Any, Any]:
    return horizontal_flip(images, labels, seed, probability=1.0)


def _vertical_flip(images: Any, labels: Any, seed: keras.random.SeedGenerator) -> tuple[Any, Any]:
    return vertical_flip(images, labels, seed, probability=1.0)
