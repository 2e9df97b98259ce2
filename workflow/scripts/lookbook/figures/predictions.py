"""The predictions that figures show, and how their titles describe them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lookbook.results.predictions import predicted_splits, read_split
from lookbook.results.trial import Trial

SPLITS = {"test": "test", "valid": "validation"}  # in order of preference, with the word for titles


@dataclass(frozen=True)
class Predictions:
    """The predictions of one trial for one split.

    Attributes:
        trial: zero-based number.
        split: ``test`` or ``valid``.
        probabilities: float16 (N, C).
        labels: uint8 (N,).
        predicted: uint8 (N,).
        rows: int32 (N,), positions in the dataset's test images, or in its training images for ``valid``.
    """

    trial: int
    split: str
    probabilities: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    rows: np.ndarray


def select_predictions(trial: Trial) -> Predictions | None:
    """Return the predictions of a trial's test split, else of its validation split.

    Returns:
        None where the trial has neither, such as a failed one, or where a probability is not finite.

    Raises:
        ResultError: predictions.npz is missing or damaged.
    """
    if not trial.is_finished:
        return None
    path = trial.file("predictions.npz")
    available = predicted_splits(path)
    for split in SPLITS:
        values = read_split(path, split, "probabilities", "labels", "predicted", "rows") if split in available else {}
        if len(values.get("labels", ())):
            usable = np.isfinite(values["probabilities"]).all()
            return Predictions(trial.facts["trial"], split, **values) if usable else None
    return None


def describe(predictions: Sequence[Predictions]) -> str:
    """Return which images and trials a figure shows, in words."""
    images = f"{len(predictions[0].labels):,} {SPLITS[predictions[0].split]} images"
    trials = f"trial {predictions[0].trial}" if len(predictions) == 1 else f"mean of {len(predictions)} trials"
    return f"{images}, {trials}"
