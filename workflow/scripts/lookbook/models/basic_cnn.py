"""The zoo document's "A Basic CNN Architecture - With Dropout and Batch Normalization"."""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import conv_bn, logits


def basic_cnn(
    input_shape: tuple[int, int, int], classes: int, *, dropout: Sequence[float] = (0.25, 0.5, 0.35)
) -> keras.Model:
    """Build five 3x3 convolutions, four of them with batch normalization, and a dense layer of 200 units.

    It has 732,898 parameters.

    Args:
        dropout: fractions of units dropped after the first pooling, after the third convolution and after the
            second pooling.
    """
    first, second, third = dropout
    inputs = keras.Input(input_shape)
    x = conv_bn(inputs, 32, name="block1_conv1")
    x = conv_bn(x, 32, name="block1_conv2")
    x = layers.MaxPooling2D(name="block1_pool")(x)
    x = layers.Dropout(first, name="block1_dropout")(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu", name="block2_conv1")(x)
    x = layers.Dropout(second, name="block2_conv1_dropout")(x)
    x = conv_bn(x, 64, name="block2_conv2")
    x = conv_bn(x, 64, name="block2_conv3")
    x = layers.MaxPooling2D(name="block2_pool")(x)
    x = layers.Dropout(third, name="block2_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(200, activation="relu", name="dense1")(x)
    x = layers.BatchNormalization(name="dense1_bn")(x)
    return keras.Model(inputs, logits(x, classes), name="basic_cnn")
