"""The networks of the width-depth document that vary in width, its function ``models_width``."""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import KerasConfig, logits


def sigmoid_width(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int] = (2, 4),
    activation: str = "sigmoid",
    kernel_initializer: KerasConfig = "glorot_uniform",
) -> keras.Model:
    """Build two 5x5 convolutions with overlapping max-pooling between them and a dense layer of 80 units.

    The defaults are ``width_2_4`` of the document, 156,026 parameters; ``filters=(8, 16)`` is ``width_8_16``, 623,834
    parameters.

    Args:
        filters: channels of the first and of the second convolution.
        activation: activation of the convolutions and of the dense layer.
        kernel_initializer: initializer of every kernel.
    """
    first, second = filters
    hidden = {"activation": activation, "kernel_initializer": kernel_initializer}
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(first, 5, padding="same", name="block1_conv1", **hidden)(inputs)
    x = layers.MaxPooling2D(3, strides=1, name="block1_pool")(x)
    x = layers.Conv2D(second, 5, name="block1_conv2", **hidden)(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(80, name="dense1", **hidden)(x)
    x = logits(x, classes, kernel_initializer=kernel_initializer)
    return keras.Model(inputs, x, name="sigmoid_width")
