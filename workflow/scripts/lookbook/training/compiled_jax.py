"""The compiled calls on JAX: ``lax.scan`` over the steps, so that one call trains a whole epoch.

Keras's layers and optimizers keep their state in variables, but a compiled function must get it as an argument. A
call takes the values of all variables, passes them from step to step, and returns the new ones for the variables.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras

from lookbook.training.compiled import STEPS_PER_CALL, Calls, Inputs, Task, Transform

Values = list[jax.Array]


def compile_calls(task: Task) -> Calls:
    """Return the calls of a trial, compiled when they are first called or prepared."""
    model, optimizer = task.model, task.optimizer
    drawn_from = [seed.state for seed in task.seeds]
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables, drawn_from)
    # Arguments of every call, because JAX compiles closed-over arrays into the program as constants.
    arrays = task.resident_arrays()

    def values() -> tuple[Values, ...]:
        return tuple([variable.value for variable in group] for group in groups)

    def assign(group: list[Any], new: Values) -> None:
        for variable, value in zip(group, new, strict=True):
            variable.assign(value)

    def batch(inputs: Inputs, arrays: Inputs) -> tuple[Any, Any]:
        return task.batch(*([array[inputs[0]] for array in arrays] or inputs))

    def augmented(inputs: Inputs, drawn: Values, arrays: Inputs) -> tuple[Any, Any, Values]:
        with keras.StatelessScope(state_mapping=list(zip(drawn_from, drawn, strict=True))) as scope:
            pixels, labels = task.transform(*batch(inputs, arrays))
        return pixels, labels, [scope.get_current_value(variable) for variable in drawn_from]

    def total(trainable: Values, others: Values, pixels: Any, labels: Any) -> tuple[Any, tuple[Any, Any, Values]]:
        logits, others, penalties = model.stateless_call(trainable, others, pixels, training=True, return_losses=True)
        # As in keras.Model.fit, the penalties of the weights are part of the loss.
        value = task.loss(labels, logits) + sum(penalties)
        # The optimizer divides the gradients of a scaled loss by the factor.
        return optimizer.scale_loss(value), (value, logits, others)

    gradient = jax.value_and_grad(total, has_aux=True)

    def scanned_steps(state: tuple[Values, ...], inputs: Inputs, arrays: Inputs) -> Any:
        def step(carry: Any, rows: Inputs) -> tuple[Any, None]:
            (trainable, others, moments, drawn), sums = carry
            pixels, labels, drawn = augmented(rows, drawn, arrays)
            (_, (value, logits, others)), gradients = gradient(trainable, others, pixels, labels)
            trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
            count = jnp.float32(len(logits))
            sums = sums + jnp.stack([value.astype("float32") * count, task.count_correct(labels, logits), count])
            return ((trainable, others, moments, drawn), sums), None

        return jax.lax.scan(step, (state, jnp.zeros(3)), inputs)[0]

    # By the shape of the inputs; compiled ahead of the first step, so that its time is measured apart.
    compiled: dict[tuple[int, ...], Callable[..., Any]] = {}

    def steps_for(inputs: Inputs) -> Callable[..., Any]:
        shape = inputs[0].shape
        if shape not in compiled:
            compiled[shape] = jax.jit(scanned_steps, donate_argnums=0).lower(values(), inputs, arrays).compile()
        return compiled[shape]

    def train_steps(inputs: Inputs) -> jax.Array:
        state, sums = steps_for(inputs)(values(), inputs, arrays)
        for group, new in zip(groups, state, strict=True):
            assign(group, new)
        return sums

    @jax.jit
    def forward(trainable: Values, others: Values, inputs: Inputs, arrays: Inputs) -> Any:
        logits, _ = model.stateless_call(trainable, others, batch(inputs, arrays)[0], training=False)
        return logits.astype("float32")

    def predict(inputs: Inputs) -> jax.Array:
        trainable, others, *_ = values()
        return forward(trainable, others, inputs, arrays)

    @jax.jit
    def forward_in_training(state: tuple[Values, ...], inputs: Inputs, arrays: Inputs) -> tuple[Values, Values]:
        trainable, others, _, drawn = state
        pixels, _, drawn = augmented(inputs, drawn, arrays)
        _, others = model.stateless_call(trainable, others, pixels, training=True)
        return others, drawn

    def update_batch_statistics(inputs: Inputs) -> None:
        others, drawn = forward_in_training(values(), inputs, arrays)
        assign(model.non_trainable_variables, others)
        assign(drawn_from, drawn)

    return Calls(
        steps_per_call=None if task.is_resident else STEPS_PER_CALL,
        prepare_steps=steps_for,
        train_steps=train_steps,
        prepare_prediction=predict,
        predict=predict,
        update_batch_statistics=update_batch_statistics,
        restore=lambda: None,
    )


def compile_transform(transform: Transform) -> Transform:
    """Return the augmentation itself: in eager mode the seed generators keep their states without being passed."""
    return transform
