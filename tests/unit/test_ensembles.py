"""Ensembles: against values computed by hand and by brute force, and reasons why trials are not combined."""

import math
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss
from small_benchmark import finish

from lookbook.errors import ConfigError
from lookbook.evaluation.metrics import evaluate_trial
from lookbook.results.benchmark import Benchmark, PlannedTrial
from lookbook.results.predictions import Predictions, SplitOutputs, log_softmax
from lookbook.results.trial import read_trial
from lookbook.statistics.ensembles import COLUMNS, combine_ensembles, log_probability_of_one

LABELS = np.array([0, 1, 2, 1, 0, 2])


def write(root, name, trial, probabilities, labels=LABELS, *, split="test", rows=None, status="ok"):
    """Write the files of a trial that predicted float64 probabilities (N, C) for one split."""
    with np.errstate(divide="ignore"):
        logits = np.log(np.asarray(probabilities, np.float64))
    rows = np.arange(len(labels)) if rows is None else rows
    planned = PlannedTrial(name, trial, f"{trial}", root)
    finish(planned, status=status, outputs={split: SplitOutputs(logits, np.asarray(labels), rows)})


def combine(root, trials, experiments):
    """Return the ensembles of the first trials of each experiment."""
    digests = {"trial_digests": [f"{trial}" for trial in range(trials)]}
    return combine_ensembles(Benchmark(root, {}, {}, {name: {**e, **digests} for name, e in experiments.items()}))


def draw(seed, samples=300, classes=10):
    """Return random probabilities (N, C) and labels (N,); the labels are the same for all seeds."""
    labels = np.arange(samples) % classes
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (samples, classes))
    logits[np.arange(samples), labels] += 2
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), labels


def write_drawn(root, trials, classes=10, **options):
    """Write trials of the experiment ``a`` with random probabilities."""
    for trial in range(trials):
        write(root, "a", trial, *draw(trial, classes=classes), **options)


def only_row(root, trials=None):
    """Return the row of the one experiment ``a``."""
    trials = len(list(root.glob("trials/a/*"))) if trials is None else trials
    table = combine(root, trials, {"a": {"spec": {}}})
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 1
    return table.iloc[0]


def missing(row):
    """Return whether a row has no values."""
    return row[["accuracy", "cross_entropy", "macro_f1", "mean_member_accuracy", "gain", "disagreement"]].isna().all()


