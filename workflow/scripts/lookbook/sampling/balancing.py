"""Balanced and imbalanced sampling as arrays of indices: no image is stored twice.

A threshold t balances the classes: of a class with at least t images, the first t are taken; of a smaller class, all
images are taken and resampled with replacement up to t (the Simpsons document).

The document resamples before it splits, so the same image may be in the training and in the validation part. Both
orders are implemented. Which validation images are also in the training part is computed from the indices, so it is
exact for either order, any threshold and any seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookbook.sampling.splits import split_indices
from lookbook.sampling.streams import stream


@dataclass(frozen=True)
class Sample:
    """Indices of sampled images.

    Attributes:
        indices: int32 (N,), positions in the dataset, class by class, original entries before resampled ones.
        is_resampled: bool (N,), whether the entry was resampled, rather than being the original entry of its image.
    """

    indices: np.ndarray
    is_resampled: np.ndarray


@dataclass(frozen=True)
class BalancedSplit:
    """A training and a validation part, and the images that are in both.

    Attributes:
        train: int32 (N,), indices of the images to train on; resampled images are repeated.
        valid: int32 (M,), indices of the images to validate on.
        train_is_resampled: bool (N,), whether the entry was resampled (some experiments augment only these).
        valid_in_train: bool (M,), whether the same image is also in ``train``.
    """

    train: np.ndarray
    valid: np.ndarray
    train_is_resampled: np.ndarray
    valid_in_train: np.ndarray


def balanced_sample(
    labels: np.ndarray,
    threshold: int | None,
    rng: np.random.Generator,
    candidates: np.ndarray | None = None,
) -> Sample:
    """Cut or resample every class that has candidates to a threshold.

    Args:
        labels: integers (N,), class of every image of the dataset.
        threshold: images per class in the result; None takes every candidate once.
        rng: random generator for resampling.
        candidates: indices of the images that may be taken; a large class keeps the first of them. None: all images.

    Raises:
        ValueError: the threshold is below 1.
    """
    if threshold is not None and threshold < 1:
        raise ValueError(f"threshold is {threshold}, must be at least 1")
    candidates = np.asarray(np.arange(len(labels)) if candidates is None else candidates, np.int32)
    indices, is_resampled = [], []
    for label in np.unique(labels[candidates]):
        members = candidates[labels[candidates] == label][:threshold]
        missing = 0 if threshold is None else threshold - len(members)
        resampled = members[rng.integers(len(members), size=missing)]
        indices += [members, resampled]
        is_resampled += [np.zeros(len(members), bool), np.ones(missing, bool)]
    if not indices:
        return Sample(np.empty(0, np.int32), np.empty(0, bool))
    return Sample(np.concatenate(indices).astype(np.int32), np.concatenate(is_resampled))


def oversample_then_split(
    labels: np.ndarray,
    threshold: int | None,
    valid_fraction: float,
    seed: int,
    candidates: np.ndarray | None = None,
) -> BalancedSplit:
    """Balance, shuffle, and split: the document's order, in which an image may be in both parts.

    Args:
        labels: integers (N,), class of every image of the dataset.
        threshold: images per class in both parts together; None: no balancing, so no image is in both parts.
        valid_fraction: fraction of the sampled entries used for validation, from 0 to below 1.
        seed: the trial's seed.
        candidates: indices of the images that may be taken; None: all.

    Raises:
        ValueError: the threshold is below 1, or the fraction leaves no training images.
    """
    sample = balanced_sample(labels, threshold, stream(seed, "balance"), candidates)
    train, valid = split_indices(len(sample.indices), valid_fraction, seed)
    return _balanced_split(sample.indices[train], sample.indices[valid], sample.is_resampled[train])


def split_then_oversample(
    labels: np.ndarray,
    threshold: int | None,
    valid_fraction: float,
    seed: int,
    candidates: np.ndarray | None = None,
) -> BalancedSplit:
    """Split class by class, then balance only the training part, so that no image is in both parts.

    The images are those that ``oversample_then_split`` uses (at most ``threshold`` of a class), and a class has as many
    training entries as it has there on average, so the two functions differ only in the order. Both parts have
    images of each class with at least two; a single image is used for training.

    Args:
        labels: integers (N,), class of every image of the dataset.
        threshold: images per class before the split; None: no balancing.
        valid_fraction: fraction of each class's images used for validation, above 0 and below 1.
        seed: the trial's seed.
        candidates: indices of the images that may be taken; None: all.

    Raises:
        ValueError: the threshold is below 1, or the fraction is not between 0 and 1.
    """
    if not 0 < valid_fraction < 1:
        raise ValueError(f"valid_fraction must be above 0 and below 1, not {valid_fraction}")
    originals = balanced_sample(labels, None, stream(seed, "balance"), candidates).indices
    rng = stream(seed, "split")
    train_parts, valid_parts = [], []
    for label in np.unique(labels[originals]):
        members = rng.permutation(originals[labels[originals] == label][:threshold])
        valid_count = min(max(round(valid_fraction * len(members)), 1), len(members) - 1)
        valid_parts.append(members[:valid_count])
        train_parts.append(members[valid_count:])
    train = np.concatenate(train_parts) if train_parts else originals
    valid = np.concatenate(valid_parts) if valid_parts else originals
    train_threshold = None if threshold is None else max(round((1 - valid_fraction) * threshold), 1)
    sample = balanced_sample(labels, train_threshold, stream(seed, "balance"), train)
    return _balanced_split(sample.indices, valid, sample.is_resampled)


def _balanced_split(train: np.ndarray, valid: np.ndarray, train_is_resampled: np.ndarray) -> BalancedSplit:
    return BalancedSplit(train, valid, train_is_resampled, np.isin(valid, train))


def largest_classes(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the labels of the classes with the most images, ascending, int32 (count,).

    Of classes of equal size, those with the lower labels are taken. ``np.searchsorted(result, labels)`` renumbers the
    labels from zero.

    Raises:
        ValueError: there are fewer classes than requested.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    if not 1 <= count <= len(classes):
        raise ValueError(f"{count} classes requested, the labels have {len(classes)}")
    return np.sort(classes[np.argsort(-sizes, kind="stable")[:count]]).astype(np.int32)


def size_filter(heights: np.ndarray, widths: np.ndarray, minimum: int, maximum: int) -> np.ndarray:
    """Return the indices, int32, of images with minimum < height < maximum, and the same for the width."""
    inside = (heights > minimum) & (heights < maximum) & (widths > minimum) & (widths < maximum)
    return np.flatnonzero(inside).astype(np.int32)


def imbalanced_subset(labels: np.ndarray, proportions: Sequence[int], seed: int) -> np.ndarray:
    """Cut classes to given proportions and return the remaining indices, int32, ascending.

    The class with the largest proportion keeps all its images; every other class keeps a random subset in proportion
    to that number, rounded, at least one image.

    Args:
        labels: integers (N,) from 0 to K - 1.
        proportions: K numbers, one per class in the order of the labels.
        seed: the trial's seed.

    Raises:
        ValueError: the number of proportions is not the number of classes, or a class has too few images.
    """
    available = np.bincount(labels, minlength=len(proportions))
    if len(available) != len(proportions):
        raise ValueError(f"{len(proportions)} proportions for {len(available)} classes")
    largest = int(np.argmax(proportions))
    kept = []
    for label, proportion in enumerate(proportions):
        count = max(round(int(available[largest]) * proportion / proportions[largest]), 1)
        if count > available[label]:
            raise ValueError(f"class {label} has {available[label]} images; its proportion requires {count}")
        members = np.flatnonzero(labels == label)
        kept.append(stream(seed, "imbalance", label).permutation(members)[:count])
    return np.sort(np.concatenate(kept)).astype(np.int32)
