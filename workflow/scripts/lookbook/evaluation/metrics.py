"""Metrics of one split, from saved predictions alone; scikit-learn computes all that it has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lookbook.runtime.imports import lean_imports

CALIBRATION_BINS = 15
SCALARS = (
    "accuracy",
    "loss",
    "cross_entropy",
    "macro_f1",
    "balanced_accuracy",
    "expected_calibration_error",
    "brier_score",
)
# Validation images that also stand in the training part, where the experiment draws copies, and what the others say.
LEAK = ("copies_in_train", "accuracy_without_copies")


def split_metrics(
    probabilities: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    log_likelihood: np.ndarray,
    *,
    penalty: float | None = 0.0,
    in_train: np.ndarray | None = None,
    bins: int = CALIBRATION_BINS,
) -> dict[str, Any]:
    """Return every metric of one split as plain Python values, ready for strict JSON.

    Args:
        probabilities: (N, C), any float type; float16 is widened before anything is summed.
        labels: (N,), whole numbers from 0 to C - 1.
        predicted: (N,), the class of the largest logit. Where float16 probabilities tie, only the logits tell.
        log_likelihood: (N,), natural logarithm of the true class's probability. It comes from the logits, so
            the cross-entropy is exact where a float16 probability would have rounded to zero.
        penalty: sum of the regularisation losses of the evaluated weights; ``loss`` is the cross-entropy plus
            this, which is what Keras reports.
        in_train: bool (N,), whether the same image also stands in the training part; None where no image can.
        bins: number of equal-width confidence bins of the expected calibration error.

    Returns:
        ``samples``; the scalars named in ``SCALARS``; ``per_class`` with ``precision``, ``recall``, ``f1``
        and ``support`` lists of length C; ``confusion_matrix`` as C lists of C counts, rows are true classes;
        and with ``in_train`` those named in ``LEAK``. What is undefined is None: everything but the counts of
        images where N is 0 or a probability is not a number, the recall and F1 of a class that the split does
        not hold, the precision of a class that was never predicted, and the accuracy without copies where
        every image has one.

    Raises:
        ValueError: the shapes do not fit together, or a label is not a class.
    """
    # Reading tables needs this module's names alone, and scikit-learn costs two seconds of every such job.
    with lean_imports("pandas"):
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    check_shapes(probabilities, labels, predicted, log_likelihood)
    samples, classes = probabilities.shape
    probabilities = probabilities.astype(np.float64)
    result: dict[str, Any] = {"samples": int(samples), **dict.fromkeys(SCALARS)}
    result |= {"per_class": None, "confusion_matrix": None}
    if in_train is not None:
        result |= {"copies_in_train": int(np.count_nonzero(in_train)), "accuracy_without_copies": None}
    if samples == 0 or not np.isfinite(probabilities).all():
        return result

    names = range(classes)
    correct = predicted == labels
    matrix = confusion_matrix(labels, predicted, labels=names)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=names, zero_division=np.nan
    )
    present = support > 0
    # A class that never occurs has no F1, even where it was predicted by mistake.
    f1 = np.where(present, f1, np.nan)
    per_class = {"precision": precision, "recall": recall, "f1": f1}
    cross_entropy = -float(np.mean(log_likelihood, dtype=np.float64))
    result |= {
        "accuracy": number(correct.mean()),
        "loss": None if penalty is None else number(cross_entropy + penalty),
        "cross_entropy": number(cross_entropy),
        "macro_f1": number(per_class["f1"][present].mean()),
        "balanced_accuracy": number(per_class["recall"][present].mean()),
        "expected_calibration_error": number(expected_calibration_error(probabilities.max(axis=1), correct, bins)),
        "brier_score": number(brier_score(probabilities, labels)),
        "per_class": {name: [number(value) for value in values] for name, values in per_class.items()},
        "confusion_matrix": matrix.tolist(),
    }
    result["per_class"]["support"] = support.tolist()
    if in_train is not None and not in_train.all():
        result["accuracy_without_copies"] = number(correct[~in_train].mean())
    return result


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = CALIBRATION_BINS) -> float:
    """Return the mean gap between confidence and accuracy, weighted by the samples of each confidence bin.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3: bins of equal width, open
    on the left and closed on the right; confidence is the largest probability.

    Args:
        confidence: (N,), probability of the predicted class, N of 1 or more.
        correct: bool (N,), whether the predicted class is the true one.
        bins: how many bins.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    gaps = np.bincount(index, weights=correct, minlength=bins) - np.bincount(index, weights=confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(correct))


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over samples of the squared distance to the one-hot label: 0 is best, 2 is worst.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability", equation 2 (the sum
    over all classes, not the halved binary form).
    """
    true_class = probabilities[np.arange(len(labels)), labels]
    return float(np.mean((probabilities**2).sum(axis=1) - 2 * true_class + 1))


def check_shapes(
    probabilities: np.ndarray, labels: np.ndarray, predicted: np.ndarray, log_likelihood: np.ndarray
) -> None:
    """Raise ValueError unless the arrays are (N, C), (N,), (N,), (N,) and every label is a class."""
    vectors = labels, predicted, log_likelihood
    if probabilities.ndim != 2 or any(vector.shape != probabilities.shape[:1] for vector in vectors):
        raise ValueError(
            "probabilities (N, C), labels (N,), predicted classes (N,) and log-likelihoods (N,) do not fit together: "
            + ", ".join(str(array.shape) for array in (probabilities, *vectors))
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < probabilities.shape[1]:
        classes = probabilities.shape[1]
        raise ValueError(f"labels run from {labels.min()} to {labels.max()} for {classes} classes")


def number(value: float | np.floating) -> float | None:
    """Return a float that strict JSON can hold, or None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None
