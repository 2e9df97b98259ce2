"""Learning-rate schedules that Keras does not have; ``class_name`` names them beside Keras's own."""

from typing import Any

import keras
from keras import ops


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """The one-cycle policy (Smith and Topin, 2018, arXiv 1708.07120), piecewise linear in the step.

    The rate rises from the initial to the maximal rate, falls back, and ends on a last descent to the final rate.

    Args:
        initial_learning_rate: at the first step and when the fall ends.
        maximal_learning_rate: at the peak.
        final_learning_rate: at the last step.
        rising: fraction of the steps that rise; as many fall, the rest descend to the final rate.
        total_steps: steps of the whole training; training fills it in where it is None.
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
            raise ValueError("OneCycle needs total_steps")
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
        """Return the arguments, as Keras wants them."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "maximal_learning_rate": self.maximal_learning_rate,
            "final_learning_rate": self.final_learning_rate,
            "rising": self.rising,
            "total_steps": self.total_steps,
        }


class ExponentialRange(keras.optimizers.schedules.LearningRateSchedule):
    """The learning-rate range test (Smith, 2017, arXiv 1506.01186): the rate rises by an equal factor every step.

    Args:
        initial_learning_rate: at the first step.
        final_learning_rate: at the last step.
        total_steps: steps of the whole training; training fills it in where it is None.
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
            raise ValueError("ExponentialRange needs total_steps")
        share = ops.clip(ops.cast(step, "float32") / max(self.total_steps - 1, 1), 0.0, 1.0)
        return self.initial_learning_rate * (self.final_learning_rate / self.initial_learning_rate) ** share

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, as Keras wants them."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "final_learning_rate": self.final_learning_rate,
            "total_steps": self.total_steps,
        }


# The schedules of this file, which know the length of the training from the training.
SCHEDULES = {schedule.__name__: schedule for schedule in (OneCycle, ExponentialRange)}


def optimizer_from(entry: dict[str, Any], total_steps: int) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer of a resolved experiment.

    Args:
        entry: Keras's ``class_name``/``config`` form; ``learning_rate`` is a number or a schedule in that form.
        total_steps: steps of the whole training, for schedules that leave ``total_steps`` out.
    """
    config = dict(entry["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        arguments = dict(rate.get("config", {}))
        if rate["class_name"] in SCHEDULES:
            given = {key: value for key, value in arguments.items() if value is not None}
            config["learning_rate"] = SCHEDULES[rate["class_name"]](**{"total_steps": total_steps} | given)
        else:
            schedule = {"class_name": rate["class_name"], "config": arguments}
            config["learning_rate"] = keras.optimizers.schedules.deserialize(schedule)
    return keras.optimizers.get({"class_name": entry["class_name"], "config": config})
