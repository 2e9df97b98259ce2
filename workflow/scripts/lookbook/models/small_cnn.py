"""The convolutional networks B and D of the experiment-series document (exp002 and exp102).

After https://www.tensorflow.org/tutorials/images/intro_to_cnns
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from lookbook.models._layers import KerasConfig, conv_bn, logits


def small_cnn(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 64, 64),
    padding: str = "valid",
    dense: int = 64,
    batch_normalization: bool = False,
    kernel_regularizer: KerasConfig | None = None,
) -> keras.Model:
    """Build 3x3 convolutions with pooling between them and one hidden dense layer.

    The defaults are network B (exp002), 93,322 parameters; 93,962 with batch normalization (exp003). Network D has
    ``padding="same"`` and L2 regularization of 0.001, 257,162 parameters (exp102); 257,802 with batch normalization
    (exp103 to exp106, exp109).

    Args:
        filters: channels of each convolution; a 2x2 max-pooling follows each one except the last.
        padding: padding of the convolutions, ``"valid"`` or ``"same"``.
        dense: units of the hidden dense layer.
        batch_normalization: whether batch normalization is applied between each convolution and its ReLU.
        kernel_regularizer: regularizer of every kernel, including dense layers.
    """
    inputs = x = keras.Input(input_shape)
    # Keras creates a new regularizer from this for each layer.
    penalty: dict[str, Any] = {"kernel_regularizer": kernel_regularizer}
    for number, width in enumerate(filters, start=1):
        name = f"block{number}_conv1"
        if batch_normalization:
            x = conv_bn(x, width, name=name, padding=padding, **penalty)
        else:
            x = layers.Conv2D(width, 3, padding=padding, activation="relu", name=name, **penalty)(x)
        if number < len(filters):
            x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense, activation="relu", name="dense1", **penalty)(x)
    return keras.Model(inputs, logits(x, classes, **penalty), name="small_cnn")
