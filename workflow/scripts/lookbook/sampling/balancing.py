"""Balanced and imbalanced sampling as arrays of indices: no image is stored twice.

A threshold t balances the classes: of a class with at least t images, the first t are taken; of a smaller class, all
images are taken and resampled with replacement up to t (the Simpsons document).

The document resamples before it splits, so the same image may be in the training and in the validation part. Both
orders are implemented. Which validation images are also in the training part follows from the indices.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lookbook.sampling.splits import split_indices
from lookbook.sampling.streams import stream


class BalancedSplit(NamedTuple):
    """A training and a validation part, as ``rows.TrialRows`` describes them."""

    train: np.ndarray
    valid: np.ndarray
    train_is_resampled: np.ndarray


def balanced_sample(
    labels: np.ndarray, candidates: np.ndarray, threshold: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut or resample every class that has candidates to a threshold.

    Args:
        labels: integers (N,), class of every image of the dataset.
        candidates: indices of the images that may be taken, at least one; a large class keeps the first of them.
        threshold: images per class in the result, at least 1; None takes every candidate once.
        rng: random generator for resampling.

    Returns:
        The sampled indices, int32 (M,), class by class and in each class the resampled entries last; and whether each
        entry was resampled, bool (M,).
    """
    indices, is_resampled = [], []
    for label in np.unique(labels[candidates]):
        members = candidates[labels[candidates] == label][:threshold]
        missing = 0 if threshold is None else threshold - len(members)
        indices += [members, members[rng.integers(len(members), size=missing)]]
        is_resampled += [np.zeros(len(members), bool), np.ones(missing, bool)]
    return np.concatenate(indices).astype(np.int32), np.concatenate(is_resampled)


def oversample_then_split(
    labels: np.ndarray, candidates: np.ndarray, threshold: int | None, valid_fraction: float, seed: int
) -> BalancedSplit:
    """Balance, shuffle, and split: the document's order, in which an image may be in both parts.

    Args:
        labels, candidates: see ``balanced_sample``.
        threshold: images per class in both parts together; None: no balancing, so no image is in both parts.
        valid_fraction: fraction of the sampled entries used for validation, from 0 to below 1.
        seed: the trial's seed.

    Raises:
        ValueError: the fraction leaves no training images.
    """
    indices, is_resampled = balanced_sample(labels, candidates, threshold, stream(seed, "balance"))
    train, valid = split_indices(len(indices), valid_fraction, seed)
    return BalancedSplit(indices[train], indices[valid], is_resampled[train])


def split_then_oversample(
    labels: np.ndarray, candidates: np.ndarray, threshold: int | None, valid_fraction: float, seed: int
) -> BalancedSplit:
    """Split class by class, then balance only the training part, so that no image is in both parts.

    The images are those that ``oversample_then_split`` uses (at most ``threshold`` of a class), and a class has as many
    training entries as it has there on average, so the two functions, which have the same arguments, differ only in
    the order. Both parts have images of each class with at least two; a single image is used for training. The
    fraction must be above 0.
    """
    rng = stream(seed, "split")
    train_parts, valid_parts = [], []
    for label in np.unique(labels[candidates]):
        members = rng.permutation(candidates[labels[candidates] == label][:threshold])
        valid_count = min(max(round(valid_fraction * len(members)), 1), len(members) - 1)
        valid_parts.append(members[:valid_count])
        train_parts.append(members[valid_count:])
    train_threshold = None if threshold is None else max(round((1 - valid_fraction) * threshold), 1)
    train, is_resampled = balanced_sample(labels, np.concatenate(train_parts), train_threshold, stream(seed, "balance"))
    return BalancedSplit(train, np.concatenate(valid_parts), is_resampled)


def largest_classes(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the labels of the classes with the most images, ascending, int32 (count,).

    Of classes of equal size, those with the lower labels are taken. ``np.searchsorted(result, labels)`` renumbers the
    labels from zero.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    return np.sort(classes[np.argsort(-sizes, kind="stable")[:count]]).astype(np.int32)


def size_filter(heights: np.ndarray, widths: np.ndarray, minimum: int, maximum: int) -> np.ndarray:
    """Return the indices of images with minimum < height < maximum, and the same for the width."""
    return np.flatnonzero((heights > minimum) & (heights < maximum) & (widths > minimum) & (widths < maximum))


def imbalanced_subset(labels: np.ndarray, proportions: Sequence[int], seed: int) -> np.ndarray:
    """Cut classes to given proportions and return the remaining indices, int32, ascending.

    The class with the largest proportion keeps all its images; every other class keeps a random subset in proportion
    to that number, rounded, at least one image.

    Args:
        labels: integers (N,) from 0 to K - 1.
        proportions: K numbers, one per class in the order of the labels.
        seed: the trial's seed.

    Raises:
        ValueError: a class has too few images.
    """
    available = np.bincount(labels, minlength=len(proportions))
    largest = int(np.argmax(proportions))
    kept = []
    for label, proportion in enumerate(proportions):
        count = max(round(int(available[largest]) * proportion / proportions[largest]), 1)
        if count > available[label]:
            raise ValueError(f"class {label} has {available[label]} images; its proportion requires {count}")
        members = np.flatnonzero(labels == label)
        kept.append(stream(seed, "imbalance", label).permutation(members)[:count])
    return np.sort(np.concatenate(kept)).astype(np.int32)
