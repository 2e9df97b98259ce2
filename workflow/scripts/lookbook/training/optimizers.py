"""The optimizer of a trial, with its learning rate or schedule."""

from typing import Any

import keras

from lookbook.training.schedules import SCHEDULES


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
        if rate["class_name"] in SCHEDULES and arguments.get("total_steps") is None:
            arguments["total_steps"] = total_steps
        schedule = {"class_name": rate["class_name"], "config": arguments}
        config["learning_rate"] = keras.optimizers.schedules.deserialize(schedule, custom_objects=SCHEDULES)
    return keras.optimizers.get({"class_name": entry["class_name"], "config": config})
