"""The multilayer perceptron of the growing-batch and the experiment-series documents."""

from collections.abc import Sequence

import keras
from keras import layers

from lookbook.models._layers import logits


def mlp(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    units: Sequence[int] = (128,),
    activation: str = "relu",
) -> keras.Model:
    """Build a multilayer perceptron on the flattened image.

    The defaults are the network of the growing-batch document and network A of the experiment series, which is the
    network of a Keras tutorial: 101,770 parameters for 28x28x1 images and 10 classes.

    Reference:
        The growing-batch document; the experiment-series document, exp001, after
        https://www.tensorflow.org/tutorials/keras/classification

    Args:
        input_shape: height, width and channels of the images.
        classes: number of classes.
        units: units of each hidden layer.
        activation: activation of the hidden layers.

    Returns:
        A model from images (batch, height, width, channels) to logits (batch, classes).
    """
    inputs = keras.Input(input_shape)
    x = layers.Flatten(name="flatten")(inputs)
    for number, width in enumerate(units, start=1):
        x = layers.Dense(width, activation=activation, name=f"dense{number}")(x)
    return keras.Model(inputs, logits(x, classes), name="mlp")
