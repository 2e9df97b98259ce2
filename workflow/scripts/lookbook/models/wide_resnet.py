"""The zoo document's "WideResNet(16-4)".

After Wide Residual Networks, https://arxiv.org/abs/1605.07146.
"""

import keras
from keras import layers

from lookbook.models._layers import conv_bn, logits


def wide_resnet(
    input_shape: tuple[int, int, int], classes: int, *, depth: int = 16, width: int = 4, dropout: float = 0.25
) -> keras.Model:
    """Build a wide residual network with three groups of blocks and max-pooling between the groups.

    Unlike in the paper, batch normalization and ReLU follow each convolution, no activation follows the addition, and
    max-pooling replaces strides. The defaults have 2,754,474 parameters.

    Args:
        depth: the paper's depth, 6 n + 4 for n blocks in each group.
        width: factor on the channels of the groups, which are 16, 32 and 64.
        dropout: fraction of units dropped between the convolutions of a block.

    Raises:
        ValueError: no integer number of blocks gives this depth.
    """
    blocks, rest = divmod(depth - 4, 6)
    if rest or blocks < 1:
        raise ValueError(f"depth must be 6 n + 4 for n blocks in each group (10, 16, 22, 28 ...), not {depth}")
    inputs = keras.Input(input_shape)
    x = conv_bn(inputs, 16, name="stem_conv")
    for group, base in enumerate((16, 32, 64), start=1):
        if group > 1:
            x = layers.MaxPooling2D(name=f"group{group - 1}_pool")(x)
        for block in range(1, blocks + 1):
            x = _block(x, base * width, dropout, name=f"group{group}_block{block}")
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    return keras.Model(inputs, logits(x, classes), name="wide_resnet")


def _block(x: keras.KerasTensor, filters: int, dropout: float, *, name: str) -> keras.KerasTensor:
    shortcut = x
    if x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, name=f"{name}_shortcut")(x)
    x = conv_bn(x, filters, name=f"{name}_conv1")
    x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = conv_bn(x, filters, name=f"{name}_conv2")
    return layers.Add(name=f"{name}_add")([x, shortcut])
