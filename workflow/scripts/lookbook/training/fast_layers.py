"""Layers that compute what Keras's layers compute, and train faster on TensorFlow in graph mode.

Keras 3 computes batch normalization by a chain of elementwise operations, which takes about half of the time of a
convolutional network on a CPU; the fused kernel needs one pass. On processors for which oneDNN has no bfloat16
convolutions, TensorFlow's take ten times as long as those of float32.

The layers of a built model change their class for the training, and change it back before the model is saved, so
that variables, configuration and names stay. ``keras.models.clone_model`` would make new variables and new dropout
seeds: weights and optimizer would have to be moved to the clone and back, and the random numbers would change.
"""

from typing import Any

import keras
import tensorflow as tf

from lookbook.models import layers_of
from lookbook.training.precision import Hardware, has_bfloat16_convolutions


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, with TensorFlow's fused kernel for the training on images normalized by channel."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalized inputs (B, H, W, C); in training, update the moving statistics."""
        fusible = len(inputs.shape) == 4 and self.axis in (-1, 3) and self.scale and self.center and mask is None
        if not fusible or not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            tf.convert_to_tensor(inputs),
            tf.cast(self.gamma, tf.float32),
            tf.cast(self.beta, tf.float32),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel returns the unbiased variance; Keras's moving variance is that of the biased one.
        count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance * (count - 1) / count)
        return outputs

    def _move(self, moving: Any, current: Any) -> None:
        moving.assign(moving * self.momentum + tf.cast(current, moving.dtype) * (1 - self.momentum))


class RoundedConv2D(keras.layers.Conv2D):
    """Keras's layer, with bfloat16 products computed in float32.

    As in bfloat16 hardware, operands and results are rounded to bfloat16 and sums are kept in float32.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution of inputs (B, H, W, C) and kernel (h, w, C, filters)."""
        if inputs.dtype != tf.bfloat16:
            return super().convolution_op(inputs, kernel)
        outputs = super().convolution_op(tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32))
        return tf.cast(outputs, tf.bfloat16)


FASTER = {keras.layers.BatchNormalization: FusedBatchNormalization, keras.layers.Conv2D: RoundedConv2D}


def exchange(model: keras.Model, hardware: Hardware) -> None:
    """Exchange a model's layers, at every depth, for those that are faster on this hardware."""
    faster = dict(FASTER)
    if has_bfloat16_convolutions(hardware):
        del faster[keras.layers.Conv2D]
    _change_classes(model, faster)


def restore(model: keras.Model) -> None:
    """Turn every exchanged layer back into Keras's own."""
    _change_classes(model, {faster: plain for plain, faster in FASTER.items()})


def _change_classes(model: keras.Model, new: dict[type, type]) -> None:
    for layer in layers_of(model):
        # Exactly these classes: a subclass may compute something else.
        layer.__class__ = new.get(type(layer), type(layer))
