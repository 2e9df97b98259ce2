"""The images of a trial: arrays as one stack, repeated in a batch, resident on the device or passed from the host."""

from typing import Any

import keras
import numpy as np
import pytest
from small_trials import CLASSES, COUNT, CPU, DATA, IMAGES, LABELS, tiny_spec

from lookbook.training import compiled, compiled_tensorflow
from lookbook.training.setup import set_up
from lookbook.training.trial_data import Stack, TrialData, gather


def gathered(*, seed: int = 1, **keys: Any) -> TrialData:
    return gather(tiny_spec(**keys), seed, DATA)


def batches(found: TrialData, epoch: int = 1) -> list[np.ndarray]:
    rows = found.epoch(epoch)
    return np.split(rows, range(found.batch_size, len(rows), found.batch_size))


# Arrays one after another.


@pytest.fixture
def parts(tmp_path) -> list[np.ndarray]:
    """Arrays of several lengths, one of them empty and one on disk."""
    np.save(tmp_path / "part.npy", IMAGES[:7])
    return [np.load(tmp_path / "part.npy", mmap_mode="r"), IMAGES[:0], IMAGES[20:21], IMAGES[50:80]]


@pytest.mark.parametrize("shape", [(200,), (1,), (0,), (4, 25), (3, 0), (2, 3, 4)], ids=str)
def test_a_stack_is_indexed_as_its_arrays_put_together(shape, parts):
    stack, whole = Stack(parts), np.concatenate(parts)
    rows = np.random.default_rng(1).integers(0, len(whole), shape, dtype=np.int32)
    found = stack[rows]
    assert (found.shape, found.dtype) == ((*shape, 6, 5, 1), np.uint8)
    np.testing.assert_array_equal(found, whole[rows])


def test_every_image_of_a_stack_is_where_its_arrays_put_it(parts):
    stack, whole = Stack(parts), np.concatenate(parts)
    assert (len(stack), stack.nbytes) == (len(whole), whole.nbytes)
    np.testing.assert_array_equal(stack[np.arange(len(whole))], whole)
    np.testing.assert_array_equal(stack.whole(), whole)


# What is trained on, and what is predicted.


def test_images_are_those_of_training_then_those_of_the_test():
    found = gathered()
    np.testing.assert_array_equal(found.images.whole(), IMAGES)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert {name: len(rows) for name, rows in found.splits.items()} == {"train": 72, "valid": 18, "test": 12}
    assert found.splits["test"].tolist() == list(range(COUNT, COUNT + 12))
    assert found.rows_in_dataset("test").tolist() == list(range(12))
    np.testing.assert_array_equal(found.rows_in_dataset("valid"), found.splits["valid"])
    assert (found.outputs, found.labels.dtype, found.valid_in_train) == (CLASSES, np.int32, None)


def test_an_epoch_goes_through_every_training_image_once_in_an_order_of_its_own():
    found = gathered()
    assert found.steps_per_epoch == 6
    for epoch in (1, 2):
        np.testing.assert_array_equal(np.sort(found.epoch(epoch)), found.splits["train"])
    assert found.epoch(1).dtype == np.int32
    assert not np.array_equal(found.epoch(1), found.epoch(2))
    np.testing.assert_array_equal(found.epoch(2), gathered().epoch(2))
    assert not np.array_equal(found.epoch(1), gathered(seed=2).epoch(1))


def test_labels_are_what_the_network_is_to_answer():
    assert gathered(one_vs_all=1).labels.tolist() == (LABELS == 1).astype(int).tolist()
    assert gathered(one_vs_all=1).outputs == 2
    chosen = gathered(sampling={"classes": 2})
    assert chosen.outputs == 2
    for rows in chosen.splits.values():
        np.testing.assert_array_equal(chosen.labels[rows], LABELS[rows])


@pytest.mark.parametrize("multiplicity", [2, 3, 4])
def test_multiplicity_repeats_the_images_of_a_batch_and_keeps_the_number_of_updates(multiplicity):
    once = gathered()
    found = gathered(training={"batch_size": 12 * multiplicity, "multiplicity": multiplicity})
    assert found.steps_per_epoch == once.steps_per_epoch == len(batches(found))
    for plain, batch in zip(batches(once), batches(found), strict=True):
        images, counts = np.unique(batch, return_counts=True)
        assert counts.tolist() == [multiplicity] * 12
        # The same images as without: the experiments are comparable update by update.
        np.testing.assert_array_equal(images, np.sort(plain))
    np.testing.assert_array_equal(found.splits["train"], once.splits["train"])


def test_multiplicity_in_a_batch_of_equal_size_makes_more_updates_and_a_last_short_batch():
    found = gathered(training={"batch_size": 20, "multiplicity": 4})
    assert found.steps_per_epoch == 15
    assert [len(batch) for batch in batches(found)] == [20] * 14 + [8]
    assert all(set(np.unique(batch, return_counts=True)[1]) == {4} for batch in batches(found))


@pytest.mark.parametrize(("steps", "expected"), [(1, 1), (4, 4), (6, 6), (100, 6)])
def test_steps_per_epoch_cuts_an_epoch_short_and_never_makes_it_longer(steps, expected):
    found = gathered(training={"batch_size": 12, "steps_per_epoch": steps})
    assert found.steps_per_epoch == expected
    np.testing.assert_array_equal(found.epoch(1), gathered().epoch(1)[: expected * 12])
    assert len(found.splits["train"]) == 72


BRIGHTNESS = {"class_name": "RandomBrightness", "config": {"factor": 0.3}}

# Images that stay on the host.


@pytest.mark.parametrize("mode", ["xla", "graph"])
def test_streamed_images_give_the_same_trial_as_resident_ones(mode, monkeypatch):
    def trained(resident_bytes: int) -> list[np.ndarray]:
        monkeypatch.setattr(compiled, "RESIDENT_BYTES", resident_bytes)
        monkeypatch.setattr(compiled_tensorflow, "STEPS_PER_CALL", 2)
        spec = tiny_spec(compile=mode, augmentation=[BRIGHTNESS], sampling={"per_class": 40})
        spec["loss"] = {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True}}
        setup = set_up(spec, 1, DATA, CPU)
        # Portions of two steps, a single step and a short batch.
        order = setup.data.epoch(1)
        setup.program.train(order[:84].reshape(7, 12))
        sums = setup.program.train(order[84:92].reshape(1, 8))
        arrays = [keras.ops.convert_to_numpy(variable) for variable in setup.variables]
        return [*arrays, setup.program.predict(setup.data.splits["test"]), np.array(sums)]

    for resident, streamed in zip(trained(1 << 30), trained(0), strict=True):
        np.testing.assert_array_equal(streamed, resident)
