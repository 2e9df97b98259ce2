"""Test-time augmentation: the mean of a network's probabilities over transforms of each image."""

from collections.abc import Callable, Mapping, Sequence
from math import log
from typing import Any

import keras
from keras import ops

# By the names that `evaluation.average_over` of a configuration may list: images (B, H, W, C) to the same shape.
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda images: images,
    "horizontal_flip": lambda images: ops.flip(images, axis=2),
}


def transforms_of(spec: Mapping[str, Any]) -> Sequence[str]:
    """Return the transforms over which the predictions of a resolved experiment are averaged, or nothing."""
    return spec["evaluation"]["average_over"] if spec.get("evaluation") else ()


def averaged(model: keras.Model, transforms: Sequence[str]) -> keras.Model:
    """Return a network that predicts the mean of a network's probabilities over transforms of its images.

    Args:
        model: from images (batch, height, width, channels) to logits (batch, classes).
        transforms: keys of ``TRANSFORMS``; none returns the network itself.

    Returns:
        A network with the same input and the same weights. Its outputs are the logarithms of the mean probabilities,
        float32 (batch, classes), and so logits of them: their softmax is the mean.
    """
    if not transforms:
        return model
    images = keras.Input(model.input_shape[1:])
    log_probabilities = [ops.log_softmax(ops.cast(model(TRANSFORMS[t](images)), "float32")) for t in transforms]
    # The logarithm of a mean of small probabilities is finite in this form.
    return keras.Model(images, ops.logsumexp(ops.stack(log_probabilities), axis=0) - log(len(transforms)))
