"""The zoo document's "ResNet18" and "ResNet34", pre-activation residual networks.

Identity Mappings in Deep Residual Networks, https://arxiv.org/abs/1603.05027.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from lookbook.models._layers import KerasConfig, conv_bn, logits


def resnet_v2(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    blocks: Sequence[int] = (2, 2, 2, 2),
    filters: int = 64,
    dropout: float = 0.25,
    kernel_initializer: KerasConfig = "he_normal",
    kernel_regularizer: KerasConfig | None = {"class_name": "L2", "config": {"l2": 1.0e-4}},  # noqa: B006 - read only
) -> keras.Model:
    """Build a pre-activation residual network of 3x3 convolutions.

    Every stage, including the first, starts with stride 2 and a projection. The defaults are ``resnet_18`` of the zoo,
    11,191,626 parameters; ``blocks=(3, 4, 6, 3)`` is ``resnet_34``, 21,310,922 parameters.

    Args:
        blocks: number of blocks in each stage.
        filters: channels of the stem and of the first stage; each later stage doubles them.
        dropout: fraction of units dropped between the convolutions of a block.
        kernel_initializer: initializer of every kernel.
        kernel_regularizer: regularizer of the convolutions' kernels.
    """
    kernel: dict[str, Any] = {"kernel_initializer": kernel_initializer, "kernel_regularizer": kernel_regularizer}
    inputs = keras.Input(input_shape)
    x = conv_bn(inputs, filters, name="stem_conv", **kernel)
    for stage, count in enumerate(blocks, start=1):
        width = filters * 2 ** (stage - 1)
        for block in range(1, count + 1):
            name = f"stage{stage}_block{block}"
            strides = 2 if block == 1 else 1
            # The stem ends with batch normalization and ReLU, so the first block needs no pre-activation.
            pre_activation = (stage, block) != (1, 1)
            x = _block(x, width, strides=strides, pre_activation=pre_activation, dropout=dropout, name=name, **kernel)
    x = _bn_relu(x, name="last")
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    x = logits(x, classes, kernel_initializer=kernel_initializer)
    return keras.Model(inputs, x, name="resnet_v2")


def _bn_relu(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def _block(
    x: keras.KerasTensor, filters: int, *, strides: int, pre_activation: bool, dropout: float, name: str, **kernel: Any
) -> keras.KerasTensor:
    shortcut = x
    if strides > 1 or x.shape[-1] != filters:
        shortcut = conv_bn(x, filters, 1, name=f"{name}_shortcut", relu=False, strides=strides, **kernel)
    if pre_activation:
        x = _bn_relu(x, name=f"{name}_conv1")
    x = layers.Conv2D(filters, 3, strides=strides, padding="same", name=f"{name}_conv1", **kernel)(x)
    x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = _bn_relu(x, name=f"{name}_conv2")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2", **kernel)(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])
