"""The zoo document's "MobileNetV2", from ``keras.applications``.

MobileNetV2: Inverted Residuals and Linear Bottlenecks, https://arxiv.org/abs/1801.04381.
"""

import keras

from lookbook.models._layers import logits, pad_to


def mobilenet_v2(input_shape: tuple[int, int, int], classes: int, *, alpha: float = 1.0) -> keras.Model:
    """Build ``keras.applications.MobileNetV2`` with random weights for small images.

    Images smaller than 32x32, the minimum size of the network, are zero-padded to it. The defaults have 2,270,218
    parameters.

    Args:
        alpha: factor on the channels of every layer.
    """
    inputs = keras.Input(input_shape)
    padded = pad_to(inputs, 32)
    backbone = keras.applications.MobileNetV2(
        input_tensor=padded,
        input_shape=tuple(padded.shape[1:]),
        alpha=alpha,
        include_top=False,
        weights=None,
        pooling="avg",
    )
    return keras.Model(inputs, logits(backbone.output, classes), name="mobilenet_v2")
