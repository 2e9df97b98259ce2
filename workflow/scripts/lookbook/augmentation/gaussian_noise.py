"""Add Gaussian noise."""

from typing import Any

from keras import ops

from lookbook.augmentation._draws import Seed, random_normal, uniform


def gaussian_noise(
    images: Any, labels: Any, seed: Seed, *, minimum_variance: float = 10.0, maximum_variance: float = 50.0
) -> tuple[Any, Any]:
    """Add independent normal noise to every value, with a variance drawn for each image, and clip to 0..255.

    ``keras.layers.GaussianNoise`` has one fixed variance and does not clip.

    Args:
        minimum_variance: smallest variance, in squared pixel values, at least 0.
        maximum_variance: largest variance.

    Raises:
        ValueError: the minimum is negative or greater than the maximum.
    """
    if minimum_variance < 0:
        raise ValueError(f"minimum_variance must not be negative; got {minimum_variance}")
    (variance,) = uniform(images, seed, (minimum_variance, maximum_variance))
    noise = random_normal(ops.shape(images), seed)
    return ops.clip(images + ops.sqrt(variance) * noise, 0.0, 255.0), labels
