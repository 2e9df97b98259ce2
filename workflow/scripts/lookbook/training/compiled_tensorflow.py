"""The compiled epoch on TensorFlow: indices in, sums out; images stay on the device as uint8 where they fit.

Under XLA one call trains a whole epoch; in graph mode one call trains a few unrolled steps, because oneDNN's
convolutions are fastest there and XLA's on a CPU are the slowest.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lookbook.models import layers_of
from lookbook.training.fast_layers import exchange, restore
from lookbook.training.program import EVALUATION_BATCH, RESIDENT_BYTES, Program, Sums
from lookbook.training.trial_data import Stack

# Unrolled steps of one call in graph mode. They save Python's share and cost tracing time, which neither a short
# training earns back nor a deep network, whose steps are long and whose layers are many.
STEPS_PER_CALL = 4
SHORT, DEEP = 500, 60


def compile_program(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: keras.losses.Loss,
    transform: Callable[[Any, Any], tuple[Any, Any]],
    images: Stack,
    labels: np.ndarray,
    *,
    one_hot: bool,
    seeds: Sequence[keras.random.SeedGenerator] = (),
    xla: bool,
    steps: int = SHORT,
    evaluation_batch: int = EVALUATION_BATCH,
) -> Program:
    """Return the training and evaluation of one trial as compiled calls.

    Args:
        model: raw pixels to logits.
        optimizer: built for the model's trainable variables.
        loss: a Keras loss on labels and logits, averaged over the batch.
        transform: augmentation of a training batch.
        images: uint8 (N, H, W, C); copied to the device once, or where they are too many, batch by batch.
        labels: whole numbers (N,).
        one_hot: whether the loss and the augmentation want one-hot labels.
        seeds: what the transform draws from; TensorFlow finds their state by itself.
        xla: compile with XLA, a whole epoch a call, rather than in graph mode.
        steps: of the whole training, about; short ones are not worth unrolling.
        evaluation_batch: images of one prediction call.
    """
    labels = labels.astype(np.int32)
    resident = images.nbytes <= RESIDENT_BYTES
    device_images = tf.constant(images.whole()) if resident else None
    device_labels = tf.constant(labels)
    classes = int(model.output_shape[-1])
    worthwhile = steps >= SHORT and len(list(layers_of(model))) < DEEP
    steps_per_call = STEPS_PER_CALL if worthwhile else 1
    variables = model.trainable_variables
    if not xla:
        # XLA fuses the elementwise operations of Keras's own layers by itself.
        exchange(model)

    def feed(indices: np.ndarray) -> tuple[tf.Tensor, ...]:
        """Return what a compiled call takes for rows of any shape: the rows, or images and labels themselves."""
        return (tf.constant(indices),) if resident else (tf.constant(images[indices]), tf.constant(labels[indices]))

    def batch(fed: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        if resident:
            fed = tf.gather(device_images, fed[0]), tf.gather(device_labels, fed[0])
        pixels, label = fed
        return tf.cast(pixels, tf.float32), tf.one_hot(label, classes) if one_hot else label

    def hits(label: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        label = tf.argmax(label, 1, output_type=tf.int32) if one_hot else label
        predicted = tf.argmax(logits, 1, output_type=tf.int32)
        return tf.reduce_sum(tf.cast(tf.equal(label, predicted), tf.float32))

    def train_step(fed: tuple[tf.Tensor, ...]) -> tf.Tensor:
        # The scopes tell a profile what an operation is for.
        with tf.name_scope("input"):
            pixels, label = batch(fed)
        with tf.name_scope("augmentation"):
            pixels, label = transform(pixels, label)
        with tf.GradientTape() as tape:
            logits = model(pixels, training=True)
            # Penalties of the weights are part of the loss, as in Keras's own training.
            total = tf.add_n([loss(label, logits), *model.losses])
            scaled = optimizer.scale_loss(total)
        gradients = tape.gradient(scaled, variables)
        with tf.name_scope("optimizer"):
            optimizer.apply(gradients, variables)
        count = tf.cast(tf.shape(logits)[0], tf.float32)
        return tf.stack([total * count, hits(label, logits), count])

    def scan(fed: tuple[tf.Tensor, ...], steps: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return step + 1, sums + train_step(tuple(part[step] for part in fed))

        return tf.while_loop(lambda step, _: step < steps, body, (tf.constant(0), tf.zeros(3)))[1]

    def unrolled(fed: tuple[tf.Tensor, ...]) -> tf.Tensor:
        return tf.add_n([train_step(tuple(part[step] for part in fed)) for step in range(fed[0].shape[0])])

    compiled_scan = tf.function(scan, jit_compile=True)
    compiled_unrolled = tf.function(unrolled)

    def chunk(portion: np.ndarray) -> tf.Tensor:
        return compiled_scan(feed(portion), tf.constant(len(portion))) if xla else compiled_unrolled(feed(portion))

    def forward(fed: tuple[tf.Tensor, ...]) -> tf.Tensor:
        pixels, _ = batch(fed)
        return tf.cast(model(pixels, training=False), tf.float32)

    compiled_forward = tf.function(forward, jit_compile=xla)

    def forward_in_training(fed: tuple[tf.Tensor, ...]) -> None:
        pixels, _ = transform(*batch(fed))
        model(pixels, training=True)

    compiled_observation = tf.function(forward_in_training, jit_compile=xla)

    def observe(indices: np.ndarray) -> None:
        compiled_observation(feed(indices))

    def prepare(indices: np.ndarray) -> None:
        rows = np.zeros(evaluation_batch, np.int32)
        for portion in {portion.shape: portion for portion in portions_of(indices)}.values():
            if xla:
                # XLA compiles on the first call, here one of no steps.
                compiled_scan(feed(portion), tf.constant(0))
            else:
                compiled_unrolled.get_concrete_function(feed(portion))
        if xla:
            compiled_forward(feed(rows))
        else:
            compiled_forward.get_concrete_function(feed(rows))

    def train(indices: np.ndarray) -> Sums:
        sums = [chunk(portion) for portion in portions_of(indices)]
        # Added up on the host, in float64: the calls run ahead until the first result is asked for.
        totals = np.stack([s.numpy() for s in sums]).sum(axis=0, dtype=np.float64)
        return Sums(loss=float(totals[0]), correct=float(totals[1]), images=int(totals[2]))

    def portions_of(indices: np.ndarray) -> list[np.ndarray]:
        size = len(indices) if xla and resident else steps_per_call
        full = len(indices) - len(indices) % size
        whole = [indices[start : start + size] for start in range(0, full, size)]
        return whole + [indices[step : step + 1] for step in range(full, len(indices))]

    def predict(indices: np.ndarray) -> np.ndarray:
        # A short last batch is filled up, so that one compiled shape serves every call.
        padded = np.resize(indices, -(-len(indices) // evaluation_batch) * evaluation_batch)
        batches = padded.reshape(-1, evaluation_batch).astype(np.int32)
        logits = [compiled_forward(feed(rows)).numpy() for rows in batches]
        return np.concatenate(logits)[: len(indices)] if logits else np.zeros((0, classes), np.float32)

    return Program(prepare=prepare, train=train, predict=predict, observe=observe, restore=lambda: restore(model))
