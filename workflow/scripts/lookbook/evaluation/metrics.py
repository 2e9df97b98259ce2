"""The metrics of a split, computed from saved predictions.

``METRICS`` declares each metric once. metrics.json, the columns of trials.csv and summary.csv, and the report follow
from it, so adding a metric means adding one entry here.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from lookbook.results.predictions import SPLITS
from lookbook.runtime.imports import lean_imports

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Predictions:
    """A network's predictions for one split of N images and C classes.

    Attributes:
        probabilities: float64 (N, C).
        labels: (N,), integers from 0 to C - 1.
        predicted: (N,), the class of the largest logit. Rounded probabilities may tie where logits do not.
        log_likelihood: (N,), natural logarithm of the probability of the true class.
        penalty: sum of the regularization losses of the evaluated weights; None if it is not finite.
        in_train: bool (N,), whether the image is also in the training split; None if no image can be.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    log_likelihood: np.ndarray
    penalty: float | None
    in_train: np.ndarray | None

    def __post_init__(self) -> None:
        """Raise ValueError if the shapes do not match or a label is not a class."""
        vectors = self.labels, self.predicted, self.log_likelihood
        shape = self.probabilities.shape
        if len(shape) != 2 or any(vector.shape != shape[:1] for vector in vectors):
            raise ValueError(
                "probabilities, labels, predicted and log_likelihood must have the shapes (N, C), (N,), (N,), (N,); "
                f"got {', '.join(str(array.shape) for array in (self.probabilities, *vectors))}"
            )
        if self.labels.size and not 0 <= self.labels.min() <= self.labels.max() < shape[1]:
            raise ValueError(f"labels must be 0 to {shape[1] - 1}; got {self.labels.min()} to {self.labels.max()}")

    @property
    def is_defined(self) -> bool:
        """Whether there are images and all probabilities are finite."""
        return bool(len(self.labels)) and bool(np.isfinite(self.probabilities).all())

    @cached_property
    def correct(self) -> np.ndarray:
        """Bool (N,), whether the predicted class is the true one."""
        return self.predicted == self.labels

    @cached_property
    def per_class(self) -> dict[str, np.ndarray]:
        """Precision, recall, F1 and support, each (C,); NaN where the ratio is undefined."""
        names = ("precision", "recall", "f1", "support")
        classes = range(self.probabilities.shape[1])
        compute = _scikit_learn().precision_recall_fscore_support
        values = compute(self.labels, self.predicted, labels=classes, zero_division=np.nan)
        table = dict(zip(names, values, strict=True))
        # scikit-learn gives a class without images an F1 of 0 if it was predicted.
        return table | {"f1": np.where(table["support"] > 0, table["f1"], np.nan)}


def cross_entropy(predictions: Predictions) -> float:
    """Return the mean negative log-likelihood in nats. It is exact, because log-likelihoods are saved as float32."""
    return -float(np.mean(predictions.log_likelihood, dtype=np.float64))


def loss(predictions: Predictions) -> float:
    """Return cross-entropy plus regularization losses, which is the loss that Keras reports."""
    return cross_entropy(predictions) + (math.nan if predictions.penalty is None else predictions.penalty)


def expected_calibration_error(predictions: Predictions, bins: int = CALIBRATION_BINS) -> float:
    """Return the mean gap between confidence and accuracy, weighted by the images of each confidence bin.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3: bins of equal width, open on the
    left and closed on the right. Confidence is the largest probability. scikit-learn has no such function.
    """
    confidence = predictions.probabilities.max(axis=1)
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    correct, confidence = (np.bincount(index, weights, bins) for weights in (predictions.correct, confidence))
    return float(np.abs(correct - confidence).sum() / len(index))


def brier_score(predictions: Predictions) -> float:
    """Return the mean squared distance of the probabilities to the one-hot label, from 0 (best) to 2.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability", equation 2.
    """
    labels, probabilities = predictions.labels, predictions.probabilities
    classes = range(probabilities.shape[1])
    with warnings.catch_warnings():
        # Probabilities saved as float16 sum to 1 within 0.001 only.
        warnings.filterwarnings("ignore", "The y_prob values do not sum to one")
        return _scikit_learn().brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False)


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
    Metric("macro_f1", "macro F1", "higher", lambda p: np.nanmean(p.per_class["f1"]), is_share=True),
    Metric(
        "balanced_accuracy", "balanced accuracy", "higher", lambda p: np.nanmean(p.per_class["recall"]), is_share=True
    ),
    Metric("expected_calibration_error", "calibration error", "lower", expected_calibration_error, is_share=True),
    Metric("brier_score", "Brier score", "lower", brier_score),
    Metric(
        "duplicates_in_train",
        "images also in train",
        None,
        duplicates_in_train,
        is_count=True,
        of_duplicates=True,
    ),
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


def split_metrics(
    probabilities: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    log_likelihood: np.ndarray,
    *,
    penalty: float | None = 0.0,
    in_train: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return all metrics of one split as Python values that strict JSON can hold.

    Args:
        probabilities: (N, C), any float type.
        labels, predicted, log_likelihood, penalty, in_train: see ``Predictions``.

    Returns:
        ``samples``; each of ``METRICS``, those of duplicates only with ``in_train``; ``per_class`` with the lists
        ``precision``, ``recall``, ``f1`` and ``support`` of length C; ``confusion_matrix``, C lists of C counts, rows
        are true classes. Undefined values are None: everything but counts if there are no images or a probability is
        not finite, recall and F1 of a class without images, precision of a class that is never predicted.

    Raises:
        ValueError: the shapes do not match, or a label is not a class.
    """
    predictions = Predictions(probabilities.astype(np.float64), labels, predicted, log_likelihood, penalty, in_train)
    metrics = [metric for metric in METRICS if in_train is not None or not metric.of_duplicates]
    result: dict[str, Any] = {"samples": len(labels)}
    result |= {metric.name: metric.value(predictions) for metric in metrics}
    result |= {"per_class": None, "confusion_matrix": None}
    if predictions.is_defined:
        per_class = predictions.per_class.items()
        result["per_class"] = {name: [_finite(value) for value in values.tolist()] for name, values in per_class}
        matrix = _scikit_learn().confusion_matrix(labels, predicted, labels=range(probabilities.shape[1]))
        result["confusion_matrix"] = matrix.tolist()
    return result


def _scikit_learn() -> Any:
    # Every job that reads a table imports this module, and scikit-learn takes two seconds to import.
    with lean_imports("pandas"):
        from sklearn import metrics
    return metrics


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
