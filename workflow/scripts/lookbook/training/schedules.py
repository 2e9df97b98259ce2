"""Learning-rate schedules that Keras lacks. A configuration names them by ``class_name``, as it does Keras's own."""

from typing import Any

import keras
from keras import ops


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """The one-cycle policy (Smith and Topin, 2018, arXiv 1708.07120), piecewise linear in the step.

    The rate rises from the initial to the maximal rate, falls back to the initial rate, and descends to the final rate.

    Args:
        initial_learning_rate: rate at the first step and at the start of the descent.
        maximal_learning_rate: rate at the peak.
        final_learning_rate: rate at the last step.
        rising: fraction of the steps in which the rate rises; it falls for as many, and descends in the rest.
        total_steps: number of steps of the training; if None, training sets it.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        final_learning_rate: float,
        rising: float = 0.45,
        total_steps: int | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.maximal_learning_rate = maximal_learning_rate
        self.final_learning_rate = final_learning_rate
        self.rising = rising
        self.total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate (float32 scalar) of a zero-based step."""
        if self.total_steps is None:
            raise ValueError("OneCycle needs total_steps, the number of training steps")
        step = ops.cast(step, "float32")
        last = max(self.total_steps - 1, 1)
        peak = max(self.rising * last, 1e-9)
        foot = max(2 * peak, 1e-9)
        low, high, end = self.initial_learning_rate, self.maximal_learning_rate, self.final_learning_rate
        up = low + (high - low) * step / peak
        down = high - (high - low) * (step - peak) / peak
        out = low - (low - end) * (step - foot) / max(last - foot, 1e-9)
        rate = ops.where(step <= peak, up, ops.where(step <= foot, down, out))
        return ops.clip(rate, min(low, end), high)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments, for ``from_config``."""
        return dict(vars(self))


class ExponentialRange(keras.optimizers.schedules.LearningRateSchedule):
    """The learning-rate range test (Smith, 2017, arXiv 1506.01186): each step multiplies the rate by the same factor.

    Args:
        initial_learning_rate: rate at the first step.
        final_learning_rate: rate at the last step.
        total_steps: number of steps of the training; if None, training sets it.
    """

    def __init__(
        self, initial_learning_rate: float, final_learning_rate: float, total_steps: int | None = None
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.final_learning_rate = final_learning_rate
        self.total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate (float32 scalar) of a zero-based step."""
        if self.total_steps is None:
            raise ValueError("ExponentialRange needs total_steps, the number of training steps")
        share = ops.clip(ops.cast(step, "float32") / max(self.total_steps - 1, 1), 0.0, 1.0)
        return self.initial_learning_rate * (self.final_learning_rate / self.initial_learning_rate) ** share

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments, for ``from_config``."""
        return dict(vars(self))


# A configuration names them by class; training fills in their ``total_steps``.
SCHEDULES = {schedule.__name__: schedule for schedule in (OneCycle, ExponentialRange)}
