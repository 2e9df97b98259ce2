"""Which images a trial gets: by class, size, proportion and balance, and what its network answers for them."""

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
from lookbook.sampling.rows import Parts, draw_parts, kept_classes, number_of_outputs, targets

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)

# Images of each class; the three largest are not the first three.
SIZES = [5, 40, 3, 20, 30, 10]
GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.permutation(np.repeat(np.arange(6, dtype=np.uint8), SIZES))
TEST_LABELS = np.tile(np.arange(6, dtype=np.uint8), 5)
HEIGHTS, WIDTHS = GENERATOR.integers(8, 13, (2, len(LABELS)))


def data_of(labels: np.ndarray, test_labels: np.ndarray, folder: Path = Path("nowhere")) -> Dataset:
    """Return a data set whose images are one pixel."""
    train, test = (np.zeros((len(of), 1, 1, 1), np.uint8) for of in (labels, test_labels))
    names = tuple(map(str, range(int(labels.max()) + 1)))
    return Dataset("drawn", names, train, labels, test, test_labels, {"digest": "drawn"}, folder)


DATA = data_of(LABELS, TEST_LABELS)


def spec_of(**keys: Any) -> dict[str, Any]:
    """Return an experiment in which every key that is not given has its default; a fifth is held out."""
    return with_defaults({"split": {"validation": 0.2}, **keys}, schema("experiment"))


def parts_of(seed: int = 1, data: Dataset = DATA, **keys: Any) -> Parts:
    return draw_parts(spec_of(**keys), data, seed)


def used(parts: Parts) -> np.ndarray:
    return np.concatenate([parts.train, parts.valid])


def same(one: Parts, other: Parts) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("train", "valid", "test"))


def test_without_rules_every_image_is_in_one_part_once():
    parts = parts_of()
    assert sorted(used(parts)) == list(range(len(LABELS)))
    assert (len(parts.train), len(parts.valid)) == (86, 22)
    assert parts.test.tolist() == list(range(30))
    assert {getattr(parts, name).dtype for name in ("train", "valid", "test")} == {np.dtype(np.int32)}
    assert not parts.train_is_copy.any()
    assert len(parts.train_is_copy) == 86
    assert parts.valid_in_train is None


# Classes.


@pytest.mark.parametrize("sampling", [{}, {"per_class": 8}, {"per_class": 8, "before_split": False}], ids=str)
def test_only_the_largest_classes_are_kept_in_every_part(draw):
    parts = parts_of(sampling={"classes": 3, **draw})
    for rows, labels in ((parts.train, LABELS), (parts.valid, LABELS), (parts.test, TEST_LABELS)):
        assert set(labels[rows]) == {1, 3, 4}
    assert len(parts.test) == 15


def test_a_limit_of_test_images_counts_before_the_images_of_other_classes_are_left_out():
    parts = parts_of(sampling={"classes": 3}, limit={"test_images": 12})
    assert np.bincount(TEST_LABELS[parts.test]).tolist() == [0, 2, 0, 2, 2]


def test_kept_classes_are_numbered_from_zero():
    spec = spec_of(sampling={"classes": 3})
    kept = kept_classes(spec, LABELS)
    assert kept.tolist() == [1, 3, 4]
    assert targets(spec, np.array([4, 1, 3, 1], np.uint8), kept).tolist() == [2, 0, 1, 0]
    assert number_of_outputs(spec, 6) == 3


def test_without_a_choice_of_classes_labels_stay():
    kept = kept_classes(spec_of(), LABELS)
    assert kept.tolist() == list(range(6))
    np.testing.assert_array_equal(targets(spec_of(), LABELS, kept), LABELS)
    assert targets(spec_of(), LABELS, kept).dtype == np.int32
    assert number_of_outputs(spec_of(), 6) == 6


def test_one_class_against_all_others_is_a_question_of_two_answers():
    spec = spec_of(one_vs_all=4)
    answers = targets(spec, LABELS, kept_classes(spec, LABELS))
    np.testing.assert_array_equal(answers, np.where(LABELS == 4, 1, 0))
    assert number_of_outputs(spec, 6) == 2
    assert same(parts_of(one_vs_all=4), parts_of())


# Sizes.


@pytest.fixture
def sized(tmp_path) -> Dataset:
    np.save(tmp_path / "train_heights.npy", HEIGHTS)
    np.save(tmp_path / "train_widths.npy", WIDTHS)
    return data_of(LABELS, TEST_LABELS, tmp_path)


def test_only_images_between_the_sizes_are_used_and_every_test_image(sized):
    parts = parts_of(data=sized, sampling={"size": {"minimum": 8, "maximum": 12}})
    inside = [row for row in range(len(LABELS)) if 8 < HEIGHTS[row] < 12 and 8 < WIDTHS[row] < 12]
    assert sorted(used(parts)) == inside
    assert 0 < len(inside) < len(LABELS)
    assert len(parts.test) == len(TEST_LABELS)


def test_a_choice_by_size_needs_the_sizes():
    with pytest.raises(DatasetError, match="does not know its images' sizes"):
        parts_of(sampling={"size": {"minimum": 8, "maximum": 12}})


