"""The network of the Simpsons document; https://www.kaggle.com/competitions/journey-springfield"""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import logits


def simpsons_cnn(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 64, 128, 256),
    dropout: Sequence[float] = (0.2, 0.2),
) -> keras.Model:
    """Build 3x3 convolutions with pooling between them and global max-pooling.

    The defaults are the network of the document: 399,210 parameters for 42 classes and 393,556 for 20, for images of
    three channels and any size. ``filters=(32, 64, 128, 256, 512)`` is its variant ``conv512``, 1,590,122 parameters
    for 42 classes.

    Args:
        filters: channels of each convolution; a 2x2 max-pooling follows each one except the last.
        dropout: fractions of units dropped after the first poolings, one number for each of them.
    """
    inputs = x = keras.Input(input_shape)
    for number, width in enumerate(filters, start=1):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"block{number}_conv1")(x)
        if number < len(filters):
            x = layers.MaxPooling2D(name=f"block{number}_pool")(x)
            if number <= len(dropout):
                x = layers.Dropout(dropout[number - 1], name=f"block{number}_dropout")(x)
    x = layers.GlobalMaxPooling2D(name="max_pool")(x)
    return keras.Model(inputs, logits(x, classes), name="simpsons_cnn")
