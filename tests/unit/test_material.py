"""What a trial trains on: images of several arrays as one, repeated, copied, augmented before, or streamed."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lookbook import augmentation
from lookbook.config.experiments import schema, with_defaults
from lookbook.datasets.arrays import Dataset
from lookbook.training import compiled_tensorflow
from lookbook.training import trial_data as material
from lookbook.training.setup import set_up
from lookbook.training.trial_data import Material, Stack, copies_transform, gather

COUNT, CLASSES = 90, 3
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (COUNT + 12, 6, 5, 1), dtype=np.uint8)
LABELS = np.r_[np.repeat([0, 1, 2], [50, 30, 10]), np.arange(12) % 3].astype(np.uint8)
DATA = Dataset(
    name="drawn",
    classes=("a", "b", "c"),
    train_images=IMAGES[:COUNT],
    train_labels=LABELS[:COUNT],
    test_images=IMAGES[COUNT:],
    test_labels=LABELS[COUNT:],
    manifest={"digest": "drawn"},
    directory=Path("nowhere"),
)


def spec_of(**keys: Any) -> dict[str, Any]:
    """Return an experiment in which every key that is not given has its default; a fifth is held out."""
    model = {"class_name": "mlp", "config": {"units": [16]}}
    given = {"model": model, "split": {"validation": 0.2}, "training": {"batch_size": 12}}
    return with_defaults(given | keys, schema("experiment"))


def gathered(made=None, /, *, seed: int = 1, **keys: Any) -> Material:
    return gather(spec_of(**keys), seed, DATA, made)


def batches(found: Material, epoch: int = 1) -> list[np.ndarray]:
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
    assert found.rows_in_data_set("test").tolist() == list(range(12))
    np.testing.assert_array_equal(found.rows_in_data_set("valid"), found.splits["valid"])
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


# Copies made before.


@pytest.fixture
def copies() -> tuple[np.ndarray, np.ndarray]:
    """Two copies of every training image, the second of them a mirror image."""
    source = np.tile(np.arange(COUNT, dtype=np.int32), 2)
    return np.concatenate([IMAGES[:COUNT], IMAGES[:COUNT, :, ::-1]]), source


def test_an_epoch_goes_through_the_copies_of_exactly_the_training_part(copies):
    found = gathered(copies, copies={"number": 2, "operations": 1})
    source = found.pool - len(IMAGES)
    assert (source >= 0).all()
    train = gathered().splits["train"]
    assert sorted(copies[1][source]) == sorted([*train, *train])
    np.testing.assert_array_equal(found.images[found.pool], copies[0][source])
    np.testing.assert_array_equal(found.labels[found.pool], LABELS[copies[1][source]])
    assert found.is_copy.all()
    assert found.steps_per_epoch == 12


def test_where_copies_are_trained_on_the_images_themselves_are_predicted(copies):
    found, plain = gathered(copies, copies={"number": 2, "operations": 1}), gathered()
    for name, rows in plain.splits.items():
        np.testing.assert_array_equal(found.splits[name], rows)
        np.testing.assert_array_equal(found.images[found.splits[name]], IMAGES[rows])
        np.testing.assert_array_equal(found.labels[found.splits[name]], LABELS[rows])


def test_copies_of_one_class_are_told_from_all_others_too(copies):
    found = gathered(copies, copies={"number": 2, "operations": 1}, one_vs_all=2)
    np.testing.assert_array_equal(found.labels[found.pool], LABELS[copies[1][found.pool - len(IMAGES)]] == 2)


def test_copies_are_there_where_the_experiment_says_so_and_only_there(copies):
    for given, keys in ((None, {"copies": {"number": 2, "operations": 1}}), (copies, {})):
        with pytest.raises(ValueError, match="made before training where the experiment says so"):
            gathered(given, **keys)


# Copies drawn to balance the classes, augmented once.

FLIP = {"class_name": "horizontal_flip", "config": {"probability": 1.0}}
BRIGHTNESS = {"class_name": "brightness", "config": {"delta": 0.3}}
BALANCED = {"per_class": 40, "augment": "copies"}


@pytest.fixture
def small_portions(monkeypatch):
    """Augment few images at a time, so that these copies take several portions and a short one."""
    monkeypatch.setattr(material, "EVALUATION_BATCH", 7)


def augmented(*entries: dict, seed: int = 1) -> tuple[Material, Material]:
    """Return the material before and after its copies are augmented."""
    before = gathered(sampling=BALANCED, seed=seed)
    return before, before.with_drawn_copies_augmented(copies_transform(list(entries), seed))


def test_drawn_copies_are_augmented_and_originals_are_not(small_portions):
    before, after = augmented(FLIP)
    copy = before.is_copy
    assert 0 < copy.sum() < len(copy)
    np.testing.assert_array_equal(after.pool[~copy], before.pool[~copy])
    np.testing.assert_array_equal(after.images[after.pool[~copy]], IMAGES[before.pool[~copy]])
    np.testing.assert_array_equal(after.images[after.pool[copy]], IMAGES[before.pool[copy]][:, :, ::-1])
    np.testing.assert_array_equal(after.labels[after.pool], before.labels[before.pool])


def test_every_drawn_copy_is_an_image_of_its_own(small_portions):
    before, after = augmented({"class_name": "gaussian_noise", "config": {}})
    made = after.pool[after.is_copy]
    assert len(set(made)) == before.is_copy.sum()
    rows = before.pool[before.is_copy]
    often = after.images[made[rows == np.bincount(rows).argmax()]]
    assert len({pixels.tobytes() for pixels in often}) == len(often) > 1


def test_augmenting_copies_leaves_what_is_predicted_as_it_was():
    before, after = augmented(BRIGHTNESS)
    for name, rows in before.splits.items():
        np.testing.assert_array_equal(after.splits[name], rows)
        np.testing.assert_array_equal(after.images[rows], IMAGES[rows])
    np.testing.assert_array_equal(after.valid_in_train, before.valid_in_train)


def test_copies_are_the_same_on_every_call_and_others_for_another_seed(small_portions):
    def made(seed: int) -> np.ndarray:
        after = augmented(BRIGHTNESS, seed=seed)[1]
        return after.images[after.pool[after.is_copy]][:20]

    np.testing.assert_array_equal(made(1), made(1))
    assert not np.array_equal(made(1), made(2))


def test_augmented_pixels_are_rounded_and_stay_within_their_range():
    before = gathered(sampling=BALANCED)
    changed = before.with_drawn_copies_augmented(lambda images, labels: (images * 1.5 - 20.3, labels))
    copy = before.is_copy
    expected = np.clip(np.rint(IMAGES[before.pool[copy]] * np.float32(1.5) - np.float32(20.3)), 0, 255)
    np.testing.assert_array_equal(changed.images[changed.pool[copy]], expected.astype(np.uint8))


def test_a_trial_augments_its_copies_before_training_and_nothing_while_it_trains():
    spec = spec_of(sampling=BALANCED, augmentation=[BRIGHTNESS])
    found, (_, expected) = set_up(spec, 1, DATA), augmented(BRIGHTNESS)
    np.testing.assert_array_equal(found.material.images.whole(), expected.images.whole())
    state = keras.ops.convert_to_numpy(found.transform_seed.state)
    found.program.train(found.material.epoch(1)[:12].reshape(1, -1))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found.transform_seed.state), state)


def test_without_drawn_copies_nothing_is_augmented():
    before = gathered(sampling={"per_class": 5, "augment": "copies"})
    after = before.with_drawn_copies_augmented(augmentation.compose([FLIP], None))
    np.testing.assert_array_equal(after.pool, before.pool)
    np.testing.assert_array_equal(after.images.whole(), IMAGES)


# Images that stay on the host.


@pytest.mark.parametrize("compiled", ["xla", "graph"])
def test_streamed_images_give_the_same_trial_as_resident_ones(compiled, monkeypatch):
    def trained(resident_bytes: int) -> list[np.ndarray]:
        monkeypatch.setattr(compiled_tensorflow, "RESIDENT_BYTES", resident_bytes)
        monkeypatch.setattr(compiled_tensorflow, "STEPS_PER_CALL", 2)
        spec = spec_of(compile=compiled, precision="float32", augmentation=[BRIGHTNESS], sampling={"per_class": 40})
        spec["loss"] = {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True}}
        setup = set_up(spec, 1, DATA)
        # Portions of two steps, a single step and a short batch.
        order = setup.material.epoch(1)
        setup.program.train(order[:84].reshape(7, 12))
        sums = setup.program.train(order[84:92].reshape(1, 8))
        arrays = [keras.ops.convert_to_numpy(variable) for variable in setup.variables]
        return [*arrays, setup.program.predict(setup.material.splits["test"]), np.array(sums)]

    for resident, streamed in zip(trained(1 << 30), trained(0), strict=True):
        np.testing.assert_array_equal(streamed, resident)
