"""Balanced sampling, and its two orders with the split."""

import numpy as np
import pytest

from lookbook.sampling.balancing import (
    balanced_sample,
    imbalanced_subset,
    largest_classes,
    oversample_then_split,
    split_then_oversample,
)

LABELS = np.array([0, 1, 0, 2, 0, 1, 0, 0], np.uint8)  # five of class 0, two of class 1, one of class 2
BOTH = [oversample_then_split, split_then_oversample]


def sample(threshold, candidates=range(8)):
    return balanced_sample(LABELS, np.array(candidates), threshold, np.random.default_rng(0))


def split_of(order, labels, *arguments):
    return order(labels, np.arange(len(labels)), *arguments)


def is_shared(split):
    """Return whether each validation image is also in train."""
    return np.isin(split.valid, split.train)


def test_a_small_class_is_resampled_to_the_threshold_and_a_large_class_is_cut_to_its_first_images():
    indices, is_resampled = sample(3)
    assert indices.dtype == np.int32
    assert indices[:3].tolist() == [0, 2, 4]
    assert indices[3:5].tolist() == [1, 5]
    assert indices[5] in (1, 5)
    assert indices[6:].tolist() == [3, 3, 3]
    assert is_resampled.tolist() == [False] * 3 + [False, False, True] + [False, True, True]


def test_without_a_threshold_every_image_comes_once():
    indices, is_resampled = sample(None)
    assert sorted(indices) == list(range(8))
    assert not is_resampled.any()


def test_only_candidates_are_sampled_in_their_order():
    assert sample(2, [7, 4, 0, 3])[0].tolist() == [7, 4, 3, 3]


@pytest.mark.parametrize("order", BOTH)
def test_without_resampling_no_image_is_in_both_parts(order):
    split = split_of(order, np.arange(40) % 4, 10, 0.2, 3)
    assert not split.train_is_resampled.any()
    assert sorted([*split.train, *split.valid]) == list(range(40))


def test_the_fraction_of_validation_images_in_train_has_its_expected_value():
    splits = [split_of(oversample_then_split, np.zeros(1000, int), 2000, 0.2, seed) for seed in range(20)]
    # An image has 1 + k entries, k ~ Poisson(1); an entry belongs to one with density (1 + k) P(k) / 2, and none of its
    # k others in train has probability 0.2 ** k: the fraction is 1 - sum((1 + k) e^-1 / k! 0.2^k) / 2.
    expected = 1 - np.exp(-0.8) * (1 + 0.2) / 2
    assert np.mean([is_shared(split).mean() for split in splits]) == pytest.approx(expected, abs=0.01)


def test_splitting_first_leaves_no_resampled_image_in_validation_and_no_image_in_both_parts():
    labels = np.repeat([0, 1, 2, 3], [80, 10, 3, 1])
    split = split_of(split_then_oversample, labels, 50, 0.2, 2)
    assert not is_shared(split).any()
    assert np.bincount(labels[split.valid], minlength=4).tolist() == [10, 2, 1, 0]
    assert np.bincount(labels[split.train]).tolist() == [40, 40, 40, 40]
    assert np.bincount(labels[split.train[split.train_is_resampled]]).tolist() == [0, 32, 38, 39]
    assert len(np.unique(split.valid)) == len(split.valid)
    # Of the large class, only the first fifty images are used, as in the other order.
    assert max(*split.train[labels[split.train] == 0], *split.valid[labels[split.valid] == 0]) < 50


def test_the_largest_classes_come_in_order_of_label_and_ties_go_to_the_lower():
    labels = np.repeat([0, 1, 2, 3], [2, 5, 2, 7])
    assert largest_classes(labels, 2).tolist() == [1, 3]
    assert largest_classes(labels, 3).tolist() == [0, 1, 3]


def test_classes_are_cut_to_the_documents_proportions():
    labels = np.repeat(np.arange(10), 800)
    kept = imbalanced_subset(labels, (2246, 1454, 1452, 1354, 1342, 1291, 498, 98, 32, 3), seed=0)
    assert np.bincount(labels[kept]).tolist() == [800, 518, 517, 482, 478, 460, 177, 35, 11, 1]
    assert (np.diff(kept) > 0).all()
