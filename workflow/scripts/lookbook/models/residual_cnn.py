"""A small, fast residual network for the recipes of this project.

In the style of the ResNet-9 of D. Page, "How to Train Your ResNet" (2018): few wide convolutions, each with batch
normalization, early max-pooling and a global pooling in place of dense layers.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from lookbook.models._layers import KerasConfig, conv_bn, logits

POOLS = ("before", "after", "none")


def residual_cnn(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 64, 128),
    blocks: Sequence[int] = (0, 1, 1),
    pools: Sequence[str] = ("none", "after", "after"),
    global_max_pooling: bool = True,
    feature_scale: float = 0.125,
    kernel_initializer: KerasConfig = "he_normal",
) -> keras.Model:
    """Build stages of one 3x3 convolution that sets the number of channels, and residual blocks of two.

    Batch normalization and ReLU follow each convolution, which has no bias. The defaults have 7 convolutions, 464,810
    parameters and 58 million multiplications per image.

    Args:
        filters: channels of each stage.
        blocks: number of residual blocks at the end of each stage.
        pools: for each stage whether a 2x2 max-pooling comes ``before`` or ``after`` its first convolution, or
            ``none`` does. Before it, the convolution needs a quarter of the multiplications.
        global_max_pooling: whether the maximum of each channel is classified; otherwise its mean.
        feature_scale: factor on the pooled features. A small one keeps the first logits of max-pooled features small,
            so that training starts well at high learning rates.
        kernel_initializer: initializer of the convolutions.

    Raises:
        ValueError: the sequences have different lengths, or a pooling has another name.
    """
    if not len(filters) == len(blocks) == len(pools):
        lengths = f"{len(filters)}, {len(blocks)} and {len(pools)}"
        raise ValueError(f"filters, blocks and pools must have one entry for each stage; they have {lengths}")
    if unknown := set(pools) - set(POOLS):
        raise ValueError(f"pools must be {', '.join(POOLS)}; got {sorted(unknown)}")
    convolution: dict[str, Any] = {"use_bias": False, "kernel_initializer": kernel_initializer}
    inputs = x = keras.Input(input_shape)
    for stage, (width, count, pool) in enumerate(zip(filters, blocks, pools, strict=True), start=1):
        if pool == "before":
            x = layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
        x = conv_bn(x, width, name=f"stage{stage}_conv", **convolution)
        if pool == "after":
            x = layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
        for block in range(1, count + 1):
            name = f"stage{stage}_block{block}"
            y = conv_bn(x, width, name=f"{name}_conv1", **convolution)
            y = conv_bn(y, width, name=f"{name}_conv2", **convolution)
            x = layers.Add(name=f"{name}_add")([x, y])
    pooling = layers.GlobalMaxPooling2D if global_max_pooling else layers.GlobalAveragePooling2D
    x = layers.Rescaling(feature_scale, name="scale")(pooling(name="global_pool")(x))
    return keras.Model(inputs, logits(x, classes), name="residual_cnn")
