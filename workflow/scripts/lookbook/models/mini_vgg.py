"""The zoo document's "Mini VGG like Architecture".

After Very Deep Convolutional Networks for Large-Scale Image Recognition, https://arxiv.org/abs/1409.1556.
"""

import keras
from keras import layers

from lookbook.models._layers import logits


def mini_vgg(input_shape: tuple[int, int, int], classes: int, *, dropout: float = 0.25) -> keras.Model:
    """Build two pairs of 3x3 convolutions with 3x3 max-pooling, and two dense layers of 256 units.

    It has 199,146 parameters.

    Args:
        dropout: fraction of units dropped after each pooling and after the first dense layer.
    """
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="block1_conv1")(inputs)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="block1_conv2")(x)
    x = layers.MaxPooling2D(3, name="block1_pool")(x)
    x = layers.Dropout(dropout, name="block1_dropout")(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu", name="block2_conv1")(x)
    x = layers.Conv2D(64, 3, padding="valid", activation="relu", name="block2_conv2")(x)
    x = layers.MaxPooling2D(3, name="block2_pool")(x)
    x = layers.Dropout(dropout, name="block2_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(256, name="dense1")(x)
    x = layers.LeakyReLU(name="dense1_relu")(x)
    x = layers.Dropout(dropout, name="dense1_dropout")(x)
    x = layers.Dense(256, name="dense2")(x)
    x = layers.LeakyReLU(name="dense2_relu")(x)
    return keras.Model(inputs, logits(x, classes), name="mini_vgg")
