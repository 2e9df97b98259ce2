"""The compiled epoch on JAX: indices in, sums out; ``lax.scan`` over the steps, so that one call trains an epoch.

Keras's layers and optimizers keep their state in variables; a compiled function must be handed it. So a call takes
the values of all variables, threads them through its steps, and the variables are given the new ones at its end.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from lookbook.training.program import EVALUATION_BATCH, RESIDENT_BYTES, Program, Sums
from lookbook.training.trial_data import Stack

# Steps of one call where the host hands the images over.
STREAMED_STEPS = 4
Values = list[jax.Array]


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
    xla: bool = True,
    steps: int | None = None,
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
        seeds: what the transform draws from.
        xla: JAX knows nothing else.
        steps: of the whole training; a scan is compiled once, however many there are.
        evaluation_batch: images of one prediction call.
    """
    labels = labels.astype(np.int32)
    resident = images.nbytes <= RESIDENT_BYTES
    device_images = jnp.asarray(images.whole()) if resident else None
    device_labels = jnp.asarray(labels)
    classes = int(model.output_shape[-1])
    drawing = [seed.state for seed in seeds]

    def feed(indices: np.ndarray) -> tuple[Any, ...]:
        """Return what a compiled call takes for rows of any shape: the rows, or images and labels themselves."""
        return (jnp.asarray(indices),) if resident else (jnp.asarray(images[indices]), jnp.asarray(labels[indices]))

    def batch(fed: tuple[Any, ...], pool: tuple[Any, ...]) -> tuple[Any, Any]:
        # Handed over rather than closed over: a constant would be compiled into the program.
        pixels, label = (pool[0][fed[0]], pool[1][fed[0]]) if resident else fed
        return pixels.astype("float32"), jax.nn.one_hot(label, classes) if one_hot else label

    def augmented(fed: tuple[Any, ...], drawn: Values, pool: tuple[Any, ...]) -> tuple[Any, Any, Values]:
        with keras.StatelessScope(state_mapping=list(zip(drawing, drawn, strict=True))) as scope:
            pixels, label = transform(*batch(fed, pool))
        return pixels, label, [scope.get_current_value(variable) for variable in drawing]

    def total(trainable: Values, others: Values, pixels: Any, label: Any) -> tuple[Any, tuple[Any, Values]]:
        logits, others, penalties = model.stateless_call(trainable, others, pixels, training=True, return_losses=True)
        # Penalties of the weights are part of the loss, as in Keras's own training.
        return loss(label, logits) + sum(penalties), (logits, others)

    gradient = jax.value_and_grad(total, has_aux=True)

    def hits(label: Any, logits: Any) -> Any:
        label = label.argmax(1) if one_hot else label
        return (label == logits.argmax(1)).sum().astype("float32")

    def train_steps(state: tuple[Values, ...], fed: tuple[Any, ...], pool: tuple[Any, ...]) -> Any:
        def step(carry: Any, row: tuple[Any, ...]) -> tuple[Any, None]:
            (trainable, others, moments, drawn), sums = carry
            pixels, label, drawn = augmented(row, drawn, pool)
            (value, (logits, others)), gradients = gradient(trainable, others, pixels, label)
            trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
            count = jnp.float32(len(logits))
            sums = sums + jnp.stack([value.astype("float32") * count, hits(label, logits), count])
            return ((trainable, others, moments, drawn), sums), None

        return jax.lax.scan(step, (state, jnp.zeros(3)), fed)[0]

    # By the shape of the indices; compiled ahead of the first step, so that its time is known.
    compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def steps_for(indices: np.ndarray) -> Callable[..., Any]:
        if indices.shape not in compiled:
            lowered = jax.jit(train_steps, donate_argnums=0).lower(values(), feed(indices), pool)
            compiled[indices.shape] = lowered.compile()
        return compiled[indices.shape]

    @jax.jit
    def compiled_forward(trainable: Values, others: Values, fed: tuple[Any, ...], pool: tuple[Any, ...]) -> Any:
        logits, _ = model.stateless_call(trainable, others, batch(fed, pool)[0], training=False)
        return logits.astype("float32")

    @jax.jit
    def compiled_observation(state: tuple[Values, ...], fed: tuple[Any, ...], pool: tuple[Any, ...]) -> Any:
        trainable, others, _, drawn = state
        pixels, _, drawn = augmented(fed, drawn, pool)
        _, others = model.stateless_call(trainable, others, pixels, training=True)
        return others, drawn

    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables, drawing)
    pool = (device_images, device_labels)

    def values() -> tuple[Values, ...]:
        return tuple([variable.value for variable in group] for group in groups)

    def assign(group: list[Any], new: Values) -> None:
        for variable, value in zip(group, new, strict=True):
            variable.assign(value)

    def portions_of(indices: np.ndarray) -> list[np.ndarray]:
        size = len(indices) if resident else STREAMED_STEPS
        return [indices[start : start + size] for start in range(0, len(indices), size)]

    def prepare(indices: np.ndarray) -> None:
        for portion in portions_of(indices):
            steps_for(portion)
        predict(np.zeros(1, np.int32))

    def train(indices: np.ndarray) -> Sums:
        state = values()
        totals = np.zeros(3)
        for portion in portions_of(indices):
            state, sums = steps_for(portion)(state, feed(portion), pool)
            totals += np.asarray(sums, np.float64)
        for group, new in zip(groups, state, strict=True):
            assign(group, new)
        return Sums(loss=float(totals[0]), correct=float(totals[1]), images=int(totals[2]))

    def predict(indices: np.ndarray) -> np.ndarray:
        # A short last batch is filled up, so that one compiled shape serves every call.
        padded = np.resize(indices, -(-len(indices) // evaluation_batch) * evaluation_batch)
        trainable, others, *_ = values()
        rows = padded.reshape(-1, evaluation_batch).astype(np.int32)
        logits = [np.asarray(compiled_forward(trainable, others, feed(part), pool)) for part in rows]
        return np.concatenate(logits)[: len(indices)] if logits else np.zeros((0, classes), np.float32)

    def observe(indices: np.ndarray) -> None:
        others, drawn = compiled_observation(values(), feed(indices), pool)
        assign(model.non_trainable_variables, others)
        assign(drawing, drawn)

    return Program(prepare=prepare, train=train, predict=predict, observe=observe, restore=lambda: None)
