"""Images that are augmented once, before training: copies of each image, and resampled images."""

from typing import Any

import keras
import numpy as np
import pytest
from small_trials import COUNT, CPU, DATA, IMAGES, tiny_spec

from lookbook import augmentation
from lookbook.datasets.arrays import Dataset
from lookbook.training import trial_data
from lookbook.training.compiled import compile_transform
from lookbook.training.setup import set_up
from lookbook.training.trial_data import TrialData, gather

COLORED = np.random.default_rng(1).integers(0, 256, (COUNT, 6, 5, 3), dtype=np.uint8)
INVERT = {"class_name": "RandomInvert", "config": {"factor": [1.0, 1.0]}}
BRIGHTNESS = {"class_name": "RandomBrightness", "config": {"factor": 0.3}}
NOISE = {"class_name": "gaussian_noise", "config": {}}
RESAMPLED = {"sampling": {"per_class": 40, "augment": "resampled"}}
COPIES = {"augmented_copies": 3}
KINDS = pytest.mark.parametrize("keys", [RESAMPLED, COPIES], ids=["resampled", "copies"])


def gathered(*, seed: int = 1, **keys: Any) -> TrialData:
    return gather(tiny_spec(**keys), seed, DATA)


@pytest.fixture
def small_batches(monkeypatch):
    """Augment few images at a time, so that there are several batches and a short one."""
    monkeypatch.setattr(trial_data, "EVALUATION_BATCH", 7)


def augmented(*entries: dict, seed: int = 1, **keys: Any) -> tuple[TrialData, TrialData]:
    """Return the data before and after augmentation, as a trial makes it."""
    spec = tiny_spec(augmentation=list(entries), **keys)
    return gather(spec, seed, DATA), set_up(spec, seed, DATA, CPU).data


def test_each_training_image_has_so_many_copies_and_its_own_label():
    found, plain = gathered(**COPIES, one_vs_all=2), gathered(one_vs_all=2)
    assert found.train_rows.tolist() == plain.train_rows.tolist() * 3
    assert found.augmented_before.all()
    assert found.steps_per_epoch == 3 * plain.steps_per_epoch
    for split, rows in plain.splits.items():
        np.testing.assert_array_equal(found.splits[split], rows)
    assert plain.augmented_before is None


def test_only_resampled_images_are_augmented_before_training():
    found = gathered(**RESAMPLED)
    assert 0 < found.augmented_before.sum() < len(found.train_rows)


@KINDS
def test_augmented_images_replace_their_parents_and_no_other(keys, small_batches):
    before, after = augmented(INVERT, **keys)
    made = before.augmented_before
    np.testing.assert_array_equal(after.train_rows[~made], before.train_rows[~made])
    np.testing.assert_array_equal(after.images[after.train_rows[~made]], IMAGES[before.train_rows[~made]])
    np.testing.assert_array_equal(after.images[after.train_rows[made]], 255 - IMAGES[before.train_rows[made]])
    np.testing.assert_array_equal(after.labels[after.train_rows], before.labels[before.train_rows])


@KINDS
def test_every_augmented_image_has_random_numbers_of_its_own(keys, small_batches):
    before, after = augmented(NOISE, **keys)
    made = after.train_rows[after.augmented_before]
    assert len(set(made)) == before.augmented_before.sum()
    rows = before.train_rows[before.augmented_before]
    often = after.images[made[rows == np.bincount(rows).argmax()]]
    assert len({pixels.tobytes() for pixels in often}) == len(often) > 1


@KINDS
def test_predicted_images_are_not_augmented(keys):
    before, after = augmented(BRIGHTNESS, **keys)
    for name, rows in before.splits.items():
        np.testing.assert_array_equal(after.splits[name], rows)
        np.testing.assert_array_equal(after.images[rows], IMAGES[rows])
    np.testing.assert_array_equal(after.valid_in_train, before.valid_in_train)


@KINDS
def test_augmented_images_depend_on_the_seed_alone(keys, small_batches):
    def made(seed: int) -> np.ndarray:
        after = augmented(NOISE, seed=seed, **keys)[1]
        return after.images[after.train_rows[after.augmented_before]][:20]

    np.testing.assert_array_equal(made(1), made(1))
    assert not np.array_equal(made(1), made(2))


def test_augmented_pixels_are_rounded_and_clipped():
    before = gathered(**RESAMPLED)
    after = before.with_images_augmented_before(lambda images, labels: (images * 1.5 - 20.3, labels))
    made = before.augmented_before
    expected = np.clip(np.rint(IMAGES[before.train_rows[made]] * np.float32(1.5) - np.float32(20.3)), 0, 255)
    np.testing.assert_array_equal(after.images[after.train_rows[made]], expected.astype(np.uint8))


def test_the_compiled_augmentation_gives_the_images_of_eager_mode():
    """Graph mode with TensorFlow's rewriting of graphs rounds some pixels of these transforms otherwise."""
    colors = Dataset(**(vars(DATA) | {"train_images": COLORED, "test_images": COLORED[:12]}))
    contrast = {"class_name": "RandomContrast", "config": {"factor": [0.2, 0.2]}}
    flip, hue, saturation = [{"class_name": name, "config": {}} for name in ("RandomFlip", "hue", "saturation")]
    entries = [flip, BRIGHTNESS, contrast, hue, saturation]
    before = gather(tiny_spec(**RESAMPLED), 1, colors)

    def images(compiled) -> np.ndarray:
        seed = keras.random.SeedGenerator(5)
        return before.with_images_augmented_before(compiled(augmentation.compose(entries, seed))).images.whole()

    np.testing.assert_array_equal(images(compile_transform), images(lambda transform: transform))


@KINDS
def test_images_augmented_before_training_are_not_augmented_in_its_steps(keys):
    spec = tiny_spec(augmentation=[BRIGHTNESS], **keys)
    setup = set_up(spec, 1, DATA, CPU)
    (state,) = [keras.ops.convert_to_numpy(seed.state) for seed in setup.task.seeds]
    setup.program.train(setup.data.epoch(1)[:12].reshape(1, -1))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(setup.task.seeds[0].state), state)


def test_without_resampled_images_nothing_is_augmented():
    before, after = augmented(INVERT, sampling={"per_class": 5, "augment": "resampled"})
    np.testing.assert_array_equal(after.train_rows, before.train_rows)
    np.testing.assert_array_equal(after.images.whole(), IMAGES)
