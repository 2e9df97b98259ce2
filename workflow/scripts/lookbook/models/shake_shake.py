"""The zoo document's "ShakeShakeResNet34", and its layer.

Shake-Shake regularization, https://arxiv.org/abs/1705.07485.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from lookbook.models._layers import KerasConfig, conv_bn, logits, pad_to


@keras.saving.register_keras_serializable(package="lookbook")
class ShakeShake(layers.Layer):
    """Mix two branches with random weights, which differ between the forward and the backward pass.

    In training, the output for image i of a batch is ``alpha[i] * a[i] + (1 - alpha[i]) * b[i]``, and its gradient is
    that of ``beta[i] * a[i] + (1 - beta[i]) * b[i]``; alpha and beta are independent and uniform on [0, 1). In
    inference both are 0.5. The paper calls this "Shake-Shake-Image".

    Args:
        seed: seed of the random weights; None: Keras draws one, see ``keras.utils.set_random_seed``.
    """

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Sequence[Any], training: bool = False) -> Any:
        """Mix the branches a and b, both of shape (batch, height, width, channels)."""
        a, b = inputs
        if not training:
            return 0.5 * (a + b)
        forward = self._mix(a, b)
        backward = self._mix(a, b)
        # The value is that of `forward`. The gradient is that of `backward`, because the bracket is a constant.
        return backward + ops.stop_gradient(forward - backward)

    def _mix(self, a: Any, b: Any) -> Any:
        # Drawn in float32 and then cast, so that every precision policy has the same weights.
        shape = (ops.shape(a)[0], 1, 1, 1)
        weight = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        weight = ops.cast(weight, a.dtype)
        return weight * a + (1 - weight) * b

    def compute_output_shape(self, input_shape: Sequence[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Return the shape of one branch."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return the configuration that recreates the layer."""
        return {**super().get_config(), "seed": self.seed}


def shake_shake(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    blocks: Sequence[int] = (2, 2, 2, 2),
    filters: int = 64,
    kernel_initializer: KerasConfig = "he_normal",
    kernel_regularizer: KerasConfig | None = {"class_name": "L2", "config": {"l2": 1.0e-4}},  # noqa: B006 - read only
) -> keras.Model:
    """Build a residual network whose blocks have two branches that ``ShakeShake`` mixes.

    Images smaller than 32x32 are zero-padded to that size. The defaults have 22,185,802 parameters. Saved models
    contain ``ShakeShake``: import this module before loading one.

    Args:
        blocks: number of blocks in each stage; every stage except the first starts with stride 2.
        filters: channels of the stem and of the first stage; each later stage doubles them.
        kernel_initializer: initializer of every kernel.
        kernel_regularizer: regularizer of the convolutions' kernels.
    """
    conv: dict[str, Any] = {
        "use_bias": False,
        "kernel_initializer": kernel_initializer,
        "kernel_regularizer": kernel_regularizer,
    }
    inputs = keras.Input(input_shape)
    x = pad_to(inputs, 32)
    x = conv_bn(x, filters, 7, name="stem_conv", relu=False, strides=2, **conv)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, count in enumerate(blocks, start=1):
        for block in range(1, count + 1):
            strides = 2 if block == 1 and stage > 1 else 1
            x = _block(x, filters * 2 ** (stage - 1), strides, conv, name=f"stage{stage}_block{block}")
    x = layers.ReLU(name="last_relu")(x)
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    x = logits(x, classes, kernel_initializer=kernel_initializer)
    return keras.Model(inputs, x, name="shake_shake")


def _block(x: keras.KerasTensor, filters: int, strides: int, conv: dict[str, Any], *, name: str) -> keras.KerasTensor:
    branches = [_branch(x, filters, strides, conv, name=f"{name}_branch{number}") for number in (1, 2)]
    shortcut = x if strides == 1 else _shifted_shortcut(x, filters, conv, name=f"{name}_shortcut")
    mixed = ShakeShake(name=f"{name}_shake")(branches)
    return layers.Add(name=f"{name}_add")([shortcut, mixed])


def _branch(x: keras.KerasTensor, filters: int, strides: int, conv: dict[str, Any], *, name: str) -> keras.KerasTensor:
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = conv_bn(x, filters, name=f"{name}_conv1", strides=strides, **conv)
    return conv_bn(x, filters, name=f"{name}_conv2", relu=False, **conv)


def _shifted_shortcut(x: keras.KerasTensor, filters: int, conv: dict[str, Any], *, name: str) -> keras.KerasTensor:
    """Halve height and width in two paths: one takes the even rows and columns, the other the odd ones."""
    x = layers.ReLU(name=f"{name}_relu")(x)
    even = layers.Conv2D(filters // 2, 1, strides=2, name=f"{name}_conv1", **conv)(x)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    x = layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_shift")(x)
    odd = layers.Conv2D(filters // 2, 1, strides=2, name=f"{name}_conv2", **conv)(x)
    x = layers.Concatenate(name=f"{name}_concatenate")([even, odd])
    return layers.BatchNormalization(name=f"{name}_bn")(x)
