"""Metrics of a split: against values computed by hand, and against scikit-learn."""

import math
import warnings

import numpy as np
import pytest
from sklearn import metrics as reference

from lookbook.evaluation.metrics import METRICS, expected_calibration_error, split_metrics
from lookbook.results.predictions import Predictions

SCALARS = [metric.name for metric in METRICS if not metric.of_duplicates]
OF_DUPLICATES = [metric.name for metric in METRICS if metric.of_duplicates]


def draw(samples=500, classes=10, seed=0):
    """Return probabilities, labels, predicted classes and log-likelihoods of a random classifier."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, samples).astype(np.uint8)
    logits = generator.normal(0, 1.5, (samples, classes))
    logits[np.arange(samples), labels] += 2
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    log_likelihood = log_probabilities[np.arange(samples), labels].astype(np.float32)
    return np.exp(log_probabilities), labels, logits.argmax(axis=1).astype(np.uint8), log_likelihood


def evaluate(probabilities, labels, predicted=None, log_likelihood=None, **options):
    """Return the metrics of predictions, by default of the class of the largest probability and without a loss."""
    predicted = probabilities.argmax(axis=1) if predicted is None else predicted
    log_likelihood = np.zeros(len(labels)) if log_likelihood is None else log_likelihood
    return split_metrics(
        Predictions("valid", labels, predicted, np.arange(len(labels)), probabilities, log_likelihood, **options)
    )


def test_three_samples_by_hand():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1]])
    labels = np.array([0, 1, 1], np.uint8)
    found = evaluate(probabilities, labels, log_likelihood=np.log([0.7, 0.6, 0.4]), penalty=0.25)

    assert found["samples"] == 3
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["cross_entropy"] == pytest.approx(-(math.log(0.7) + math.log(0.6) + math.log(0.4)) / 3)
    assert found["loss"] == pytest.approx(found["cross_entropy"] + 0.25)
    assert found["confusion_matrix"] == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert found["per_class"]["support"] == [1, 2, 0]
    assert found["per_class"]["precision"] == [0.5, 1.0, None]
    assert found["per_class"]["recall"] == [1.0, 0.5, None]
    assert found["per_class"]["f1"] == pytest.approx([2 / 3, 2 / 3, None])
    # Squared distances: .09 + .04 + .01, .01 + .16 + .09, .25 + .36 + .01.
    assert found["brier_score"] == pytest.approx((0.14 + 0.26 + 0.62) / 3)
    # Three bins with one sample each: |1 - .7|, |1 - .6|, |0 - .5|, each with weight 1/3.
    assert found["expected_calibration_error"] == pytest.approx((0.3 + 0.4 + 0.5) / 3)


@pytest.mark.parametrize("classes", [10, 2])
def test_agrees_with_scikit_learn(classes):
    probabilities, labels, predicted, log_likelihood = draw(classes=classes)
    found = evaluate(probabilities, labels, predicted, log_likelihood)
    precision, recall, f1, support = reference.precision_recall_fscore_support(labels, predicted)

    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert found["cross_entropy"] == pytest.approx(reference.log_loss(labels, probabilities), abs=1e-6)
    assert found["macro_f1"] == pytest.approx(reference.f1_score(labels, predicted, average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(labels, predicted))
    assert found["brier_score"] == pytest.approx(reference.brier_score_loss(labels, probabilities, scale_by_half=False))
    assert found["confusion_matrix"] == reference.confusion_matrix(labels, predicted).tolist()
    assert found["per_class"]["precision"] == pytest.approx(precision.tolist())
    assert found["per_class"]["recall"] == pytest.approx(recall.tolist())
    assert found["per_class"]["f1"] == pytest.approx(f1.tolist())
    assert found["per_class"]["support"] == support.tolist()


def test_float16_probabilities_change_the_metrics_by_rounding_only():
    probabilities, *rest = draw()
    exact = evaluate(probabilities, *rest)
    rounded = evaluate(probabilities.astype(np.float16).astype(np.float64), *rest)
    for name in ("accuracy", "loss", "cross_entropy", "macro_f1", "balanced_accuracy", "confusion_matrix"):
        assert rounded[name] == exact[name], name
    for name in SCALARS:
        assert rounded[name] == pytest.approx(exact[name], abs=2e-3), name


def test_the_predicted_class_decides_where_float16_probabilities_tie():
    exact = np.array([[0.49999, 0.50001], [0.50001, 0.49999]])
    tied = exact.astype(np.float16).astype(np.float64)
    assert len(np.unique(tied)) == 1
    labels = np.array([1, 1], np.uint8)
    found = evaluate(tied, labels, exact.argmax(axis=1), np.log(exact[:, 1]))
    assert found["accuracy"] == 0.5
    assert found["confusion_matrix"] == [[0, 0], [1, 1]]
    assert found["per_class"]["recall"] == [None, 0.5]
    assert found["macro_f1"] == pytest.approx(2 / 3)
    assert found["expected_calibration_error"] == 0


def test_images_that_are_also_in_train_are_counted_and_left_out():
    labels = np.array([0, 1, 2, 2, 1], np.uint8)
    predicted = np.array([0, 1, 2, 0, 0])
    in_train = np.array([True, True, False, False, False])
    arrays = np.eye(3)[predicted], labels
    found = evaluate(*arrays, in_train=in_train)
    assert (found["accuracy"], found["duplicates_in_train"]) == (0.6, 2)
    assert found["accuracy_without_duplicates"] == pytest.approx(1 / 3)
    without = evaluate(*arrays)
    assert without == {name: value for name, value in found.items() if name not in OF_DUPLICATES}
    assert evaluate(*arrays, in_train=np.zeros(5, bool))["accuracy_without_duplicates"] == 0.6
    every = evaluate(*arrays, in_train=np.ones(5, bool))
    assert [every[name] for name in OF_DUPLICATES] == [5, None]
    broken = evaluate(np.full((5, 3), np.nan), labels, in_train=in_train)
    assert [broken[name] for name in OF_DUPLICATES] == [2, None]


def test_calibration_bins_are_closed_on_the_right():
    # 0.2 belongs to (2/15, 3/15]: with 0.15 in the same bin, the gaps cancel before the absolute value is taken.
    probabilities = np.array([[0.2, 0.1], [0.15, 0.1]])
    labels, predicted = np.array([0, 1]), np.array([0, 0])
    predictions = Predictions("test", labels, predicted, labels, probabilities, np.zeros(2))
    assert expected_calibration_error(predictions) == pytest.approx(abs((1 - 0.2) + (0 - 0.15)) / 2)


def test_certain_and_correct_predictions_are_perfect():
    labels = np.array([2, 0, 1], np.uint8)
    found = evaluate(np.eye(3)[labels], labels)
    assert [found[name] for name in SCALARS] == [1, 0, 0, 1, 1, 0, 0]


def test_a_class_that_is_absent_does_not_count_in_averages():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8], [0.9, 0.1, 0.0]])
    found = evaluate(probabilities, np.array([0, 0, 0], np.uint8))
    assert found["balanced_accuracy"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx(0.8)
    assert found["per_class"]["precision"] == [1.0, None, 0.0]


@pytest.mark.parametrize("samples", [0, 4])
def test_no_samples_or_no_finite_probabilities_give_no_metrics(samples):
    probabilities = np.full((samples, 3), np.nan)
    labels, log_likelihood = np.zeros(samples, np.uint8), np.full(samples, np.nan, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(probabilities, labels, labels, log_likelihood)
    assert found["samples"] == samples
    assert all(found[name] is None for name in (*SCALARS, "per_class", "confusion_matrix"))


def test_infinite_loss_leaves_the_other_metrics():
    found = evaluate(np.eye(2), np.array([0, 0]), log_likelihood=np.array([0, -np.inf]))
    assert found["cross_entropy"] is None
    assert found["loss"] is None
    assert found["accuracy"] == 0.5


def test_every_metric_is_declared_with_a_unique_name_and_label():
    assert len({metric.name for metric in METRICS}) == len({metric.label for metric in METRICS}) == len(METRICS)
    assert {metric.direction for metric in METRICS} <= {"higher", "lower", None}
