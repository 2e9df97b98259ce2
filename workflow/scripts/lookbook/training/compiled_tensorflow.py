"""The compiled epoch on TensorFlow: indices in, sums out; images stay on the device as uint8.

Under XLA one call trains a whole epoch; in graph mode one call trains a few unrolled steps, because oneDNN's
convolutions are fastest there and XLA's on a CPU are the slowest.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lookbook.training.fused_normalization import fuse, unfuse
from lookbook.training.program import EVALUATION_BATCH, Program, Sums

# Unrolled steps of one call in graph mode. Fewer calls save Python's share, more of them cost tracing time.
STEPS_PER_CALL = 4


def compile_program(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: keras.losses.Loss,
    transform: Callable[[Any, Any], tuple[Any, Any]],
    images: np.ndarray,
    labels: np.ndarray,
    *,
    one_hot: bool,
    xla: bool,
) -> Program:
    """Return the training and evaluation of one trial as compiled calls.

    Args:
        model: raw pixels to logits.
        optimizer: built for the model's trainable variables.
        loss: a Keras loss on labels and logits, averaged over the batch.
        transform: augmentation of a training batch.
        images: uint8 (N, H, W, C), copied to the device once.
        labels: whole numbers (N,).
        one_hot: whether the loss and the augmentation want one-hot labels.
        xla: compile with XLA, a whole epoch a call, rather than in graph mode.
    """
    device_images = tf.constant(np.ascontiguousarray(images))
    device_labels = tf.constant(labels.astype(np.int32))
    classes = int(model.output_shape[-1])
    variables = model.trainable_variables
    if not xla:
        # XLA fuses the elementwise operations of Keras's own layer by itself.
        fuse(model)

    def batch(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.cast(tf.gather(device_images, indices), tf.float32)
        label = tf.gather(device_labels, indices)
        return pixels, tf.one_hot(label, classes) if one_hot else label

    def hits(label: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        label = tf.argmax(label, 1, output_type=tf.int32) if one_hot else label
        predicted = tf.argmax(logits, 1, output_type=tf.int32)
        return tf.reduce_sum(tf.cast(tf.equal(label, predicted), tf.float32))

    def train_step(indices: tf.Tensor) -> tf.Tensor:
        pixels, label = transform(*batch(indices))
        with tf.GradientTape() as tape:
            logits = model(pixels, training=True)
            # Penalties of the weights are part of the loss, as in Keras's own training.
            total = tf.add_n([loss(label, logits), *model.losses])
            scaled = optimizer.scale_loss(total)
        optimizer.apply(tape.gradient(scaled, variables), variables)
        count = tf.cast(tf.shape(indices)[0], tf.float32)
        return tf.stack([total * count, hits(label, logits), count])

    def scan(indices: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return step + 1, sums + train_step(indices[step])

        steps = indices.shape[0]
        return tf.while_loop(lambda step, _: step < steps, body, (tf.constant(0), tf.zeros(3)))[1]

    def unrolled(indices: tf.Tensor) -> tf.Tensor:
        return tf.add_n([train_step(indices[step]) for step in range(indices.shape[0])])

    chunk = tf.function(scan if xla else unrolled, jit_compile=xla)

    def forward(indices: tf.Tensor) -> tf.Tensor:
        pixels, _ = batch(indices)
        return tf.cast(model(pixels, training=False), tf.float32)

    compiled_forward = tf.function(forward, jit_compile=xla)

    def forward_in_training(indices: tf.Tensor) -> None:
        pixels, _ = transform(*batch(indices))
        model(pixels, training=True)

    compiled_observation = tf.function(forward_in_training, jit_compile=xla)

    def observe(indices: np.ndarray) -> None:
        compiled_observation(tf.constant(indices))

    def train(indices: np.ndarray) -> Sums:
        portions = portions_of(indices)
        sums = [chunk(tf.constant(portion)) for portion in portions]
        # Added up on the host, in float64: the calls run ahead until the first result is asked for.
        totals = np.stack([s.numpy() for s in sums]).sum(axis=0, dtype=np.float64)
        return Sums(loss=float(totals[0]), correct=float(totals[1]), images=int(totals[2]))

    def portions_of(indices: np.ndarray) -> list[np.ndarray]:
        size = len(indices) if xla else STEPS_PER_CALL
        full = len(indices) - len(indices) % size
        whole = [indices[start : start + size] for start in range(0, full, size)]
        return whole + [indices[step : step + 1] for step in range(full, len(indices))]

    def predict(indices: np.ndarray) -> np.ndarray:
        # A short last batch is filled up, so that one compiled shape serves every call.
        padded = np.resize(indices, -(-len(indices) // EVALUATION_BATCH) * EVALUATION_BATCH)
        batches = padded.reshape(-1, EVALUATION_BATCH).astype(np.int32)
        logits = [compiled_forward(tf.constant(rows)).numpy() for rows in batches]
        return np.concatenate(logits)[: len(indices)] if logits else np.zeros((0, classes), np.float32)

    return Program(train=train, predict=predict, observe=observe, restore=lambda: unfuse(model))
