"""Layers that TensorFlow trains faster than Keras's own, with the same result.

Keras 3 writes batch normalisation as a chain of elementwise operations, which costs a convolutional network about
half of its time on a CPU. The fused kernel computes the same in one pass. And on a processor that oneDNN has no
bfloat16 convolutions for, TensorFlow takes ten times as long for one as in float32.

A network is built with Keras's own layers, which change their class for the training and change it back before the
model is saved: variables, configuration and names stay, so a saved model is plain Keras.
"""

from typing import Any

import keras
import tensorflow as tf

from lookbook.models import layers_of
from lookbook.runtime import devices


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, computed by the fused kernel where it can be: in training, on images, normalised by channel."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalised inputs (B, H, W, C); in training, move the moving statistics."""
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
        # The kernel returns the sample variance, Keras moves its statistics by the variance of the population.
        count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance * (count - 1) / count)
        return outputs

    def _move(self, moving: Any, current: Any) -> None:
        moving.assign(moving * self.momentum + tf.cast(current, moving.dtype) * (1 - self.momentum))


class RoundedConv2D(keras.layers.Conv2D):
    """Keras's layer, whose products are computed in float32 where they are in bfloat16.

    That is what bfloat16 units do: operands and results are rounded to bfloat16, sums are kept in float32.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution of inputs (B, H, W, C) and kernel (h, w, C, filters)."""
        if inputs.dtype != tf.bfloat16:
            return super().convolution_op(inputs, kernel)
        outputs = super().convolution_op(tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32))
        return tf.cast(outputs, tf.bfloat16)


EXCHANGED = {keras.layers.BatchNormalization: FusedBatchNormalization, keras.layers.Conv2D: RoundedConv2D}


def exchange(model: keras.Model) -> None:
    """Exchange a model's layers, at every depth, for those that are faster here."""
    faster = dict(EXCHANGED)
    if devices.has_bfloat16_convolutions():
        del faster[keras.layers.Conv2D]
    _change_classes(model, faster)


def restore(model: keras.Model) -> None:
    """Make every exchanged layer Keras's own again."""
    _change_classes(model, {faster: plain for plain, faster in EXCHANGED.items()})


def _change_classes(model: keras.Model, new: dict[type, type]) -> None:
    for layer in layers_of(model):
        # Exactly these classes: a subclass means something of its own.
        layer.__class__ = new.get(type(layer), type(layer))
