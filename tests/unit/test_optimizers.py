"""Keras's optimizers and schedules from an experiment, and the length of this project's schedules."""

import keras
import numpy as np
import pytest

from lookbook.training.optimizers import optimizer_from

ARGUMENTS = {"initial_learning_rate": 5e-4, "maximal_learning_rate": 5e-3, "final_learning_rate": 5e-6}


def rates(schedule, steps) -> np.ndarray:
    return np.array([float(schedule(step)) for step in steps])


def optimizer_with(rate, total_steps: int = 100):
    return optimizer_from({"class_name": "SGD", "config": {"learning_rate": rate, "momentum": 0.9}}, total_steps)


RANGE = {"initial_learning_rate": 1e-4, "final_learning_rate": 1.0}


@pytest.mark.parametrize(("name", "arguments"), [("OneCycle", ARGUMENTS), ("ExponentialRange", RANGE)])
@pytest.mark.parametrize("given", [{}, {"total_steps": None}], ids=["left out", "null"])
def test_total_steps_default_to_those_of_the_training(name, arguments, given):
    optimizer = optimizer_with({"class_name": name, "config": {**arguments, **given}}, 321)
    assert type(optimizer._learning_rate).__name__ == name
    assert optimizer._learning_rate.total_steps == 321
    assert optimizer.momentum == 0.9


def test_total_steps_of_the_experiment_take_precedence():
    optimizer = optimizer_with({"class_name": "OneCycle", "config": {**ARGUMENTS, "total_steps": 50}})
    assert optimizer._learning_rate.total_steps == 50


def test_keras_schedules_get_their_arguments_unchanged():
    arguments = {"initial_learning_rate": 1e-3, "first_decay_steps": 100, "t_mul": 2.0, "m_mul": 1.0, "alpha": 0.0}
    optimizer = optimizer_with({"class_name": "CosineDecayRestarts", "config": arguments})
    expected = keras.optimizers.schedules.CosineDecayRestarts(**arguments)
    steps = [0, 50, 99, 100, 250, 299, 300]
    np.testing.assert_array_equal(rates(optimizer._learning_rate, steps), rates(expected, steps))


def test_a_number_is_the_learning_rate():
    assert float(optimizer_with(0.25).learning_rate) == 0.25


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_keras_optimizers_get_their_arguments_unchanged(name):
    optimizer = optimizer_from({"class_name": name, "config": {"learning_rate": 0.5, "clipnorm": 1.0}}, 10)
    assert type(optimizer).__name__ == name
    assert optimizer.clipnorm == 1.0


def test_the_specification_is_not_changed():
    entry = {"class_name": "SGD", "config": {"learning_rate": {"class_name": "OneCycle", "config": dict(ARGUMENTS)}}}
    optimizer_from(entry, 10)
    assert entry["config"]["learning_rate"]["config"] == ARGUMENTS
