"""The zoo document's "ShuffleNet".

ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, https://arxiv.org/abs/1807.11164.
"""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import conv_bn, logits


def shufflenet_v2(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int] = (232, 464, 928),
    repeats: Sequence[int] = (3, 7, 3),
) -> keras.Model:
    """Build ShuffleNetV2: each unit convolves half of the channels and then shuffles both halves.

    The stem and the last convolution have no batch normalization. The defaults have twice the channels of the paper's
    1x network and 4,028,582 parameters.

    Args:
        filters: channels of each stage; even numbers.
        repeats: number of units of each stage after its first unit, which has stride 2.
    """
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu", name="stem_conv")(inputs)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, (width, count) in enumerate(zip(filters, repeats, strict=True), start=2):
        for unit in range(1, count + 2):
            name = f"stage{stage}_unit{unit}"
            if unit == 1:
                left = _depthwise(x, 2, name=f"{name}_shortcut")
                left = conv_bn(left, width // 2, 1, name=f"{name}_shortcut")
                right = _branch(x, width // 2, 2, name=name)
            else:
                left, right = keras.ops.split(x, 2, axis=-1)
                right = _branch(right, width // 2, 1, name=name)
            x = _concatenate_and_shuffle(left, right, name=name)
    x = layers.Conv2D(1024, 1, activation="relu", name="last_conv")(x)
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    return keras.Model(inputs, logits(x, classes), name="shufflenet_v2")


def _depthwise(x: keras.KerasTensor, strides: int, *, name: str) -> keras.KerasTensor:
    x = layers.DepthwiseConv2D(3, strides=strides, padding="same", name=f"{name}_depthwise")(x)
    return layers.BatchNormalization(name=f"{name}_depthwise_bn")(x)


def _branch(x: keras.KerasTensor, filters: int, strides: int, *, name: str) -> keras.KerasTensor:
    x = conv_bn(x, filters, 1, name=f"{name}_conv1")
    x = _depthwise(x, strides, name=name)
    return conv_bn(x, filters, 1, name=f"{name}_conv2")


def _concatenate_and_shuffle(left: keras.KerasTensor, right: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    x = layers.Concatenate(name=f"{name}_concatenate")([left, right])
    _, height, width, channels = x.shape
    # Interleaves the halves, so that the next split mixes them, with layers that plain Keras can load.
    x = layers.Reshape((height, width, 2, channels // 2), name=f"{name}_halves")(x)
    x = layers.Permute((1, 2, 4, 3), name=f"{name}_shuffle")(x)
    return layers.Reshape((height, width, channels), name=f"{name}_merge")(x)
