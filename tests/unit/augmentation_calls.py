"""Calls of transforms for tests, eager and compiled as in a training epoch, and a check of what they draw."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest


def call_eagerly(transform: Callable, images: np.ndarray, labels: np.ndarray | None = None) -> list[np.ndarray]:
    """Return the images and labels of a transform with its seed bound, as NumPy arrays."""
    labels = np.zeros((len(images), 1), "float32") if labels is None else labels
    return [keras.ops.convert_to_numpy(part) for part in transform(images, labels)]


def augmented(function: Callable, images: np.ndarray, labels: np.ndarray | None = None, **arguments: Any) -> Any:
    """Return images and labels after a transform of the package with these arguments and a fixed seed."""
    return call_eagerly(partial(function, seed=keras.random.SeedGenerator(5), **arguments), images, labels)


def assert_uniform(values: np.ndarray, low: float, high: float) -> None:
    """Check range, mean and standard deviation of values that are uniform between low and high."""
    width = high - low
    assert low - 1e-3 * width <= values.min() <= low + 0.01 * width
    assert high - 0.01 * width <= values.max() <= high + 1e-3 * width
    assert abs(values.mean() - (low + high) / 2) < 4 * width / np.sqrt(12 * len(values))
    assert values.std() == pytest.approx(width / np.sqrt(12), rel=0.05)


def call_compiled(
    transform: Callable, seeds: list[keras.random.SeedGenerator], images: np.ndarray, labels: np.ndarray, *, xla: bool
) -> list[np.ndarray]:
    """Return the same from a compiled call: on TensorFlow in graph mode with an unknown batch size, or with XLA."""
    if keras.backend.backend() == "jax":
        import jax

        variables = [seed.state for seed in seeds]

        def call(states: Any, images: Any, labels: Any) -> Any:
            with keras.StatelessScope(list(zip(variables, states, strict=True))):
                return transform(images, labels)

        return [np.asarray(part) for part in jax.jit(call)([v.value for v in variables], images, labels)]
    import tensorflow as tf

    size = len(images) if xla else None
    signature = [tf.TensorSpec((size, *part.shape[1:]), part.dtype) for part in (images, labels)]
    traced = tf.function(transform, input_signature=signature, jit_compile=xla)
    return [part.numpy() for part in traced(images, labels)]
