"""The compiled calls on TensorFlow.

With XLA one call trains a whole epoch. In graph mode one call trains a few unrolled steps: on a CPU oneDNN's
convolutions are several times faster there than XLA's. A training of a handful of steps runs eagerly: tracing a deep
network and optimizing its graph takes as long as dozens of its steps.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from lookbook.models import layers_of
from lookbook.training.compiled import STEPS_PER_CALL, Calls, Inputs, Task, Transform
from lookbook.training.fast_layers import exchange, restore
from lookbook.training.precision import SHORT_TRAINING

# Layers from which on tracing several steps of a network takes longer than it saves.
DEEP_NETWORK = 60


def compile_calls(task: Task) -> Calls:
    """Return the calls of a trial, compiled when they are first called or prepared, unless they run eagerly."""
    model, optimizer, xla = task.model, task.optimizer, task.compilation == "xla"
    arrays = task.resident_arrays()
    variables = model.trainable_variables
    if not xla:
        # XLA fuses the elementwise operations of Keras's own layers by itself.
        exchange(model, task.hardware)

    def batch(inputs: Inputs) -> tuple[tf.Tensor, tf.Tensor]:
        return task.batch(*([tf.gather(array, inputs[0]) for array in arrays] or inputs))

    def train_step(inputs: Inputs) -> tf.Tensor:
        # A profile groups the operations by these scopes.
        with tf.name_scope("input"):
            pixels, labels = batch(inputs)
        with tf.name_scope("augmentation"):
            pixels, labels = task.transform(pixels, labels)
        with tf.GradientTape() as tape:
            logits = model(pixels, training=True)
            # As in keras.Model.fit, the penalties of the weights are part of the loss.
            total = tf.add_n([task.loss(labels, logits), *model.losses])
            scaled = optimizer.scale_loss(total)
        gradients = tape.gradient(scaled, variables)
        with tf.name_scope("optimizer"):
            optimizer.apply(gradients, variables)
        count = tf.cast(tf.shape(logits)[0], tf.float32)
        return tf.stack([total * count, task.count_correct(labels, logits), count])

    def scanned_steps(inputs: Inputs, steps: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return step + 1, sums + train_step(tuple(part[step] for part in inputs))

        return tf.while_loop(lambda step, _: step < steps, body, (tf.constant(0), tf.zeros(3)))[1]

    def unrolled_steps(inputs: Inputs) -> tf.Tensor:
        return tf.add_n([train_step(tuple(part[step] for part in inputs)) for step in range(inputs[0].shape[0])])

    def forward(inputs: Inputs) -> tf.Tensor:
        return tf.cast(model(batch(inputs)[0], training=False), tf.float32)

    def forward_in_training(inputs: Inputs) -> None:
        model(task.transform(*batch(inputs))[0], training=True)

    if task.compilation == "eager":
        return Calls(
            steps_per_call=1,
            prepare_steps=lambda inputs: None,
            train_steps=unrolled_steps,
            prepare_prediction=lambda inputs: None,
            predict=forward,
            update_batch_statistics=forward_in_training,
            restore=lambda: restore(model),
        )

    def compiled(function: Callable[..., Any]) -> Any:
        # AutoGraph would only take time: there is no Python control flow over tensors.
        return tf.function(function, jit_compile=xla, autograph=False)

    scan, unrolled, predict = compiled(scanned_steps), compiled(unrolled_steps), compiled(forward)
    unrolls = task.steps >= SHORT_TRAINING and len(list(layers_of(model))) < DEEP_NETWORK
    steps_per_call = STEPS_PER_CALL if unrolls else 1
    return Calls(
        steps_per_call=None if xla and task.is_resident else steps_per_call,
        # XLA compiles on the first call, here one of no steps.
        prepare_steps=(lambda inputs: scan(inputs, tf.constant(0))) if xla else unrolled.get_concrete_function,
        train_steps=(lambda inputs: scan(inputs, tf.constant(len(inputs[0])))) if xla else unrolled,
        prepare_prediction=predict if xla else predict.get_concrete_function,
        predict=predict,
        update_batch_statistics=compiled(forward_in_training),
        restore=lambda: restore(model),
    )


def compile_transform(transform: Transform) -> Transform:
    """Return an augmentation in graph mode, whatever compiles the training: XLA orders random numbers differently.

    Grappler is off, because its rewriting changes roundings: so the images are those of eager mode, bit for bit, in
    a third to a fifteenth of its time.
    """
    traced: list[Callable[..., Any]] = []

    def call(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        try:
            if not traced:  # once, for batches of any size
                specs = [tf.TensorSpec((None, *batch.shape[1:]), batch.dtype) for batch in (images, labels)]
                traced.append(tf.function(transform, input_signature=specs, autograph=False))
            return traced[0](images, labels)
        finally:
            tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})

    return call
