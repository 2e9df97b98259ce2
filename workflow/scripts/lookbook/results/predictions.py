"""predictions.npz: what a trial's network predicts for each split.

For each split it holds ``<split>_labels`` and ``<split>_predicted`` (uint8, (N,)); ``<split>_rows`` (int32, (N,)),
positions in the dataset's training or test images; ``<split>_probabilities``, float16 (N, C) to save space; and
``<split>_log_likelihood``, float32 (N,), the log-probability of the true class, so that the cross-entropy is exact
although the probabilities are rounded. ``valid_in_train`` (bool, (M,)) tells which validation images are trained on as
well; it is absent where none can be.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lookbook.files import write_bytes
from lookbook.results.trial import Trial

# The splits, each in words.
SPLITS = {"train": "training", "valid": "validation", "test": "test"}
ARRAYS = ("labels", "predicted", "rows", "probabilities", "log_likelihood")
IN_TRAIN = "valid_in_train"


class SplitOutputs(NamedTuple):
    """A network's outputs for one split: logits float32 (N, C), labels (N,) and rows in the dataset (N,)."""

    logits: np.ndarray
    labels: np.ndarray
    rows: np.ndarray


def write_predictions(path: Path, splits: Mapping[str, SplitOutputs], valid_in_train: np.ndarray | None = None) -> None:
    """Write the predictions of each split; a trial that failed has none.

    Args:
        path: the file.
        splits: network outputs by split.
        valid_in_train: bool (M,), which validation images are trained on as well; None where none can be.
    """
    arrays: dict[str, np.ndarray] = {}
    for split, (logits, labels, rows) in splits.items():
        log_probabilities = log_softmax(logits)
        true = log_probabilities[np.arange(len(labels)), labels.astype(np.intp)]
        values = {
            "probabilities": np.exp(log_probabilities).astype(np.float16),
            "predicted": logits.argmax(axis=1).astype(np.uint8),
            "labels": labels.astype(np.uint8),
            "rows": rows.astype(np.int32),
            "log_likelihood": true.astype(np.float32),
        }
        arrays |= {f"{split}_{name}": value for name, value in values.items()}
    if valid_in_train is not None and "valid" in splits:
        arrays[IN_TRAIN] = valid_in_train
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getbuffer())


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of a network, or of an ensemble, for one split of N images and C classes.

    Attributes:
        split: ``train``, ``valid`` or ``test``.
        labels: (N,), integers from 0 to C - 1.
        predicted: (N,), the class of the largest logit. Rounded probabilities may tie where logits do not.
        rows: (N,), positions in the dataset's test images, or in its training images for the other splits.
        probabilities: float64 (N, C).
        log_likelihood: (N,), natural logarithm of the probability of the true class.
        in_train: bool (N,), whether the image is also in the training split; None if no image can be.
        penalty: sum of the regularization losses of the network's weights; None if it is not finite.
    """

    split: str
    labels: np.ndarray
    predicted: np.ndarray
    rows: np.ndarray
    probabilities: np.ndarray
    log_likelihood: np.ndarray
    in_train: np.ndarray | None = None
    penalty: float | None = 0.0

    @property
    def is_defined(self) -> bool:
        """Whether there are images and all probabilities are finite."""
        return bool(len(self.labels)) and bool(np.isfinite(self.probabilities).all())

    @property
    def correct(self) -> np.ndarray:
        """Bool (N,), whether the predicted class is the true one."""
        return self.predicted == self.labels


def read_predictions(trial: Trial, *splits: str) -> dict[str, Predictions]:
    """Return the predictions of those of the named splits, or of all, that a trial has; a failed trial has none.

    Raises:
        ResultError: predictions.npz is missing or damaged.
    """
    found = {}
    with np.load(trial.file("predictions.npz")) as file:
        for split in splits or SPLITS:
            if f"{split}_labels" in file:
                arrays = {name: file[f"{split}_{name}"] for name in ARRAYS}
                arrays["probabilities"] = arrays["probabilities"].astype(np.float64)
                in_train = file.get(IN_TRAIN) if split == "valid" else None
                found[split] = Predictions(split, **arrays, in_train=in_train, penalty=trial.facts.get("penalty", 0.0))
    return found


def main_predictions(trial: Trial) -> Predictions | None:
    """Return the predictions of a trial's test split, else of its validation split; None if it has neither.

    Raises:
        ResultError: predictions.npz is missing or damaged.
    """
    for split in ("test", "valid"):
        if found := read_predictions(trial, split):
            return found[split]
    return None


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities, float64 (N, C), of logits (N, C)."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True, initial=-np.inf)
    others = np.exp(shifted)
    if len(others):
        # Added to 1, the share of the highest logit, the others would be lost: the highest would have a share of 1.
        np.put_along_axis(others, shifted.argmax(axis=1, keepdims=True), 0.0, axis=1)
    return shifted - np.log1p(others.sum(axis=1, keepdims=True))
