"""Which images a trial trains on, validates on and is tested on: rows of its dataset, by the trial's seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lookbook.sampling.balancing import (
    imbalanced_subset,
    largest_classes,
    oversample_then_split,
    size_filter,
    split_then_oversample,
)
from lookbook.sampling.splits import limit, split_indices

if TYPE_CHECKING:
    from lookbook.datasets.arrays import Dataset

# A limited subset does not depend on the trial: every trial is tested on the same images.
LIMIT_SEED = 0


@dataclass(frozen=True, eq=False)
class TrialRows:
    """The rows of a trial.

    Attributes:
        train: rows of the training images, int32 (N,); resampled images are repeated.
        valid: rows of the training images to validate on, int32 (M,).
        test: rows of the test images, int32 (T,).
        train_is_resampled: bool (N,), whether the entry was resampled, rather than being the image itself.
        valid_in_train: bool (M,), whether the same image is also trained on; None if no image can be.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    train_is_resampled: np.ndarray
    valid_in_train: np.ndarray | None


def sample_rows(spec: Mapping[str, Any], data: Dataset, seed: int) -> TrialRows:
    """Return the rows of a trial.

    Args:
        spec: the resolved experiment, of which ``split``, ``limit`` and ``sampling`` are used.
        data: the prepared dataset, of which the labels and, for ``sampling.size``, ``original_sizes()`` are used.
        seed: the trial's seed; ``split.seed`` takes precedence.

    Raises:
        ValueError: no training images are left, or the dataset has too few images or classes for ``sampling``.
        DatasetError: ``sampling.size`` needs the original sizes, and the dataset does not have them.
    """
    rules, fraction = spec["sampling"], spec["split"]["validation"]
    labels = np.asarray(data.train_labels)
    seed = seed if spec["split"]["seed"] is None else spec["split"]["seed"]
    rows = _candidates(spec, data, seed)
    if not len(rows):
        raise ValueError("sampling and limit leave no training images; allow more classes, sizes or images")
    test = limit(data.test_labels, spec["limit"]["test_images"], LIMIT_SEED)
    test = test[np.isin(data.test_labels[test], kept_classes(spec, labels))].astype(np.int32)
    if rules["per_class"] is None and rules["before_split"]:
        train, valid = split_indices(len(rows), fraction, seed)
        return TrialRows(rows[train], rows[valid], test, np.zeros(len(train), bool), None)
    # Without validation images the order does not matter, and `split_then_oversample` needs a fraction above 0.
    sample = oversample_then_split if rules["before_split"] or not fraction else split_then_oversample
    train, valid, is_resampled = sample(labels, rows, rules["per_class"], fraction, seed)
    return TrialRows(train, valid, test, is_resampled, np.isin(valid, train))


def kept_classes(spec: Mapping[str, Any], labels: np.ndarray) -> np.ndarray:
    """Return the labels that an experiment keeps, ascending, int32; its network numbers them from zero.

    ``labels`` are those of all training images of the dataset, integers (N,).
    """
    count = spec["sampling"]["classes"]
    return np.unique(labels).astype(np.int32) if count is None else largest_classes(labels, count)


def targets(spec: Mapping[str, Any], labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the targets of a network for images of these labels, integers (N,), as int32 (N,).

    Labels that are not in ``kept``, the result of ``kept_classes``, get a meaningless target; no part contains their
    images.
    """
    if spec["one_vs_all"] is not None:
        return (labels == spec["one_vs_all"]).astype(np.int32)
    if spec["sampling"]["classes"] is not None:
        return np.searchsorted(kept, labels).astype(np.int32)
    return np.asarray(labels, np.int32)


def number_of_outputs(spec: Mapping[str, Any], classes: int) -> int:
    """Return the number of logits of an experiment's network on a dataset with this number of classes."""
    return 2 if spec["one_vs_all"] is not None else spec["sampling"]["classes"] or classes


def _candidates(spec: Mapping[str, Any], data: Dataset, seed: int) -> np.ndarray:
    """Return the rows of the training images that may be used, int32, ascending."""
    rules, labels = spec["sampling"], np.asarray(data.train_labels)
    kept = kept_classes(spec, labels)
    rows = limit(labels, spec["limit"]["train_images"], LIMIT_SEED)
    rows = rows[np.isin(labels[rows], kept)]
    if rules["size"] is not None:
        heights, widths = data.original_sizes()
        inside = size_filter(heights, widths, rules["size"]["minimum"], rules["size"]["maximum"])
        rows = rows[np.isin(rows, inside)]
    if rules["proportions"] is not None:
        rows = rows[imbalanced_subset(np.searchsorted(kept, labels[rows]), rules["proportions"], seed)]
    return rows.astype(np.int32)
