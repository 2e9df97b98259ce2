"""Splits, orders and subsets: arrays of indices that depend only on the seed and the rule."""

import numpy as np
import pytest

from lookbook.sampling.splits import epoch_order, limit, split_indices


@pytest.mark.parametrize(
    ("count", "fraction", "held_out"), [(60000, 0.2, 12000), (10, 0.25, 2), (7, 0.1, 1), (50, 0, 0)]
)
def test_validation_is_the_rounded_fraction_and_train_is_the_rest_both_ascending(count, fraction, held_out):
    train, valid = split_indices(count, fraction, seed=0)
    assert train.dtype == valid.dtype == np.int32
    assert len(valid) == held_out
    assert (np.diff(train) > 0).all()
    assert (np.diff(valid) > 0).all()
    np.testing.assert_array_equal(np.sort(np.concatenate([train, valid])), np.arange(count))


def test_a_split_must_leave_training_images():
    with pytest.raises(ValueError, match="no training images"):
        split_indices(3, 0.9, seed=0)


def test_trials_with_other_seeds_have_other_splits():
    assert len({split_indices(1000, 0.2, seed)[1].tobytes() for seed in range(5)}) == 5


def test_a_smaller_validation_part_is_within_a_larger_one():
    small, large = (split_indices(1000, fraction, seed=1)[1] for fraction in (0.1, 0.2))
    assert np.isin(small, large).all()


def test_the_split_of_seed_zero_does_not_change_between_versions():
    """Published results depend on it."""
    assert split_indices(20, 0.25, seed=0)[1].tolist() == [2, 3, 8, 16, 18]
    assert epoch_order(np.arange(8), seed=0, epoch=1).tolist() == [4, 2, 5, 3, 7, 1, 6, 0]


def test_an_epoch_order_has_every_index_as_often_as_it_is_given():
    indices = np.array([5, 5, 5, 9, 2], np.int64)
    order = epoch_order(indices, seed=0, epoch=0)
    assert order.dtype == np.int32
    assert sorted(order.tolist()) == sorted(indices.tolist())
    assert indices.tolist() == [5, 5, 5, 9, 2]


def test_every_epoch_and_every_seed_has_its_own_order_which_is_the_same_in_a_resumed_trial():
    orders = [epoch_order(np.arange(100), seed, epoch) for seed in range(3) for epoch in range(4)]
    assert len({order.tobytes() for order in orders}) == 12
    np.testing.assert_array_equal(epoch_order(np.arange(100), 2, 3), orders[-1])


def test_a_limit_keeps_balanced_classes_balanced():
    labels = np.tile(np.arange(10, dtype=np.uint8), 100)
    chosen = limit(labels, 200, seed=0)
    assert chosen.dtype == np.int32
    assert (np.diff(chosen) > 0).all()
    assert np.bincount(labels[chosen]).tolist() == [20] * 10


def test_a_limit_keeps_the_proportions_of_imbalanced_classes_and_loses_none():
    labels = np.repeat([0, 1, 2, 5], [600, 300, 99, 1])
    counts = np.bincount(labels[limit(labels, 100, seed=0)])
    assert counts.sum() == 100
    np.testing.assert_allclose(counts[[0, 1, 2, 5]], [60, 30, 10, 1], atol=1)
    assert set(labels[limit(labels, 4, seed=0)]) == {0, 1, 2, 5}


def test_a_smaller_subset_is_within_a_larger_one():
    labels = np.repeat([0, 1, 2], [70, 20, 10])
    for count in range(100):
        assert np.isin(limit(labels, count, seed=2), limit(labels, count + 1, seed=2)).all()


def test_a_limit_depends_on_the_seed():
    labels = np.zeros(1000, np.uint8)
    assert limit(labels, 10, seed=0).tolist() == limit(labels, 10, seed=0).tolist()
    assert limit(labels, 10, seed=0).tolist() != limit(labels, 10, seed=1).tolist()


@pytest.mark.parametrize("count", [None, 30, 31])
def test_without_a_limit_below_the_number_of_images_all_are_kept(count):
    np.testing.assert_array_equal(limit(np.zeros(30, np.uint8), count, seed=0), np.arange(30))


def test_a_limit_of_zero_keeps_none():
    assert limit(np.zeros(30, np.uint8), 0, seed=0).shape == (0,)
