"""The metrics of one trial."""

from typing import Any

from lookbook.evaluation.metrics import split_metrics
from lookbook.results.predictions import predicted_splits, read_in_train, read_split
from lookbook.results.trial import Trial


def evaluate_trial(trial: Trial) -> dict[str, dict[str, Any]]:
    """Return the metrics of each split that a trial predicted; a failed trial has none.

    Raises:
        ResultError: predictions.npz is missing or damaged.
    """
    path = trial.file("predictions.npz")
    names = ("probabilities", "labels", "predicted", "log_likelihood")
    return {
        split: split_metrics(
            **read_split(path, split, *names),
            penalty=trial.facts.get("penalty", 0.0),
            in_train=read_in_train(path) if split == "valid" else None,
        )
        for split in predicted_splits(path)
    }
