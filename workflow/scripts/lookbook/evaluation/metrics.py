"""The metrics of a split, computed from saved predictions.

``METRICS`` declares each metric once. metrics.json, the columns of trials.csv and summary.csv, and the report follow
from it, so adding a metric means adding one entry here.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from lookbook.results.predictions import SPLITS, Predictions, read_predictions
from lookbook.results.trial import Trial
from lookbook.runtime.imports import lean_imports

CALIBRATION_BINS = 15


@lru_cache(maxsize=1)  # Several metrics of a split are computed from it.
def per_class(predictions: Predictions) -> dict[str, np.ndarray]:
    """Return precision, recall, F1 and support, each (C,); NaN where the ratio is undefined."""
    names = ("precision", "recall", "f1", "support")
    values = _scikit_learn().precision_recall_fscore_support(
        predictions.labels, predictions.predicted, labels=_classes(predictions), zero_division=np.nan
    )
    table = dict(zip(names, values, strict=True))
    # scikit-learn gives a class without images an F1 of 0 if it was predicted.
    return table | {"f1": np.where(table["support"] > 0, table["f1"], np.nan)}


def cross_entropy(predictions: Predictions) -> float:
    """Return the mean negative log-likelihood in nats. It is exact, because log-likelihoods are saved as float32."""
    return -float(np.mean(predictions.log_likelihood, dtype=np.float64))


def loss(predictions: Predictions) -> float:
    """Return cross-entropy plus regularization losses.

    That is the loss that Keras reports, except where training smooths the labels: here labels are as they are, so that
    losses of experiments with and without smoothing compare.
    """
    return cross_entropy(predictions) + (math.nan if predictions.penalty is None else predictions.penalty)


def expected_calibration_error(predictions: Predictions) -> float:
    """Return the mean gap between confidence and accuracy, weighted by the images of each confidence bin.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3: bins of equal width, open on the
    left and closed on the right. Confidence is the largest probability. scikit-learn has no such function.
    """
    confidence = predictions.probabilities.max(axis=1)
    edges = np.linspace(0.0, 1.0, CALIBRATION_BINS + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, CALIBRATION_BINS - 1)
    correct, confidence = (
        np.bincount(index, weights, CALIBRATION_BINS) for weights in (predictions.correct, confidence)
    )
    return float(np.abs(correct - confidence).sum() / len(index))


def brier_score(predictions: Predictions) -> float:
    """Return the mean squared distance of the probabilities to the one-hot label, from 0 (best) to 2.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability", equation 2.
    """
    with warnings.catch_warnings():
        # Probabilities saved as float16 sum to 1 within 0.001 only.
        warnings.filterwarnings("ignore", "The y_prob values do not sum to one")
        return _scikit_learn().brier_score_loss(
            predictions.labels, predictions.probabilities, labels=_classes(predictions), scale_by_half=False
        )


def duplicates_in_train(predictions: Predictions) -> int:
    """Return the number of images that are also in the training split."""
    return int(np.asarray(predictions.in_train).sum())


def accuracy_without_duplicates(predictions: Predictions) -> float:
    """Return the accuracy for the images that are not also in the training split; NaN if all are."""
    correct = predictions.correct[~np.asarray(predictions.in_train)]
    return float(correct.mean()) if len(correct) else math.nan


@dataclass(frozen=True)
class Metric:
    """A number for one split.

    Attributes:
        name: the key in metrics.json and, after the split's name, the column in trials.csv.
        label: the name in the report.
        direction: whether a higher or a lower value is better; None if neither is.
        compute: returns the value; NaN and infinity are stored as null.
        is_share: whether the value lies between 0 and 1, so that intervals are clipped to this range.
        is_count: whether the value is a number of images; it exists even if the probabilities are not finite.
        of_duplicates: whether the metric is about validation images that are also in the training split.
    """

    name: str
    label: str
    direction: Literal["higher", "lower"] | None
    compute: Callable[[Predictions], float]
    is_share: bool = False
    is_count: bool = False
    of_duplicates: bool = False

    def value(self, predictions: Predictions) -> float | None:
        """Return the value as strict JSON can hold it; None if it is undefined."""
        if self.is_count:
            return int(self.compute(predictions))
        return _finite(float(self.compute(predictions))) if predictions.is_defined else None


METRICS = (
    Metric("accuracy", "accuracy", "higher", lambda p: float(p.correct.mean()), is_share=True),
    Metric("loss", "loss", "lower", loss),
    Metric("cross_entropy", "cross-entropy", "lower", cross_entropy),
    # Means over the classes that the split has.
    Metric("macro_f1", "macro F1", "higher", lambda p: np.nanmean(per_class(p)["f1"]), is_share=True),
    Metric(
        "balanced_accuracy", "balanced accuracy", "higher", lambda p: np.nanmean(per_class(p)["recall"]), is_share=True
    ),
    Metric("expected_calibration_error", "calibration error", "lower", expected_calibration_error, is_share=True),
    Metric("brier_score", "Brier score", "lower", brier_score),
    Metric("duplicates_in_train", "images also in train", None, duplicates_in_train, is_count=True, of_duplicates=True),
    Metric(
        "accuracy_without_duplicates",
        "accuracy without duplicates",
        "higher",
        accuracy_without_duplicates,
        is_share=True,
        of_duplicates=True,
    ),
)
# Column of trials.csv -> its metric.
COLUMNS = {
    f"{split}_{metric.name}": metric
    for split in SPLITS
    for metric in METRICS
    if split == "valid" or not metric.of_duplicates
}


def evaluate_trial(trial: Trial) -> dict[str, dict[str, Any]]:
    """Return the metrics of each split that a trial predicted; a failed trial has none.

    Raises:
        ResultError: predictions.npz is missing or damaged.
    """
    return {split: split_metrics(predictions) for split, predictions in read_predictions(trial).items()}


def split_metrics(predictions: Predictions) -> dict[str, Any]:
    """Return all metrics of one split as Python values that strict JSON can hold.

    Returns:
        ``samples``; each of ``METRICS``, those of duplicates only with ``in_train``; ``per_class`` with the lists
        ``precision``, ``recall``, ``f1`` and ``support`` of length C; ``confusion_matrix``, C lists of C counts, rows
        are true classes. Undefined values are None: everything but counts if there are no images or a probability is
        not finite, recall and F1 of a class without images, precision of a class that is never predicted.
    """
    metrics = [metric for metric in METRICS if predictions.in_train is not None or not metric.of_duplicates]
    result: dict[str, Any] = {"samples": len(predictions.labels)}
    result |= {metric.name: metric.value(predictions) for metric in metrics}
    result |= {"per_class": None, "confusion_matrix": None}
    if predictions.is_defined:
        table = per_class(predictions).items()
        result["per_class"] = {name: [_finite(value) for value in values.tolist()] for name, values in table}
        matrix = _scikit_learn().confusion_matrix(
            predictions.labels, predictions.predicted, labels=_classes(predictions)
        )
        result["confusion_matrix"] = matrix.tolist()
    return result


def _classes(predictions: Predictions) -> range:
    return range(predictions.probabilities.shape[1])


def _scikit_learn() -> Any:
    # Every job that reads a table imports this module, and scikit-learn takes two seconds to import.
    with lean_imports("pandas"):
        from sklearn import metrics
    return metrics


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