@pytest.mark.parametrize("sampling", [{}, {"per_class": 8}, {"per_class": 8, "before_split": False}], ids=str)
def test_nothing_left_to_train_on_is_an_error(draw, sized):
    with pytest.raises(ValueError, match="none to train on"):
        parts_of(data=sized, sampling={"size": {"minimum": 100, "maximum": 200}, **draw})


# Proportions.


def test_classes_are_cut_to_their_proportions():
    parts = parts_of(sampling={"proportions": [1, 16, 1, 8, 4, 1]})
    assert np.bincount(LABELS[used(parts)]).tolist() == [2, 40, 2, 20, 10, 2]
    assert len(set(used(parts))) == 76
    assert not same(parts, parts_of(2, sampling={"proportions": [1, 16, 1, 8, 4, 1]}))


def test_proportions_are_those_of_the_kept_classes():
    parts = parts_of(sampling={"classes": 3, "proportions": [8, 4, 2]})
    assert np.bincount(LABELS[used(parts)]).tolist() == [0, 40, 0, 20, 10]


def test_a_class_without_enough_images_for_its_proportion_is_an_error():
    with pytest.raises(ValueError, match="class 2 has 3 images"):
        parts_of(sampling={"proportions": [1, 10, 10, 1, 1, 1]})


# Balance.


def test_classes_are_balanced_over_both_parts_before_the_split():
    parts = parts_of(sampling={"per_class": 8})
    assert np.bincount(LABELS[used(parts)]).tolist() == [8] * 6
    assert len(parts.valid) == round(0.2 * 48)
    # A large class gives its first images, a small one all that it has.
    for label in range(6):
        first = np.flatnonzero(label == LABELS)[:8]
        assert set(used(parts)[LABELS[used(parts)] == label]) == set(first), label


def test_classes_are_balanced_in_the_training_part_alone_after_the_split():
    parts = parts_of(sampling={"per_class": 8, "before_split": False})
    assert np.bincount(LABELS[parts.train]).tolist() == [round(0.8 * 8)] * 6
    assert np.bincount(LABELS[parts.valid]).tolist() == [1, 2, 1, 2, 2, 2]
    assert len(set(parts.valid)) == len(parts.valid)


@pytest.mark.parametrize("before_split", [True, False])
def test_an_entry_is_a_copy_if_its_image_stands_there_already(before_split):
    parts = parts_of(sampling={"per_class": 8, "before_split": before_split})
    originals = parts.train[~parts.train_is_copy]
    assert len(set(originals)) == len(originals)
    assert parts.train_is_copy.any()
    assert set(LABELS[parts.train[parts.train_is_copy]]) == {0, 2}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sampling", [{"per_class": 8}, {"per_class": 30}, {"classes": 3, "per_class": 25}], ids=str)
def test_the_leak_is_what_counting_finds(draw, seed):
    before, after = (parts_of(seed, sampling={**draw, "before_split": order}) for order in (True, False))
    found = [any(row == other for other in before.train) for row in before.valid]
    assert before.valid_in_train.tolist() == found
    assert any(found)
    assert after.valid_in_train.tolist() == [False] * len(after.valid)
    assert not set(after.valid) & set(after.train)


def test_proportions_are_cut_before_classes_are_balanced():
    draw = {"proportions": [1, 16, 1, 8, 4, 1], "per_class": 12}
    parts = parts_of(sampling=draw)
    assert np.bincount(LABELS[used(parts)]).tolist() == [12] * 6
    assert [len(set(used(parts)[LABELS[used(parts)] == label])) for label in range(6)] == [2, 12, 2, 12, 10, 2]


@pytest.mark.parametrize("before_split", [True, False])
def test_without_validation_images_everything_that_is_drawn_is_trained_on(before_split):
    parts = parts_of(split={"validation": 0.0}, sampling={"per_class": 8, "before_split": before_split})
    assert np.bincount(LABELS[parts.train]).tolist() == [8] * 6
    assert len(parts.valid) == len(parts.valid_in_train) == 0


# Limits and seeds.


def test_a_limited_trial_is_made_from_the_same_images_whatever_its_seed():
    limited = {"limit": {"train_images": 54, "test_images": 12}}
    one, other = parts_of(1, **limited), parts_of(2, **limited)
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
def test_a_split_with_a_seed_of_its_own_is_the_same_for_all_trials(draw):
    one, other, third = (
        parts_of(seed, split={"validation": 0.2, "seed": own}, sampling=draw) for seed, own in ((1, 5), (2, 5), (1, 6))
    )
    assert same(one, other)
    assert not same(one, third)
    # A seed of its own is a trial's seed that does not change.
    assert same(one, parts_of(5, sampling=draw))


def test_every_trial_of_one_seed_has_the_same_split_in_every_experiment_that_shares_the_rule():
    data = data_of(np.repeat(np.arange(10, dtype=np.uint8), 60), np.arange(50, dtype=np.uint8) % 10)
    rules: dict[str, Parts] = {}
    plain = {name: e.spec for name, e in EXPERIMENTS.items() if e.spec["sampling"] == spec_of()["sampling"]}
    for name, spec in plain.items():
        found = draw_parts(deepcopy(spec), data, 3)
        assert same(rules.setdefault(json.dumps(spec["split"], sort_keys=True), found), found), name
    assert 1 < len(rules) < len(plain)
