"""The optimizer of a trial, with its learning rate or schedule."""

from typing import Any

import keras

from lookbook.training.schedules import SCHEDULES


def optimizer_from(entry: dict[str, Any], total_steps: int) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer of a resolved experiment.

    ``entry`` has Keras's ``class_name``/``config`` form, and so has its ``learning_rate`` if that is a schedule; one of
    ``SCHEDULES`` that leaves ``total_steps`` out gets the steps of the whole training.
    """
    config = dict(entry["config"])
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        arguments = dict(rate.get("config", {}))
        if rate["class_name"] in SCHEDULES and arguments.get("total_steps") is None:
            arguments["total_steps"] = total_steps
        schedule = {"class_name": rate["class_name"], "config": arguments}
        config["learning_rate"] = keras.optimizers.schedules.deserialize(schedule, custom_objects=SCHEDULES)
    # By name, because keras.optimizers.get does not know all of them.
    return getattr(keras.optimizers, entry["class_name"])(**config)
