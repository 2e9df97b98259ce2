"""Blocks of layers that several network families share."""

from typing import Any

import keras
from keras import layers

# A Keras object by name, or in Keras's serialized form: {"class_name": "L2", "config": {"l2": 0.001}}.
KerasConfig = str | dict[str, Any]


def conv_bn(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int = 3,
    *,
    name: str,
    relu: bool = True,
    padding: str = "same",
    **conv: Any,
) -> keras.KerasTensor:
    """Apply a convolution, batch normalization and, unless ``relu`` is false, a ReLU.

    Args:
        x: feature maps, shape (batch, height, width, channels).
        filters, kernel_size, padding, conv: see ``keras.layers.Conv2D``.
        name: name of the convolution; the other layers add ``_bn`` and ``_relu`` to it.
    """
    x = layers.Conv2D(filters, kernel_size, padding=padding, name=name, **conv)(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def logits(x: keras.KerasTensor, classes: int, **dense: Any) -> keras.KerasTensor:
    """Map features (batch, features) to float32 logits (batch, classes); see ``keras.layers.Dense`` for ``dense``."""
    # float32 under every precision policy: bfloat16 has three significant decimal digits, too few for a loss.
    return layers.Dense(classes, dtype="float32", name="logits", **dense)(x)


def pad_to(x: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """Zero-pad images (batch, height, width, channels) to at least ``size`` pixels a side, centered."""
    missing = [max(0, size - pixels) for pixels in x.shape[1:3]]
    if not any(missing):
        return x
    return layers.ZeroPadding2D([(pixels // 2, pixels - pixels // 2) for pixels in missing], name="pad")(x)
