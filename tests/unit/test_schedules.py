"""Learning rates by step, and Keras's optimizers and schedules from an experiment."""

import keras
import numpy as np
import pytest

from lookbook.training.optimizers import optimizer_from
from lookbook.training.schedules import ExponentialRange, OneCycle

LOW, HIGH, END = 5e-4, 5e-3, 5e-6
ARGUMENTS = {"initial_learning_rate": LOW, "maximal_learning_rate": HIGH, "final_learning_rate": END}


def rates(schedule, steps) -> np.ndarray:
    return np.array([float(schedule(step)) for step in steps])


@pytest.fixture(scope="module")
def cycle() -> np.ndarray:
    return rates(OneCycle(**ARGUMENTS, total_steps=201), range(201))


def test_one_cycle_has_its_rates_at_start_peak_foot_and_end(cycle):
    assert cycle[[0, 90, 180, 200]] == pytest.approx([LOW, HIGH, LOW, END], rel=1e-4)


def test_one_cycle_rises_falls_and_descends_linearly(cycle):
    for first, last, sign in ((0, 90, 1), (90, 180, -1), (180, 200, -1)):
        slope = np.diff(cycle[first : last + 1])
        assert (sign * slope > 0).all()
        assert slope == pytest.approx(np.full(last - first, slope.mean()), rel=1e-2)


def test_one_cycle_keeps_its_final_rate_after_its_steps():
    schedule = OneCycle(**ARGUMENTS, total_steps=201)
    assert rates(schedule, [201, 10_000]) == pytest.approx([END, END], rel=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_one_cycle_of_few_steps_is_finite_and_positive(steps):
    found = rates(OneCycle(**ARGUMENTS, total_steps=steps), range(steps))
    assert np.isfinite(found).all()
    assert (found > 0).all()


def test_one_cycle_can_rise_and_fall_during_the_whole_training():
    found = rates(OneCycle(**ARGUMENTS, rising=0.5, total_steps=101), [0, 50, 100])
    assert found == pytest.approx([LOW, HIGH, LOW], rel=1e-4)


RANGE = {"initial_learning_rate": 1e-4, "final_learning_rate": 1.0}
BOTH = pytest.mark.parametrize(("kind", "arguments"), [(OneCycle, ARGUMENTS), (ExponentialRange, RANGE)])


@BOTH
def test_a_schedule_without_total_steps_raises_an_error(kind, arguments):
    with pytest.raises(ValueError, match=f"{kind.__name__} needs total_steps"):
        kind(**arguments)(0)


@BOTH
def test_a_schedule_can_be_created_from_its_config(kind, arguments):
    schedule = kind(**arguments, total_steps=50)
    again = kind.from_config(schedule.get_config())
    assert again.get_config() == schedule.get_config()
    np.testing.assert_array_equal(rates(again, range(50)), rates(schedule, range(50)))


def test_a_range_test_multiplies_the_rate_by_equal_factors():
    found = rates(ExponentialRange(1e-4, 1.0, total_steps=422), range(422))
    assert found[[0, -1]] == pytest.approx([1e-4, 1.0], rel=1e-5)
    assert found[1:] / found[:-1] == pytest.approx(np.full(421, 1e4 ** (1 / 421)), rel=1e-5)


def test_a_range_test_may_fall():
    assert rates(ExponentialRange(1.0, 0.01, total_steps=3), range(3)) == pytest.approx([1.0, 0.1, 0.01], rel=1e-5)


def test_a_range_test_keeps_its_final_rate_after_its_steps():
    schedule = ExponentialRange(1e-4, 1.0, total_steps=10)
    assert rates(schedule, [9, 10, 10_000]) == pytest.approx([1.0, 1.0, 1.0], rel=1e-5)
    assert rates(ExponentialRange(1e-4, 1.0, total_steps=1), [0]) == pytest.approx([1e-4], rel=1e-5)


# From an experiment.


def optimizer_with(rate, total_steps: int = 100):
    return optimizer_from({"class_name": "SGD", "config": {"learning_rate": rate, "momentum": 0.9}}, total_steps)


@BOTH
@pytest.mark.parametrize("given", [{}, {"total_steps": None}], ids=["left out", "null"])
def test_total_steps_default_to_those_of_the_training(kind, arguments, given):
    optimizer = optimizer_with({"class_name": kind.__name__, "config": {**arguments, **given}}, 321)
    assert type(optimizer._learning_rate) is kind
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