class TestSeeds:
    def test_two_members_by_hand(self, tmp_path):
        write(tmp_path, "a", 0, [[0.75, 0.25, 0], [0.5, 0.25, 0.25]], np.array([0, 1]))
        write(tmp_path, "a", 1, [[0.25, 0.5, 0.25], [0.125, 0.75, 0.125]], np.array([0, 1]))
        row = only_row(tmp_path)
        # Means: .5, .375, .125 and .3125, .5, .1875; the members are right in 1, 0 and 0, 1 of the images.
        assert (row["kind"], row["split"], row["members"]) == ("seeds", "test", 2)
        assert row["accuracy"] == 1
        assert row["cross_entropy"] == pytest.approx(math.log(2))
        assert (row["mean_member_accuracy"], row["gain"]) == (0.5, 0.5)
        assert row["disagreement"] == 1
        assert row["macro_f1"] == 1
        assert row["note"] is None or np.isnan(row["note"])

    @pytest.mark.parametrize("classes", [2, 10])
    def test_many_members_by_brute_force(self, classes, tmp_path):
        write_drawn(tmp_path, 5, classes=classes)
        labels = draw(0, classes=classes)[1]
        members = [draw(seed, classes=classes)[0] for seed in range(5)]
        mean, predicted = np.mean(members, axis=0), [p.argmax(axis=1) for p in members]
        row = only_row(tmp_path)
        assert row["members"] == 5
        assert row["accuracy"] == np.mean(mean.argmax(axis=1) == labels)
        assert row["cross_entropy"] == pytest.approx(log_loss(labels, mean), rel=1e-6)
        assert row["macro_f1"] == pytest.approx(f1_score(labels, mean.argmax(axis=1), average="macro"))
        assert row["mean_member_accuracy"] == pytest.approx(np.mean([np.mean(p == labels) for p in predicted]))
        assert row["gain"] == pytest.approx(row["accuracy"] - row["mean_member_accuracy"])
        pairs = [np.mean(one != other) for one, other in combinations(predicted, 2)]
        assert row["disagreement"] == pytest.approx(np.mean(pairs))

    def test_one_member_has_exactly_the_metrics_of_its_trial(self, tmp_path):
        # The probabilities tie as float16; the class that the trial predicted must win, although it is the second.
        write(tmp_path, "a", 0, [[0.49999, 0.50001], [0.2, 0.8]], np.array([1, 1]))
        row = only_row(tmp_path)
        metrics = evaluate_trial(read_trial(tmp_path / "trials" / "a" / "0" / "trial.json"))["test"]
        for name in ("accuracy", "cross_entropy", "macro_f1"):
            assert row[name] == pytest.approx(metrics[name], rel=1e-12), name
        assert (row["members"], row["gain"]) == (1, 0)
        assert np.isnan(row["disagreement"])
        assert row["note"] == "only one trial has finished"

    def test_a_probability_that_float16_rounds_to_zero_is_kept(self, tmp_path):
        for trial in range(2):
            write(tmp_path, "a", trial, [[1 - 1e-12, 1e-12]], np.array([1]))
        assert only_row(tmp_path)["cross_entropy"] == pytest.approx(-math.log(1e-12), rel=1e-6)

    def test_only_finished_planned_trials_are_members(self, tmp_path):
        for trial, status in enumerate(["ok", "failed", "collapsed", "diverged", "ok", "ok"]):
            write(tmp_path, "a", trial, *draw(0), status=status)
        assert only_row(tmp_path, trials=5)["members"] == 3

    def test_without_a_test_split_shared_validation_images_are_used(self, tmp_path):
        write_drawn(tmp_path, 2, split="valid")
        assert only_row(tmp_path)["split"] == "valid"
        assert not missing(only_row(tmp_path))

    @pytest.mark.parametrize(("split", "words"), [("valid", "its own validation images"), ("test", "different test")])
    def test_different_images_are_not_combined(self, tmp_path, split, words):
        for trial in range(2):
            write(tmp_path, "a", trial, *draw(trial), split=split, rows=np.arange(300) + trial)
        row = only_row(tmp_path)
        assert missing(row)
        assert words in row["note"]
        assert row["members"] == 2

    def test_nothing_to_combine_is_a_row_with_the_reason(self, tmp_path):
        row = only_row(tmp_path, trials=0)
        assert (row["members"], row["note"]) == (0, "no finished trial")
        write(tmp_path, "a", 0, *draw(0), split="train")
        assert "neither" in only_row(tmp_path)["note"]


def write_one_vs_all(root, trials, classes=3, *, labels=LABELS, seed=0):
    """Write a classifier for each class; return their experiments and their probabilities of 1 (T, N, C)."""
    generator = np.random.default_rng(seed)
    positive = generator.uniform(0.05, 0.95, (trials, len(labels), classes))
    for label in range(classes):
        for trial in range(trials):
            p = positive[trial, :, label]
            write(root, f"is_{label}", trial, np.stack([1 - p, p], axis=1), (labels == label).astype(int))
    return {f"is_{label}": member(label) for label in range(classes)}, positive


def member(label, ensemble="all"):
    return {"ensemble": ensemble, "spec": {"one_vs_all": label}}


def fail(root, label, trial):
    """Replace the trial of a classifier with a failed one."""
    write(root, f"is_{label}", trial, np.full((6, 2), 0.5), label == LABELS, status="failed")


def last_row(root, experiments, trials):
    """Return the row of the one-vs-all ensemble, which comes after those of the experiments."""
    table = combine(root, trials, experiments)
    assert table["kind"].tolist() == ["seeds"] * len(experiments) + ["one_vs_all"]
    return table.iloc[-1]


