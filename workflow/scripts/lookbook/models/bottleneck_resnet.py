"""The bottleneck residual networks E, E2 and E4 of the experiment-series document (exp110 to exp115).

After Deep Residual Learning for Image Recognition, https://arxiv.org/abs/1512.03385.
"""

from collections.abc import Sequence
from itertools import pairwise

import keras
from keras import layers

from lookbook.models._layers import conv_bn, logits


def bottleneck_resnet(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int] = (64, 64, 128, 128, 256, 256),
    expansion: int = 1,
) -> keras.Model:
    """Build a residual network of 1x1, 3x3, 1x1 blocks with batch normalization after each convolution.

    The defaults are network E (exp110 to exp112), 1,911,178 parameters; ``expansion=2`` is E2 (exp113, exp114),
    2,350,858 parameters, and ``expansion=4`` is E4 (exp115), 3,467,146 parameters.

    Args:
        filters: channels of each block; a block with more channels than the previous one has stride 2.
        expansion: factor on the channels of the last 1x1 convolution of each block.
    """
    inputs = keras.Input(input_shape)
    x = conv_bn(inputs, filters[0], name="stem_conv")
    for number, (previous, width) in enumerate(pairwise((filters[0], *filters)), start=1):
        x = _block(x, width, width * expansion, strides=2 if width > previous else 1, name=f"block{number}")
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    return keras.Model(inputs, logits(x, classes), name="bottleneck_resnet")


def _block(x: keras.KerasTensor, width: int, expanded: int, *, strides: int, name: str) -> keras.KerasTensor:
    shortcut = x
    if x.shape[-1] != expanded:
        shortcut = conv_bn(x, expanded, 1, name=f"{name}_shortcut", relu=False, strides=strides)
    x = conv_bn(x, width, 1, name=f"{name}_conv1", strides=strides)
    x = conv_bn(x, width, name=f"{name}_conv2")
    x = conv_bn(x, expanded, 1, name=f"{name}_conv3", relu=False)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu")(x)
