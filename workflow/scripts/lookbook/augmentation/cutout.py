"""Random square holes."""

from typing import Any

from keras import ops

from lookbook.augmentation._draws import Seed, random_uniform


def cutout(
    images: Any, labels: Any, seed: Seed, *, holes: int = 9, size: int = 1, fill: float = 255.0
) -> tuple[Any, Any]:
    """Fill squares at random positions, which may overlap, with one value.

    DeVries and Taylor 2017, "Improved Regularization of Convolutional Neural Networks with Cutout", with several holes,
    each entirely inside the image. ``keras.layers.RandomErasing`` makes one hole per image, of random size.

    Args:
        holes: squares per image.
        size: side length of a square in pixels.
        fill: value of the filled pixels, 0..255.

    Raises:
        ValueError: a square is empty or larger than the image, or their number is negative.
    """
    height, width = images.shape[1:3]
    if holes < 0 or size < 1:
        raise ValueError(f"size must be at least 1 and holes at least 0; got {size} and {holes}")
    if size > min(height, width):
        raise ValueError(f"holes of {size} pixels do not fit in images of {height}x{width}")
    places = random_uniform((2, ops.shape(images)[0], holes, 1), seed)
    down = ops.arange(height, dtype="float32") - ops.floor(places[0] * (height - size + 1))
    across = ops.arange(width, dtype="float32") - ops.floor(places[1] * (width - size + 1))
    rows = ops.cast((down >= 0) & (down < size), "float32")  # (B, holes, H)
    columns = ops.cast((across >= 0) & (across < size), "float32")
    # The number of holes that cover each pixel.
    covered = ops.matmul(ops.transpose(rows, (0, 2, 1)), columns)
    return ops.where(covered[..., None] > 0.5, fill, images), labels
