"""Metrics of one split, from saved predictions alone; scikit-learn computes all that it has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

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


def split_metrics(
    probabilities: np.ndarray,
    labels: np.ndarray,
    log_likelihood: np.ndarray,
    *,
    penalty: float | None = 0.0,
    bins: int = CALIBRATION_BINS,
) -> dict[str, Any]:
    """Return every metric of one split as plain Python values, ready for strict JSON.

    Args:
        probabilities: (N, C), any float type; float16 is widened before anything is summed.
        labels: (N,), whole numbers from 0 to C - 1.
        log_likelihood: (N,), natural logarithm of the true class's probability. It comes from the logits, so
            the cross-entropy is exact where a float16 probability would have rounded to zero.
        penalty: sum of the regularisation losses of the evaluated weights; ``loss`` is the cross-entropy plus
            this, which is what Keras reports.
        bins: number of equal-width confidence bins of the expected calibration error.

    Returns:
        ``samples``; the scalars named in ``SCALARS``; ``per_class`` with ``precision``, ``recall``, ``f1``
        and ``support`` lists of length C; ``confusion_matrix`` as C lists of C counts, rows are true classes.
        What is undefined is None: everything where N is 0 or a probability is not a number, the recall and F1
        of a class that the split does not hold, and the precision of a class that was never predicted.

    Raises:
        ValueError: the shapes do not fit together, or a label is not a class.
    """
    check_shapes(probabilities, labels, log_likelihood)
    samples, classes = probabilities.shape
    probabilities = probabilities.astype(np.float64)
    result: dict[str, Any] = {"samples": int(samples), **dict.fromkeys(SCALARS)}
    result |= {"per_class": None, "confusion_matrix": None}
    if samples == 0 or not np.isfinite(probabilities).all():
        return result

    predicted = probabilities.argmax(axis=1)
    names = range(classes)
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
        "accuracy": number(np.trace(matrix) / samples),
        "loss": None if penalty is None else number(cross_entropy + penalty),
        "cross_entropy": number(cross_entropy),
        "macro_f1": number(per_class["f1"][present].mean()),
        "balanced_accuracy": number(per_class["recall"][present].mean()),
        "expected_calibration_error": number(expected_calibration_error(probabilities, labels, bins)),
        "brier_score": number(brier_score(probabilities, labels)),
        "per_class": {name: [number(value) for value in values] for name, values in per_class.items()},
        "confusion_matrix": matrix.tolist(),
    }
    result["per_class"]["support"] = support.tolist()
    return result


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = CALIBRATION_BINS) -> float:
    """Return the mean gap between confidence and accuracy, weighted by the samples of each confidence bin.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3: bins of equal width, open
    on the left and closed on the right; confidence is the largest probability.

    Args:
        probabilities: (N, C) with N of 1 or more.
        labels: (N,).
        bins: how many bins.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    gaps = np.bincount(index, weights=correct, minlength=bins) - np.bincount(index, weights=confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over samples of the squared distance to the one-hot label: 0 is best, 2 is worst.

    Source: Brier 1950, "Verification of forecasts expressed in terms of probability", equation 2 (the sum
    over all classes, not the halved binary form).
    """
    true_class = probabilities[np.arange(len(labels)), labels]
    return float(np.mean((probabilities**2).sum(axis=1) - 2 * true_class + 1))


def check_shapes(probabilities: np.ndarray, labels: np.ndarray, log_likelihood: np.ndarray) -> None:
    """Raise ValueError unless the arrays are (N, C), (N,), (N,) and every label is a class."""
    if probabilities.ndim != 2 or not labels.shape == log_likelihood.shape == probabilities.shape[:1]:
        raise ValueError(
            "probabilities (N, C), labels (N,) and log-likelihoods (N,) do not fit together: "
            f"{probabilities.shape}, {labels.shape}, {log_likelihood.shape}"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < probabilities.shape[1]:
        classes = probabilities.shape[1]
        raise ValueError(f"labels run from {labels.min()} to {labels.max()} for {classes} classes")


def number(value: float | np.floating) -> float | None:
    """Return a float that strict JSON can hold, or None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None
