"""A trial whose optimizer counts the steps of earlier trials trains as a Keras optimizer with that counter does."""

from pathlib import Path

import keras
import numpy as np
import pytest
from small_trials import (
    CPU,
    DATA,
    Killed,
    history_in,
    kill_after_epoch,
    tiny_spec,
    train_into,
    trial_spec_of,
    write_tiny,
)

from lookbook.training.optimizers import optimizer_from
from lookbook.training.setup import Setup, set_up

STEPS, TRIAL, PER_TRIAL = 12, 2, 700
COSINE = {"initial_learning_rate": 0.01, "first_decay_steps": 100, "t_mul": 2.0}
DECAY = {"initial_learning_rate": 0.01, "decay_steps": 1, "decay_rate": 0.001, "staircase": False}
OPTIMIZERS = {
    "bias correction": {"class_name": "Adam", "config": {"learning_rate": 0.001}},
    "restarts": {
        "class_name": "Adam",
        "config": {"learning_rate": {"class_name": "CosineDecayRestarts", "config": COSINE}},
    },
    "decay": {
        "class_name": "SGD",
        "config": {"momentum": 0.9, "learning_rate": {"class_name": "InverseTimeDecay", "config": DECAY}},
    },
}
OPTIMIZER = pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)


def spec_of(optimizer: dict, earlier: int | None = PER_TRIAL, compiled: str = "graph") -> dict:
    training = {"batch_size": 12, "epochs": 3, "steps_per_earlier_trial": earlier}
    return tiny_spec(optimizer=optimizer, training=training, compile=compiled)


def rows(setup: Setup) -> np.ndarray:
    """Return the rows of 12 batches, int32 (STEPS, batch)."""
    batches = [setup.data.epoch(epoch).reshape(-1, setup.data.batch_size) for epoch in (1, 2)]
    return np.concatenate(batches)[:STEPS]


def weights_after_training(spec: dict, trial: int) -> list[np.ndarray]:
    setup = set_up(spec, 1, DATA, CPU, trial=trial)
    setup.program.train(rows(setup))
    return setup.model.get_weights()


@OPTIMIZER
@pytest.mark.parametrize("compiled", ["graph", "xla"])
def test_the_weights_are_those_of_a_keras_optimizer_with_the_counter(optimizer, compiled):
    setup = set_up(spec_of(optimizer, compiled=compiled), 1, DATA, CPU, trial=TRIAL)
    plain = keras.models.clone_model(setup.model)
    plain.set_weights(setup.model.get_weights())
    theirs = optimizer_from(optimizer, STEPS)
    theirs.build(plain.trainable_variables)
    theirs.iterations.assign(TRIAL * PER_TRIAL)
    plain.compile(theirs, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    order = rows(setup)
    images, labels = setup.data.images.whole()[order.ravel()].astype("float32"), setup.data.labels[order.ravel()]
    plain.fit(images, labels, batch_size=setup.data.batch_size, shuffle=False, verbose=0)

    before = setup.model.get_weights()
    setup.program.train(order)

    for ours, expected, first in zip(setup.model.get_weights(), plain.get_weights(), before, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)
        assert np.abs(ours - first).max() > 1e-3
    assert setup.task.optimizer.iterations == theirs.iterations == TRIAL * PER_TRIAL + len(order)


@OPTIMIZER
def test_the_first_trial_is_that_without_earlier_steps_and_the_next_is_not(optimizer):
    without = weights_after_training(spec_of(optimizer, None), 1)
    for weights, equal in (
        (weights_after_training(spec_of(optimizer), 0), True),
        (weights_after_training(spec_of(optimizer), 1), False),
    ):
        assert all(np.array_equal(one, other) for one, other in zip(weights, without, strict=True)) == equal


def test_the_first_step_of_adam_is_the_root_of_ten_times_as_large():
    # Without bias correction it is 0.1 g / sqrt(0.001 g^2) rates instead of one; epsilon is negligible.
    spec, moved = spec_of(OPTIMIZERS["bias correction"], earlier=100_000), []
    for trial in (0, 1):
        setup = set_up(spec, 1, DATA, CPU, trial=trial)
        bias = setup.model.trainable_variables[-1]
        before = bias.numpy()
        setup.program.train(rows(setup)[:1])
        moved.append(np.abs(bias.numpy() - before))
    np.testing.assert_allclose(moved[1] / moved[0], np.sqrt(10), rtol=1e-3)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


def test_a_trial_counts_on_from_the_earlier_ones_also_if_it_is_killed_and_resumed(manifest, tmp_path):
    trial_spec = trial_spec_of(spec_of(OPTIMIZERS["decay"])) | {"trial": TRIAL}
    folder, written, _ = train_into(tmp_path / "whole", trial_spec, manifest)
    per_epoch = written["steps"] // written["epochs"]
    counters = [TRIAL * PER_TRIAL + per_epoch * epoch for epoch in (1, 2, 3)]
    rates = [float(row["learning_rate"]) for row in history_in(folder)]
    assert rates == pytest.approx([0.01 / (1 + 0.001 * counter) for counter in counters])

    killed = tmp_path / "killed"
    for _ in range(written["epochs"]):
        with pytest.raises(Killed):
            train_into(killed, trial_spec, manifest, kill_after_epoch)
    train_into(killed, trial_spec, manifest)
    assert [row["learning_rate"] for row in history_in(killed)] == [row["learning_rate"] for row in history_in(folder)]
    models = [keras.models.load_model(path / "model.keras").get_weights() for path in (folder, killed)]
    for one, other in zip(*models, strict=True):
        np.testing.assert_array_equal(one, other)
