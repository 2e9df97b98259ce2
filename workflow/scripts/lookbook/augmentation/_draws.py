"""Random draws that every transform shares.

On TensorFlow they name the Philox algorithm, which `keras.random` leaves to the device: XLA on a CPU then chooses a
generator that can take 20 times longer (17 ms instead of 0.7 ms for the normal noise of 32 images of 28x28). The
numbers of a seed repeat, but those of graph mode and of XLA differ: XLA deals Philox's output in another order.
"""

from typing import Any

import keras
from keras import ops


def random_uniform(shape: tuple[Any, ...], seed: keras.random.SeedGenerator) -> Any:
    """Draw float32 numbers in [0, 1) of the given shape; advances the seed by one."""
    if keras.backend.backend() != "tensorflow":
        return keras.random.uniform(shape, seed=seed, dtype="float32")
    import tensorflow as tf  # other backends work without it

    return tf.random.stateless_uniform(shape, _key(seed), alg="philox")


def random_normal(shape: tuple[Any, ...], seed: keras.random.SeedGenerator) -> Any:
    """Draw standard normal float32 numbers of the given shape; advances the seed by one."""
    if keras.backend.backend() != "tensorflow":
        return keras.random.normal(shape, seed=seed, dtype="float32")
    import tensorflow as tf

    return tf.random.stateless_normal(shape, _key(seed), alg="philox")


def uniform(images: Any, seed: keras.random.SeedGenerator, *ranges: tuple[float, float]) -> list[Any]:
    """Draw one float32 per image from each range, independently.

    All ranges come out of a single random kernel, because at batch 32 a launch costs more than its numbers.

    Args:
        images: (B, H, W, C); only B is used, and it may be unknown when the graph is traced.
        seed: advanced by one.
        ranges: (minimum, maximum) pairs; equal ends give exactly that value.

    Returns:
        One (B, 1, 1, 1) tensor per range.

    Raises:
        ValueError: a minimum exceeds its maximum.
    """
    for minimum, maximum in ranges:
        if minimum > maximum:
            raise ValueError(f"minimum {minimum} exceeds maximum {maximum}")
    numbers = random_uniform((len(ranges), ops.shape(images)[0], 1, 1, 1), seed)
    return [low + (high - low) * numbers[i] for i, (low, high) in enumerate(ranges)]


def chance(images: Any, seed: keras.random.SeedGenerator, probability: float) -> Any:
    """Draw for each image whether something happens to it: a (B, 1, 1, 1) boolean.

    Raises:
        ValueError: the probability is outside 0 to 1.
    """
    check_probability(probability)
    return uniform(images, seed, (0.0, 1.0))[0] < probability


def check_probability(probability: float) -> None:
    """Raise ValueError unless the probability is within 0 to 1."""
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability must lie within 0 and 1, not {probability}")


def _key(seed: keras.random.SeedGenerator) -> Any:
    # the state is int64 on TensorFlow, and XLA takes keys of int32
    return ops.cast(ops.mod(seed.next(), 2**31 - 1), "int32")