class TestOneVsAll:
    def test_the_highest_probability_wins_and_trials_are_averaged(self, tmp_path):
        experiments, positive = write_one_vs_all(tmp_path, 2)
        row = last_row(tmp_path, experiments, 2)
        expected = {"accuracy": [], "cross_entropy": [], "macro_f1": []}
        for p in positive:
            expected["accuracy"].append(np.mean(p.argmax(axis=1) == LABELS))
            expected["cross_entropy"].append(log_loss(LABELS, p / p.sum(axis=1, keepdims=True)))
            expected["macro_f1"].append(f1_score(LABELS, p.argmax(axis=1), average="macro"))
        for name, values in expected.items():
            assert row[name] == pytest.approx(np.mean(values), rel=1e-6), name
        assert (row["experiment"], row["split"], row["members"]) == ("all", "test", 3)
        assert row[["mean_member_accuracy", "gain", "disagreement"]].isna().all()
        assert row["note"] == "mean of 2 trials"

    def test_probabilities_that_round_to_one_are_compared_exactly(self, tmp_path):
        # Two classifiers give the first image probabilities that round to 1 as float16 and as float32.
        positive = np.array([[1 - 1e-9, 1 - 1e-12, 0.5], [0.1, 0.9, 0.2]])
        for label, p in enumerate(positive.T):
            binary = (np.array([1, 2]) == label).astype(int)
            write(tmp_path, f"is_{label}", 0, np.stack([1 - p, p], axis=1), binary)
        row = last_row(tmp_path, {f"is_{label}": member(label) for label in range(3)}, 1)
        assert row["accuracy"] == 0.5

    @pytest.mark.parametrize("p", [1e-9, 0.3, 0.5, 0.9, 1 - 1e-9])
    def test_probability_of_one_from_either_label(self, p):
        labels, log_likelihood = np.array([1, 0]), np.array([math.log(p), math.log1p(-p)])
        predictions = Predictions("test", labels, labels, labels, np.eye(2), log_likelihood)
        assert log_probability_of_one(predictions) == pytest.approx(math.log(p), rel=1e-6)

    def test_a_very_sure_classifier_keeps_its_small_probability(self):
        """Without it, the probability of "1" is 0 if the label is "0", and that of another class wins."""
        log_probabilities = log_softmax(np.array([[60.0, 0.0], [0.0, 40.0]]))
        expected = [[-math.exp(-60), -60.0], [-40.0, -math.exp(-40)]]
        np.testing.assert_allclose(log_probabilities, expected, rtol=1e-12)
        labels = np.array([0, 1])
        sure = Predictions("test", labels, labels, labels, np.eye(2), np.float32([-math.exp(-60), -math.exp(-40)]))
        np.testing.assert_allclose(log_probability_of_one(sure), [-60.0, 0.0], rtol=1e-6, atol=1e-12)
        assert log_softmax(np.empty((0, 3))).shape == (0, 3)

    def test_the_order_of_the_experiments_does_not_matter(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        first = last_row(tmp_path, experiments, 1)
        second = last_row(tmp_path, dict(reversed(experiments.items())), 1)
        assert first.drop("note").tolist() == pytest.approx(second.drop("note").tolist(), nan_ok=True)
        assert 0 < first["accuracy"] < 1

    def test_only_trials_that_every_class_finished_count(self, tmp_path):
        experiments, positive = write_one_vs_all(tmp_path, 3)
        for label, trial in ((0, 0), (2, 2)):
            fail(tmp_path, label, trial)
        row = last_row(tmp_path, experiments, 3)
        assert row["accuracy"] == np.mean(positive[1].argmax(axis=1) == LABELS)

    @pytest.mark.parametrize(("failures", "words"), [([1], "class 1"), ([1, 2], "no trial that")])
    def test_classes_without_a_common_finished_trial_are_not_combined(self, tmp_path, failures, words):
        experiments, _ = write_one_vs_all(tmp_path, len(failures))
        for trial, label in enumerate(failures):
            fail(tmp_path, label, trial)
        row = last_row(tmp_path, experiments, len(failures))
        assert missing(row)
        assert words in row["note"]

    def test_a_class_without_a_classifier_is_no_ensemble(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        del experiments["is_2"]
        row = last_row(tmp_path, experiments, 1)
        assert missing(row)
        assert "2 of 6 test images" in row["note"]

    def test_two_classifiers_that_claim_the_same_images_are_an_error(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        experiments["is_9"] = member(9)
        write(tmp_path, "is_9", 0, np.full((6, 2), 0.5), (LABELS == 2).astype(int))
        with pytest.raises(ConfigError, match="2 test images are a 1 for more than one"):
            last_row(tmp_path, experiments, 1)
