"""Which images a trial trains on, validates on and is tested on: rows of its data set, by the trial's seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lookbook.datasets.arrays import Dataset
from lookbook.sampling.balancing import (
    imbalanced_subset,
    largest_classes,
    oversample_then_split,
    size_filter,
    split_then_oversample,
)
from lookbook.sampling.splits import limit, split_indices

# A limited set must not depend on the trial: every trial is tested on the same images.
LIMIT_SEED = 0


@dataclass(frozen=True, eq=False)
class Parts:
    """The rows of a trial.

    Attributes:
        train: rows of the training images, int32 (N,); with repetition where copies are drawn.
        valid: rows of the training images to validate on, int32 (M,).
        test: rows of the test images, int32 (T,).
        train_is_copy: bool (N,), whether the entry is a drawn copy rather than the image itself.
        valid_in_train: bool (M,), whether the same image is also trained on; None where nothing is drawn.
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    train_is_copy: np.ndarray
    valid_in_train: np.ndarray | None


def draw_parts(spec: Mapping[str, Any], data: Dataset, seed: int) -> Parts:
    """Return the rows of a trial.

    Args:
        spec: the resolved experiment: ``split``, ``limit`` and ``draw`` matter.
        data: the prepared data set.
        seed: the trial's seed, unless the experiment fixes one for the split.

    Raises:
        ValueError: nothing is left to train on, or the data set cannot give what ``draw`` asks for.
        DatasetError: ``sampling.size`` needs the original sizes, and the data set does not know them.
    """
    rules, fraction = spec["sampling"], spec["split"]["validation"]
    labels = np.asarray(data.train_labels)
    seed = seed if spec["split"]["seed"] is None else spec["split"]["seed"]
    rows = _candidates(spec, data, seed)
    if not len(rows):
        raise ValueError("draw and limit leave none to train on; ask for more classes, sizes or images")
    test = limit(data.test_labels, spec["limit"]["test_images"], LIMIT_SEED)
    test = test[np.isin(data.test_labels[test], kept_classes(spec, labels))].astype(np.int32)
    if rules["per_class"] is None and rules["before_split"]:
        train, valid = split_indices(len(rows), fraction, seed)
        return Parts(rows[train], rows[valid], test, np.zeros(len(train), bool), None)
    # Without validation images there is no split that a copy could cross.
    draw = oversample_then_split if rules["before_split"] or not fraction else split_then_oversample
    drawn = draw(labels, rules["per_class"], fraction, seed, rows)
    return Parts(drawn.train, drawn.valid, test, drawn.train_is_copy, drawn.valid_in_train)


def kept_classes(spec: Mapping[str, Any], labels: np.ndarray) -> np.ndarray:
    """Return the labels that an experiment keeps, ascending, int32; its network numbers them from zero.

    Args:
        spec: the resolved experiment.
        labels: of all training images of the data set, whole numbers (N,).
    """
    count = spec["sampling"]["classes"]
    return np.unique(labels).astype(np.int32) if count is None else largest_classes(labels, count)


def targets(spec: Mapping[str, Any], labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return what a network is to answer for images of these labels, whole numbers (N,).

    Labels that the experiment does not keep get an answer without meaning; their images are in no part.

    Args:
        spec: the resolved experiment.
        labels: whole numbers (N,).
        kept: as ``kept_classes`` returns them.
    """
    if spec["one_vs_all"] is not None:
        return (labels == spec["one_vs_all"]).astype(np.int32)
    if spec["sampling"]["classes"] is not None:
        return np.searchsorted(kept, labels).astype(np.int32)
    return np.asarray(labels, np.int32)


def number_of_outputs(spec: Mapping[str, Any], classes: int) -> int:
    """Return how many logits an experiment's network has on a data set of so many classes."""
    return 2 if spec["one_vs_all"] is not None else spec["sampling"]["classes"] or classes


def _candidates(spec: Mapping[str, Any], data: Dataset, seed: int) -> np.ndarray:
    """Return the rows of the training images that may be used at all, int32, ascending."""
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
