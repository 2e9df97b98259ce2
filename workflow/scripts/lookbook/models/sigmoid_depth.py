"""The networks of the width-depth document that vary in depth, its function ``model_layers``."""

import keras
from keras import layers

from lookbook.models._layers import KerasConfig, logits


def sigmoid_depth(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    blocks: int = 1,
    filters: int = 6,
    activation: str = "sigmoid",
    kernel_initializer: KerasConfig = "glorot_uniform",
) -> keras.Model:
    """Build blocks of two 5x5 convolutions around an average pooling, and a dense layer of 84 units.

    Each block reduces height and width by 6 pixels, so deeper networks have fewer parameters. ``blocks=1`` to
    ``blocks=4`` are ``depth_1`` to ``depth_4`` of the document: 245,932, 132,832, 56,020 and 15,496 parameters. The
    document's code builds more convolutions than its text counts; this function follows the code.

    Args:
        blocks: number of blocks.
        filters: channels of every convolution.
        activation: activation of the convolutions and of the dense layer.
        kernel_initializer: initializer of every kernel.
    """
    hidden = {"activation": activation, "kernel_initializer": kernel_initializer}
    inputs = x = keras.Input(input_shape)
    for number in range(1, blocks + 1):
        x = layers.Conv2D(filters, 5, padding="same", name=f"block{number}_conv1", **hidden)(x)
        x = layers.AveragePooling2D(3, strides=1, name=f"block{number}_pool")(x)
        x = layers.Conv2D(filters, 5, name=f"block{number}_conv2", **hidden)(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(84, name="dense1", **hidden)(x)
    x = logits(x, classes, kernel_initializer=kernel_initializer)
    return keras.Model(inputs, x, name="sigmoid_depth")
