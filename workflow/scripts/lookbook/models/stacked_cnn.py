"""The fully convolutional network C of the experiment-series document, "exp004-conv-model-6"."""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import logits


def stacked_cnn(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    blocks: Sequence[Sequence[int]] = ((32,), (64, 64), (128, 128, 128)),
) -> keras.Model:
    """Build blocks of 3x3 convolutions with pooling between them and global average pooling.

    The defaults are network C (exp004 to exp007, exp107, exp108), 426,058 parameters; exp008 has a second convolution
    in its first block, 435,306 parameters.

    Args:
        blocks: channels of each convolution by block; there is a 2x2 max-pooling between blocks.
    """
    inputs = x = keras.Input(input_shape)
    for block, filters in enumerate(blocks, start=1):
        for conv, width in enumerate(filters, start=1):
            name = f"block{block}_conv{conv}"
            x = layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(x)
        if block < len(blocks):
            x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    return keras.Model(inputs, logits(x, classes), name="stacked_cnn")
