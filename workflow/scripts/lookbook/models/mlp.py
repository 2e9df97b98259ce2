"""The multilayer perceptron of the growing-batch document and of the experiment-series document (exp001).

After https://www.tensorflow.org/tutorials/keras/classification
"""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import logits


def mlp(
    input_shape: tuple[int, int, int], classes: int, *, units: Sequence[int] = (128,), activation: str = "relu"
) -> keras.Model:
    """Build a multilayer perceptron on the flattened image.

    The defaults are the network of the growing-batch document and network A of the experiment series, 101,770
    parameters.

    Args:
        units: units of each hidden layer.
        activation: activation of the hidden layers.
    """
    inputs = keras.Input(input_shape)
    x = layers.Flatten(name="flatten")(inputs)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(width, activation=activation, name=f"dense{number}")(x)
    return keras.Model(inputs, logits(x, classes), name="mlp")
