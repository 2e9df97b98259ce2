"""Balanced sampling, its two orders with the split, and the images that are in both parts."""

import numpy as np
import pytest

from lookbook.sampling.balancing import (
    balanced_sample,
    imbalanced_subset,
    largest_classes,
    oversample_then_split,
    size_filter,
    split_then_oversample,
)

LABELS = np.array([0, 1, 0, 2, 0, 1, 0, 0], np.uint8)  # five of class 0, two of class 1, one of class 2
BOTH = [oversample_then_split, split_then_oversample]


def test_a_small_class_is_resampled_to_the_threshold_and_a_large_class_is_cut_to_its_first_images():
    sample = balanced_sample(LABELS, 3, np.random.default_rng(0))
    assert sample.indices.dtype == np.int32
    assert sample.indices[:3].tolist() == [0, 2, 4]
    assert sample.indices[3:5].tolist() == [1, 5]
    assert sample.indices[5] in (1, 5)
    assert sample.indices[6:].tolist() == [3, 3, 3]
    assert sample.is_resampled.tolist() == [False] * 3 + [False, False, True] + [False, True, True]


def test_without_a_threshold_every_image_comes_once():
    sample = balanced_sample(LABELS, None, np.random.default_rng(0))
    assert sorted(sample.indices) == list(range(8))
    assert not sample.is_resampled.any()


def test_only_candidates_are_sampled_in_their_order():
    sample = balanced_sample(LABELS, 2, np.random.default_rng(0), candidates=np.array([7, 4, 0, 3]))
    assert sample.indices.tolist() == [7, 4, 3, 3]
    nothing = balanced_sample(LABELS, 2, np.random.default_rng(0), candidates=np.array([], int))
    assert len(nothing.indices) == len(nothing.is_resampled) == 0


def test_a_threshold_below_one_is_refused():
    with pytest.raises(ValueError, match="threshold is 0"):
        balanced_sample(LABELS, 0, np.random.default_rng(0))


def test_one_image_sampled_four_times_is_in_both_parts():
    # One class with one image: two of its four entries are in each part, so both validation entries are also in train.
    split = oversample_then_split(np.zeros(1, int), 4, 0.5, seed=0)
    assert split.train.tolist() == split.valid.tolist() == [0, 0]
    assert split.valid_in_train.tolist() == [True, True]
    assert split.train_is_resampled.sum() >= 1


def test_without_resampling_no_image_is_in_both_parts_in_either_order():
    for order in BOTH:
        split = order(np.arange(40) % 4, 10, 0.2, seed=3)
        assert not split.valid_in_train.any()
        assert not split.train_is_resampled.any()
        assert sorted([*split.train, *split.valid]) == list(range(40))


def test_validation_images_that_are_also_in_train_are_counted_exactly():
    labels = np.repeat([0, 1, 2], [50, 5, 2])
    split = oversample_then_split(labels, 50, 0.2, seed=1)
    assert (len(split.train), len(split.valid)) == (120, 30)
    trained = set(split.train.tolist())
    assert split.valid_in_train.tolist() == [index in trained for index in split.valid.tolist()]
    # The full class is not resampled. Fifty entries of five images, or of two, are almost surely in both parts.
    of_full_class = labels[split.valid] == 0
    assert not split.valid_in_train[of_full_class].any()
    assert split.valid_in_train[~of_full_class].all()


def test_the_fraction_of_validation_images_in_train_has_its_expected_value():
    shared = [oversample_then_split(np.zeros(1000, int), 2000, 0.2, s).valid_in_train.mean() for s in range(20)]
    # An image has 1 + k entries, k ~ Poisson(1); an entry belongs to one with density (1 + k) P(k) / 2, and none of its
    # k others in train has probability 0.2 ** k: the fraction is 1 - sum((1 + k) e^-1 / k! 0.2^k) / 2.
    expected = 1 - np.exp(-0.8) * (1 + 0.2) / 2
    assert np.mean(shared) == pytest.approx(expected, abs=0.01)


def test_splitting_first_leaves_no_resampled_image_in_validation_and_no_image_in_both_parts():
    labels = np.repeat([0, 1, 2, 3], [80, 10, 3, 1])
    split = split_then_oversample(labels, 50, 0.2, seed=2)
    assert not split.valid_in_train.any()
    assert np.bincount(labels[split.valid], minlength=4).tolist() == [10, 2, 1, 0]
    assert np.bincount(labels[split.train]).tolist() == [40, 40, 40, 40]
    assert np.bincount(labels[split.train[split.train_is_resampled]]).tolist() == [0, 32, 38, 39]
    assert len(np.unique(split.valid)) == len(split.valid)
    # Of the large class, only the first fifty images are used, as in the other order.
    assert max(*split.train[labels[split.train] == 0], *split.valid[labels[split.valid] == 0]) < 50


@pytest.mark.parametrize("order", BOTH)
def test_a_seed_determines_the_split(order):
    labels = np.repeat([0, 1], [30, 8])
    first, again, other = (order(labels, 20, 0.25, seed) for seed in (5, 5, 6))
    for field in ("train", "valid", "train_is_resampled", "valid_in_train"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert first.train.tolist() != other.train.tolist()


@pytest.mark.parametrize("order", BOTH)
def test_only_candidates_are_split(order):
    labels = np.repeat([0, 1], [30, 8])
    candidates = np.array([1, 2, 3, 4, 5, 31, 33, 35])
    split = order(labels, 6, 0.25, 0, candidates)
    assert set(split.train) | set(split.valid) <= set(candidates)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_fraction_that_splits_nothing_is_refused_where_the_split_comes_first(fraction):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        split_then_oversample(LABELS, 3, fraction, 0)


def test_the_largest_classes_come_in_order_of_label_and_ties_go_to_the_lower():
    labels = np.repeat([0, 1, 2, 3], [2, 5, 2, 7])
    assert largest_classes(labels, 2).tolist() == [1, 3]
    assert largest_classes(labels, 3).tolist() == [0, 1, 3]
    with pytest.raises(ValueError, match="labels have 4"):
        largest_classes(labels, 5)


def test_the_size_filter_excludes_both_bounds():
    heights = np.array([100, 101, 799, 800, 400, 400], np.int32)
    widths = np.array([400, 400, 400, 400, 100, 799], np.int32)
    assert size_filter(heights, widths, 100, 800).tolist() == [1, 2, 5]


def test_classes_are_cut_to_the_documents_proportions():
    labels = np.repeat(np.arange(10), 800)
    proportions = (2246, 1454, 1452, 1354, 1342, 1291, 498, 98, 32, 3)
    kept = imbalanced_subset(labels, proportions, seed=0)
    assert np.bincount(labels[kept]).tolist() == [800, 518, 517, 482, 478, 460, 177, 35, 11, 1]
    assert (np.diff(kept) > 0).all()
    assert kept.tolist() != imbalanced_subset(labels, proportions, seed=1).tolist()


def test_proportions_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 proportions for 3 classes"):
        imbalanced_subset(LABELS, (1, 1), 0)
    with pytest.raises(ValueError, match="class 1 has 2 images"):
        imbalanced_subset(LABELS, (5, 4, 1), 0)
