"""The growing-batch document's augmentation: one operation of a list for each image."""

from collections.abc import Callable
from functools import partial
from typing import Any

from keras import ops

from lookbook.augmentation._draws import Seed, uniform
from lookbook.augmentation._jpeg import jpeg
from lookbook.augmentation.blur import blur
from lookbook.augmentation.cutout import cutout
from lookbook.augmentation.gaussian_noise import gaussian_noise
from lookbook.augmentation.rotation import rotation

# In the document's order: k selects the first k.
OPERATIONS: dict[str, Callable[[Any, Any, Seed], tuple[Any, Any]]] = {
    # The document draws a quality of 0 or 1; both have the same quantization table.
    "jpeg_compression": lambda images, labels, seed: (jpeg(images, quality=1), labels),
    "rotation": partial(rotation, degrees=45.0, probability=0.5, fill_mode="reflect"),
    "blur": blur,
    "cutout": cutout,
    "horizontal_flip": lambda images, labels, seed: (ops.flip(images, axis=2), labels),
    "vertical_flip": lambda images, labels, seed: (ops.flip(images, axis=1), labels),
    "gaussian_noise": gaussian_noise,
}


def one_of_k(images: Any, labels: Any, seed: Seed, *, k: int = 7) -> tuple[Any, Any]:
    """Apply to each image one operation, drawn uniformly from the first k of ``OPERATIONS``.

    The operations are those of the growing-batch document: JPEG compression of quality 0 to 1, rotation by up to 45
    degrees with probability 0.5 and mirrored borders, 3x3 box blur, 9 holes of one pixel filled with 255, horizontal
    flip, vertical flip, and Gaussian noise of variance 10 to 50. To train on several copies of an image in one batch,
    as Fort et al. 2021 (arXiv 2105.13343) do, repeat its row in the batch: every copy has its own draws.

    All operations run on the whole batch, and each image keeps the result of one. On small images this is fast, and it
    needs no branches.

    Args:
        k: number of operations to draw from, 1 to 7.

    Raises:
        ValueError: k is not between 1 and 7.
    """
    if not 1 <= k <= len(OPERATIONS):
        raise ValueError(f"k must be between 1 and {len(OPERATIONS)}; got {k}")
    choice = ops.floor(uniform(images, seed, (0.0, float(k)))[0])
    result = images
    for number, operation in enumerate(list(OPERATIONS.values())[:k]):
        result = ops.where(choice == number, operation(images, labels, seed)[0], result)
    return result, labels
