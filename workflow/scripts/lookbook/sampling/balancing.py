"""Balanced and imbalanced draws as arrays of indices: no image is ever stored twice.

A threshold t balances a class so: with at least t images it gives its first t, with fewer it gives all of
them and then copies, drawn from them with replacement, up to t (document: Simpsons).

The document draws copies first and splits afterwards, so copies of one picture may stand in training and
validation. Both orders are here. The leak is computed from the indices themselves, so it is what it is for
any order, threshold and seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookbook.sampling.splits import split_indices
from lookbook.sampling.streams import stream


@dataclass(frozen=True)
class Draw:
    """Indices of drawn images.

    Attributes:
        indices: int32 (N,), positions in the dataset, class by class, originals before copies.
        is_copy: bool (N,), whether the entry is a drawn copy rather than the original entry of its image.
    """

    indices: np.ndarray
    is_copy: np.ndarray


@dataclass(frozen=True)
class BalancedSplit:
    """A training and a validation part, with what they share.

    Attributes:
        train: int32 (N,), indices of the images to train on; repeated where copies were drawn.
        valid: int32 (M,), indices of the images to validate on.
        train_is_copy: bool (N,), whether the entry is a drawn copy (some experiments augment only these).
        valid_is_copy: bool (M,), the same for validation; all false where the split came first.
        valid_in_train: bool (M,), whether the same image also stands in ``train``: the leak.
    """

    train: np.ndarray
    valid: np.ndarray
    train_is_copy: np.ndarray
    valid_is_copy: np.ndarray
    valid_in_train: np.ndarray


def balanced_draw(
    labels: np.ndarray,
    threshold: int | None,
    rng: np.random.Generator,
    candidates: np.ndarray | None = None,
) -> Draw:
    """Draw every class that has candidates up to (or cut it down to) a threshold.

    Args:
        labels: integers (N,), class of every image of the dataset.
        threshold: images per class after the draw; None takes every candidate once.
        rng: source of the draws with replacement.
        candidates: indices of the images that may be taken, in the order that "first" means; None: all, as
            stored.

    Raises:
        ValueError: the threshold is below 1.
    """
    if threshold is not None and threshold < 1:
        raise ValueError(f"threshold is {threshold}, must be at least 1")
    candidates = np.asarray(np.arange(len(labels)) if candidates is None else candidates, np.int32)
    indices, is_copy = [], []
    for label in np.unique(labels[candidates]):
        members = candidates[labels[candidates] == label][:threshold]
        missing = 0 if threshold is None else threshold - len(members)
        copies = members[rng.integers(len(members), size=missing)]
        indices += [members, copies]
        is_copy += [np.zeros(len(members), bool), np.ones(missing, bool)]
    if not indices:
        return Draw(np.empty(0, np.int32), np.empty(0, bool))
    return Draw(np.concatenate(indices).astype(np.int32), np.concatenate(is_copy))


def oversample_then_split(
    labels: np.ndarray,
    threshold: int | None,
    valid_fraction: float,
    seed: int,
    candidates: np.ndarray | None = None,
) -> BalancedSplit:
    """Balance, shuffle, and split: the document's order, in which copies may stand on both sides.

    Args:
        labels: integers (N,), class of every image of the dataset.
        threshold: images per class over both parts together; None: no balancing, so no copies and no leak.
        valid_fraction: share of the drawn entries that goes to validation, from 0 to below 1.
        seed: the trial's seed.
        candidates: indices of the images that may be taken; None: all.

    Raises:
        ValueError: the threshold is below 1, or the fraction leaves nothing to train on.
    """
    draw = balanced_draw(labels, threshold, stream(seed, "balance"), candidates)
    train, valid = split_indices(len(draw.indices), valid_fraction, seed)
    return _with_leak(draw.indices[train], draw.indices[valid], draw.is_copy[train], draw.is_copy[valid])


def split_then_oversample(
    labels: np.ndarray,
    threshold: int | None,
    valid_fraction: float,
    seed: int,
    candidates: np.ndarray | None = None,
) -> BalancedSplit:
    """Split class by class, then balance the training part alone: no copy crosses.

    The images are those that ``oversample_then_split`` starts from (at most ``threshold`` of a class), and
    a class has as many training entries as it has there on average, so the two differ by the order alone. A
    class with two images or more is in both parts; a single image goes to training.

    Args:
        labels: integers (N,), class of every image of the dataset.
        threshold: images per class before the split; None: no balancing.
        valid_fraction: share of each class's images that goes to validation, above 0 and below 1.
        seed: the trial's seed.
        candidates: indices of the images that may be taken; None: all.

    Raises:
        ValueError: the threshold is below 1, or the fraction is not between 0 and 1.
    """
    if not 0 < valid_fraction < 1:
        raise ValueError(f"valid_fraction must be above 0 and below 1, not {valid_fraction}")
    originals = balanced_draw(labels, None, stream(seed, "balance"), candidates).indices
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
    draw = balanced_draw(labels, train_threshold, stream(seed, "balance"), train)
    return _with_leak(draw.indices, valid, draw.is_copy, np.zeros(len(valid), bool))


def _with_leak(
    train: np.ndarray, valid: np.ndarray, train_is_copy: np.ndarray, valid_is_copy: np.ndarray
) -> BalancedSplit:
    return BalancedSplit(train, valid, train_is_copy, valid_is_copy, np.isin(valid, train))


def largest_classes(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the labels of the classes with the most images, ascending, int32 (count,).

    Of classes of equal size the lower label wins. ``np.searchsorted(result, labels)`` renumbers them from
    zero.

    Raises:
        ValueError: there are fewer classes than asked for.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    if not 1 <= count <= len(classes):
        raise ValueError(f"{count} classes asked for, the labels have {len(classes)}")
    return np.sort(classes[np.argsort(-sizes, kind="stable")[:count]]).astype(np.int32)


def size_filter(heights: np.ndarray, widths: np.ndarray, minimum: int, maximum: int) -> np.ndarray:
    """Return the indices, int32, of images with minimum < height < maximum, and the same for the width."""
    inside = (heights > minimum) & (heights < maximum) & (widths > minimum) & (widths < maximum)
    return np.flatnonzero(inside).astype(np.int32)


def imbalanced_subset(labels: np.ndarray, proportions: Sequence[int], seed: int) -> np.ndarray:
    """Cut classes to given proportions and return the indices that stay, int32, ascending.

    The class with the largest proportion keeps all its images, every other one its share of that number,
    rounded, at least one; which images is drawn.

    Args:
        labels: integers (N,) from 0 to K - 1.
        proportions: K numbers, one a class in the order of the labels.
        seed: the trial's seed.

    Raises:
        ValueError: there is not one proportion a class, or a class has too few images for its share.
    """
    available = np.bincount(labels, minlength=len(proportions))
    if len(available) != len(proportions):
        raise ValueError(f"{len(proportions)} proportions for {len(available)} classes")
    largest = int(np.argmax(proportions))
    kept = []
    for label, proportion in enumerate(proportions):
        count = max(round(int(available[largest]) * proportion / proportions[largest]), 1)
        if count > available[label]:
            raise ValueError(f"class {label} has {available[label]} images, its proportion asks for {count}")
        members = np.flatnonzero(labels == label)
        kept.append(stream(seed, "imbalance", label).permutation(members)[:count])
    return np.sort(np.concatenate(kept)).astype(np.int32)
