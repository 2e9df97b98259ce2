"""The rows of a trial: by class, size, proportion and balance; and the targets of its network."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookbook.config.experiments import resolve, schema, with_defaults
from lookbook.config.trial_specs import read_config
from lookbook.datasets.arrays import Dataset
from lookbook.errors import DatasetError
from lookbook.sampling.rows import TrialRows, kept_classes, number_of_outputs, sample_rows, targets

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)

# Images of each class; the three largest are not the first three.
SIZES = [5, 40, 3, 20, 30, 10]
GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.permutation(np.repeat(np.arange(6, dtype=np.uint8), SIZES))
TEST_LABELS = np.tile(np.arange(6, dtype=np.uint8), 5)
HEIGHTS, WIDTHS = GENERATOR.integers(8, 13, (2, len(LABELS)))


def data_of(labels: np.ndarray, test_labels: np.ndarray, folder: Path = Path("nowhere")) -> Dataset:
    """Return a dataset with images of one pixel."""
    train, test = (np.zeros((len(of), 1, 1, 1), np.uint8) for of in (labels, test_labels))
    names = tuple(map(str, range(int(labels.max()) + 1)))
    return Dataset("test", names, train, labels, test, test_labels, {"digest": "test", "sha256": {}}, folder)


DATA = data_of(LABELS, TEST_LABELS)


def spec_of(**keys: Any) -> dict[str, Any]:
    """Return an experiment with defaults for all other keys; a fifth of the images is for validation."""
    return with_defaults({"split": {"validation": 0.2}, **keys}, schema("experiment"))


def rows_of(seed: int = 1, data: Dataset = DATA, **keys: Any) -> TrialRows:
    return sample_rows(spec_of(**keys), data, seed)


def used(rows: TrialRows) -> np.ndarray:
    return np.concatenate([rows.train, rows.valid])


def same(one: TrialRows, other: TrialRows) -> bool:
    names = ("train", "valid", "test", "train_is_resampled")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_without_rules_every_image_is_in_one_part_once():
    rows = rows_of()
    assert sorted(used(rows)) == list(range(len(LABELS)))
    assert (len(rows.train), len(rows.valid)) == (86, 22)
    assert rows.test.tolist() == list(range(30))
    assert {getattr(rows, name).dtype for name in ("train", "valid", "test")} == {np.dtype(np.int32)}
    assert not rows.train_is_resampled.any()
    assert len(rows.train_is_resampled) == 86
    assert rows.valid_in_train is None


# Classes.


@pytest.mark.parametrize("sampling", [{}, {"per_class": 8}, {"per_class": 8, "before_split": False}], ids=str)
def test_only_the_largest_classes_are_kept_in_every_part(sampling):
    rows = rows_of(sampling={"classes": 3, **sampling})
    for part, labels in ((rows.train, LABELS), (rows.valid, LABELS), (rows.test, TEST_LABELS)):
        assert set(labels[part]) == {1, 3, 4}
    assert len(rows.test) == 15


def test_the_limit_of_test_images_applies_before_other_classes_are_left_out():
    rows = rows_of(sampling={"classes": 3}, limit={"test_images": 12})
    assert np.bincount(TEST_LABELS[rows.test]).tolist() == [0, 2, 0, 2, 2]


def test_kept_classes_are_numbered_from_zero():
    spec = spec_of(sampling={"classes": 3})
    kept = kept_classes(spec, LABELS)
    assert kept.tolist() == [1, 3, 4]
    assert targets(spec, np.array([4, 1, 3, 1], np.uint8), kept).tolist() == [2, 0, 1, 0]
    assert number_of_outputs(spec, 6) == 3


def test_without_a_choice_of_classes_labels_are_unchanged():
    kept = kept_classes(spec_of(), LABELS)
    assert kept.tolist() == list(range(6))
    np.testing.assert_array_equal(targets(spec_of(), LABELS, kept), LABELS)
    assert targets(spec_of(), LABELS, kept).dtype == np.int32
    assert number_of_outputs(spec_of(), 6) == 6


def test_one_class_against_all_others_has_two_outputs():
    spec = spec_of(one_vs_all=4)
    binary = targets(spec, LABELS, kept_classes(spec, LABELS))
    np.testing.assert_array_equal(binary, np.where(LABELS == 4, 1, 0))
    assert number_of_outputs(spec, 6) == 2
    assert same(rows_of(one_vs_all=4), rows_of())


# Sizes.


@pytest.fixture
def sized(tmp_path) -> Dataset:
    np.save(tmp_path / "train_heights.npy", HEIGHTS)
    np.save(tmp_path / "train_widths.npy", WIDTHS)
    return data_of(LABELS, TEST_LABELS, tmp_path)


def test_only_images_between_the_sizes_are_used_and_every_test_image(sized):
    rows = rows_of(data=sized, sampling={"size": {"minimum": 8, "maximum": 12}})
    inside = [row for row in range(len(LABELS)) if 8 < HEIGHTS[row] < 12 and 8 < WIDTHS[row] < 12]
    assert sorted(used(rows)) == inside
    assert 0 < len(inside) < len(LABELS)
    assert len(rows.test) == len(TEST_LABELS)


def test_a_choice_by_size_needs_the_original_sizes():
    with pytest.raises(DatasetError, match=r"train_heights\.npy is missing"):
        rows_of(sampling={"size": {"minimum": 8, "maximum": 12}})


@pytest.mark.parametrize("sampling", [{}, {"per_class": 8}, {"per_class": 8, "before_split": False}], ids=str)
def test_no_training_images_are_an_error(sampling, sized):
    with pytest.raises(ValueError, match="no training images"):
        rows_of(data=sized, sampling={"size": {"minimum": 100, "maximum": 200}, **sampling})


# Proportions.


def test_classes_are_cut_to_their_proportions():
    rows = rows_of(sampling={"proportions": [1, 16, 1, 8, 4, 1]})
    assert np.bincount(LABELS[used(rows)]).tolist() == [2, 40, 2, 20, 10, 2]
    assert len(set(used(rows))) == 76
    assert not same(rows, rows_of(2, sampling={"proportions": [1, 16, 1, 8, 4, 1]}))


def test_proportions_are_those_of_the_kept_classes():
    rows = rows_of(sampling={"classes": 3, "proportions": [8, 4, 2]})
    assert np.bincount(LABELS[used(rows)]).tolist() == [0, 40, 0, 20, 10]


def test_a_class_without_enough_images_for_its_proportion_is_an_error():
    with pytest.raises(ValueError, match="class 2 has 3 images"):
        rows_of(sampling={"proportions": [1, 10, 10, 1, 1, 1]})


# Balance.


def test_classes_are_balanced_over_both_parts_before_the_split():
    rows = rows_of(sampling={"per_class": 8})
    assert np.bincount(LABELS[used(rows)]).tolist() == [8] * 6
    assert len(rows.valid) == round(0.2 * 48)
    # A large class contributes its first images, a small one all of them.
    for label in range(6):
        first = np.flatnonzero(label == LABELS)[:8]
        assert set(used(rows)[LABELS[used(rows)] == label]) == set(first), label


def test_only_the_training_part_is_balanced_after_the_split():
    rows = rows_of(sampling={"per_class": 8, "before_split": False})
    assert np.bincount(LABELS[rows.train]).tolist() == [round(0.8 * 8)] * 6
    assert np.bincount(LABELS[rows.valid]).tolist() == [1, 2, 1, 2, 2, 2]
    assert len(set(rows.valid)) == len(rows.valid)


@pytest.mark.parametrize("before_split", [True, False])
def test_an_entry_is_resampled_if_its_image_is_in_the_part_already(before_split):
    rows = rows_of(sampling={"per_class": 8, "before_split": before_split})
    originals = rows.train[~rows.train_is_resampled]
    assert len(set(originals)) == len(originals)
    assert rows.train_is_resampled.any()
    assert set(LABELS[rows.train[rows.train_is_resampled]]) == {0, 2}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sampling", [{"per_class": 8}, {"per_class": 30}, {"classes": 3, "per_class": 25}], ids=str)
def test_validation_images_that_are_also_trained_on_are_counted_exactly(sampling, seed):
    before, after = (rows_of(seed, sampling={**sampling, "before_split": order}) for order in (True, False))
    expected = [any(row == other for other in before.train) for row in before.valid]
    assert before.valid_in_train.tolist() == expected
    assert any(expected)
    assert after.valid_in_train.tolist() == [False] * len(after.valid)
    assert not set(after.valid) & set(after.train)


def test_proportions_are_cut_before_classes_are_balanced():
    sampling = {"proportions": [1, 16, 1, 8, 4, 1], "per_class": 12}
    rows = rows_of(sampling=sampling)
    assert np.bincount(LABELS[used(rows)]).tolist() == [12] * 6
    assert [len(set(used(rows)[LABELS[used(rows)] == label])) for label in range(6)] == [2, 12, 2, 12, 10, 2]


@pytest.mark.parametrize("before_split", [True, False])
def test_without_validation_images_all_sampled_images_are_trained_on(before_split):
    rows = rows_of(split={"validation": 0.0}, sampling={"per_class": 8, "before_split": before_split})
    assert np.bincount(LABELS[rows.train]).tolist() == [8] * 6
    assert len(rows.valid) == len(rows.valid_in_train) == 0


# Limits and seeds.


def test_a_limited_trial_uses_the_same_images_for_every_seed():
    limited = {"limit": {"train_images": 54, "test_images": 12}}
    one, other = rows_of(1, **limited), rows_of(2, **limited)
    assert set(used(one)) == set(used(other))
    assert len(used(one)) == 54
    # Half of every class.
    np.testing.assert_allclose(np.bincount(LABELS[used(one)]), np.array(SIZES) / 2, atol=1)
    np.testing.assert_array_equal(one.test, other.test)
    assert len(one.test) == 12
    assert not same(one, other)


@pytest.mark.parametrize(
    "sampling",
    [{}, {"per_class": 8}, {"per_class": 8, "before_split": False}, {"proportions": [1, 16, 1, 8, 4, 1]}],
    ids=str,
)
def test_a_split_with_a_seed_of_its_own_is_the_same_for_all_trials(sampling):
    one, other, third = (
        rows_of(seed, split={"validation": 0.2, "seed": own}, sampling=sampling)
        for seed, own in ((1, 5), (2, 5), (1, 6))
    )
    assert same(one, other)
    assert not same(one, third)
    # `split.seed` replaces the trial's seed.
    assert same(one, rows_of(5, sampling=sampling))


def test_every_trial_of_one_seed_has_the_same_split_in_every_experiment_that_shares_the_rule():
    data = data_of(np.repeat(np.arange(10, dtype=np.uint8), 60), np.arange(50, dtype=np.uint8) % 10)
    rules: dict[str, TrialRows] = {}
    plain = {name: e.spec for name, e in EXPERIMENTS.items() if e.spec["sampling"] == spec_of()["sampling"]}
    for name, spec in plain.items():
        rows = sample_rows(deepcopy(spec), data, 3)
        assert same(rules.setdefault(json.dumps(spec["split"], sort_keys=True), rows), rows), name
    assert 1 < len(rules) < len(plain)
