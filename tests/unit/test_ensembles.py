"""Ensembles: against figures made by hand and by brute force, and whatever keeps trials from being combined."""

import json
import math
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from lookbook.errors import ConfigError
from lookbook.evaluation.trials import evaluate_trial
from lookbook.statistics.ensembles import COLUMNS, combine, log_probability_of_one
from lookbook.statistics.trials import read_table

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
LABELS = np.array([0, 1, 2, 1, 0, 2])


def write_trial(root, name, trial, probabilities, labels=LABELS, *, split="test", rows=None, status="ok"):
    """Write trial.json and predictions.npz of one split from float64 probabilities (N, C)."""
    folder = root / name / str(trial)
    folder.mkdir(parents=True)
    (folder / "trial.json").write_text(json.dumps({"status": status, "penalty": 0.0}))
    probabilities = np.asarray(probabilities, np.float64)
    with np.errstate(divide="ignore"):
        log_likelihood = np.log(probabilities[np.arange(len(labels)), labels])
    arrays = {
        "probabilities": probabilities.astype(np.float16),
        "labels": np.asarray(labels, np.uint8),
        "predicted": probabilities.argmax(axis=1).astype(np.uint8),
        "log_likelihood": log_likelihood.astype(np.float32),
        "rows": np.arange(len(labels), dtype=np.int32) if rows is None else rows,
    }
    np.savez_compressed(folder / "predictions.npz", **{f"{split}_{key}": value for key, value in arrays.items()})


def draw(seed, samples=300, classes=10):
    """Return labels (N,) that are the same for all seeds, and a middling classifier's probabilities (N, C)."""
    labels = np.arange(samples) % classes
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (samples, classes))
    logits[np.arange(samples), labels] += 2
    return labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def only_row(root, trials=9, **experiment):
    """Return the row of the one experiment ``a``."""
    table = combine(root, {"a": trials}, {"a": {"spec": {}, **experiment}})
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 1
    return table.iloc[0]


def missing(row):
    """Return whether a row has no figures at all."""
    return row[["accuracy", "cross_entropy", "macro_f1", "mean_member_accuracy", "gain", "disagreement"]].isna().all()


class TestSeeds:
    def test_two_members_by_hand(self, tmp_path):
        write_trial(tmp_path, "a", 0, [[0.75, 0.25, 0], [0.5, 0.25, 0.25]], np.array([0, 1]))
        write_trial(tmp_path, "a", 1, [[0.25, 0.5, 0.25], [0.125, 0.75, 0.125]], np.array([0, 1]))
        row = only_row(tmp_path)
        # Means: .5, .375, .125 and .3125, .5, .1875; the members are right in 1, 0 and 0, 1 of the images.
        assert (row["kind"], row["split"], row["members"]) == ("seeds", "test", 2)
        assert row["accuracy"] == 1
        assert row["cross_entropy"] == pytest.approx(math.log(2))
        assert (row["mean_member_accuracy"], row["gain"]) == (0.5, 0.5)
        assert row["disagreement"] == 1
        assert row["macro_f1"] == 1
        assert row["note"] is None or np.isnan(row["note"])

    def test_many_members_by_brute_force(self, tmp_path):
        drawn = [draw(seed) for seed in range(5)]
        for trial, (labels, probabilities) in enumerate(drawn):
            write_trial(tmp_path, "a", trial, probabilities, labels)
        labels = drawn[0][0]
        mean = np.mean([p for _, p in drawn], axis=0)
        predicted = [p.argmax(axis=1) for _, p in drawn]
        row = only_row(tmp_path)
        assert row["members"] == 5
        assert row["accuracy"] == np.mean(mean.argmax(axis=1) == labels)
        assert row["cross_entropy"] == pytest.approx(log_loss(labels, mean), rel=1e-6)
        assert row["macro_f1"] == pytest.approx(f1_score(labels, mean.argmax(axis=1), average="macro"))
        assert row["mean_member_accuracy"] == pytest.approx(np.mean([np.mean(p == labels) for p in predicted]))
        assert row["gain"] == pytest.approx(row["accuracy"] - row["mean_member_accuracy"])
        pairs = [np.mean(one != other) for one, other in combinations(predicted, 2)]
        assert row["disagreement"] == pytest.approx(np.mean(pairs))

    def test_binary_members_are_combined_like_any_other(self, tmp_path):
        for trial in range(3):
            labels, probabilities = draw(trial, classes=2)
            write_trial(tmp_path, "a", trial, probabilities, labels)
        assert only_row(tmp_path)["accuracy"] > only_row(tmp_path)["mean_member_accuracy"]

    def test_one_member_has_exactly_the_figures_of_its_trial(self, tmp_path):
        # Half precision ties here; the class that the trial predicted must win, though it is the second.
        write_trial(tmp_path, "a", 0, [[0.49999, 0.50001], [0.2, 0.8]], np.array([1, 1]))
        row = only_row(tmp_path)
        metrics = evaluate_trial(tmp_path / "a" / "0")["splits"]["test"]
        for name in ("accuracy", "cross_entropy", "macro_f1"):
            assert row[name] == pytest.approx(metrics[name], rel=1e-12), name
        assert (row["members"], row["gain"]) == (1, 0)
        assert np.isnan(row["disagreement"])
        assert "one finished trial" in row["note"]

    def test_a_probability_that_half_precision_rounds_to_zero_is_not_lost(self, tmp_path):
        for trial in range(2):
            write_trial(tmp_path, "a", trial, [[1 - 1e-12, 1e-12]], np.array([1]))
        assert only_row(tmp_path)["cross_entropy"] == pytest.approx(-math.log(1e-12), rel=1e-6)

    def test_only_finished_trials_of_the_plan_are_members(self, tmp_path):
        labels, probabilities = draw(0)
        for trial, status in enumerate(["ok", "failed", "collapsed", "diverged", "ok", "ok"]):
            write_trial(tmp_path, "a", trial, probabilities, labels, status=status)
        assert only_row(tmp_path, trials=5)["members"] == 3

    def test_without_a_test_split_validation_serves_where_it_is_shared(self, tmp_path):
        for trial in range(2):
            labels, probabilities = draw(trial)
            write_trial(tmp_path, "a", trial, probabilities, labels, split="valid")
        assert only_row(tmp_path)["split"] == "valid"
        assert not missing(only_row(tmp_path))

    @pytest.mark.parametrize(("split", "words"), [("valid", "validates on other images"), ("test", "different test")])
    def test_different_images_are_not_combined(self, tmp_path, split, words):
        for trial in range(2):
            labels, probabilities = draw(trial)
            write_trial(tmp_path, "a", trial, probabilities, labels, split=split, rows=np.arange(300) + trial)
        row = only_row(tmp_path)
        assert missing(row)
        assert words in row["note"]
        assert row["members"] == 2

    def test_nothing_to_combine_is_a_row_with_the_reason(self, tmp_path):
        row = only_row(tmp_path, trials=0)
        assert (row["members"], row["note"]) == (0, "no finished trial")
        write_trial(tmp_path, "a", 0, *draw(0)[::-1], split="train")
        assert "neither" in only_row(tmp_path)["note"]


def write_one_vs_all(root, trials, classes=3, *, labels=LABELS, seed=0):
    """Write a classifier for each class; return their experiments and their probabilities of 1 (T, N, C)."""
    generator = np.random.default_rng(seed)
    positive = generator.uniform(0.05, 0.95, (trials, len(labels), classes))
    for label in range(classes):
        for trial in range(trials):
            p = positive[trial, :, label]
            write_trial(root, f"is_{label}", trial, np.stack([1 - p, p], axis=1), (labels == label).astype(int))
    return {f"is_{label}": member(label) for label in range(classes)}, positive


def member(label, ensemble="all"):
    return {"ensemble": ensemble, "spec": {"one_vs_all": label}}


def last_row(root, experiments, trials):
    """Return the row of the one-vs-all ensemble, which comes after those of the experiments."""
    table = combine(root, dict.fromkeys(experiments, trials), experiments)
    assert table["kind"].tolist() == ["seeds"] * len(experiments) + ["one_vs_all"]
    return table.iloc[-1]


class TestOneVsAll:
    def test_the_surest_classifier_wins_and_trials_are_averaged(self, tmp_path):
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

    def test_two_sure_classifiers_are_told_apart_beyond_half_precision(self, tmp_path):
        # Of the first image two are sure, and both round to 1 in half and in single precision.
        positive = np.array([[1 - 1e-9, 1 - 1e-12, 0.5], [0.1, 0.9, 0.2]])
        for label, p in enumerate(positive.T):
            binary = (np.array([1, 2]) == label).astype(int)
            write_trial(tmp_path, f"is_{label}", 0, np.stack([1 - p, p], axis=1), binary)
        row = last_row(tmp_path, {f"is_{label}": member(label) for label in range(3)}, 1)
        assert row["accuracy"] == 0.5

    @pytest.mark.parametrize("p", [1e-9, 0.3, 0.5, 0.9, 1 - 1e-9])
    def test_probability_of_one_from_either_label(self, p):
        log_likelihood = np.array([math.log(p), math.log1p(-p)])
        assert log_probability_of_one(np.array([1, 0]), log_likelihood) == pytest.approx(math.log(p), rel=1e-6)

    def test_the_order_of_the_experiments_does_not_matter(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        first = last_row(tmp_path, experiments, 1)
        second = last_row(tmp_path, dict(reversed(experiments.items())), 1)
        assert first.drop("note").tolist() == pytest.approx(second.drop("note").tolist(), nan_ok=True)
        assert 0 < first["accuracy"] < 1

    def test_only_trials_that_every_class_finished_count(self, tmp_path):
        experiments, positive = write_one_vs_all(tmp_path, 3)
        for label, trial in ((0, 0), (2, 2)):
            (tmp_path / f"is_{label}" / str(trial) / "trial.json").write_text('{"status": "failed"}')
        row = last_row(tmp_path, experiments, 3)
        assert row["accuracy"] == np.mean(positive[1].argmax(axis=1) == LABELS)

    def test_a_class_without_a_finished_trial_is_named(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        (tmp_path / "is_1" / "0" / "trial.json").unlink()
        row = last_row(tmp_path, experiments, 1)
        assert missing(row)
        assert "class 1" in row["note"]

    def test_classes_that_never_finished_together_are_not_combined(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 2)
        (tmp_path / "is_1" / "0" / "trial.json").unlink()
        (tmp_path / "is_2" / "1" / "trial.json").unlink()
        row = last_row(tmp_path, experiments, 2)
        assert missing(row)
        assert "no trial that" in row["note"]

    def test_a_class_without_a_classifier_is_no_ensemble(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        del experiments["is_2"]
        row = last_row(tmp_path, experiments, 1)
        assert missing(row)
        assert "2 of 6 test images" in row["note"]

    def test_two_classifiers_that_claim_the_same_images_are_an_error(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1)
        experiments["is_9"] = member(9)
        write_trial(tmp_path, "is_9", 0, np.full((6, 2), 0.5), (LABELS == 2).astype(int))
        with pytest.raises(ConfigError, match="2 test images are a 1 for more than one"):
            last_row(tmp_path, experiments, 1)

    def test_two_experiments_for_one_class_are_an_error(self, tmp_path):
        with pytest.raises(ConfigError, match="x and y both have one_vs_all: 3"):
            combine(tmp_path, {}, {"x": member(3), "y": member(3)})

    def test_different_images_are_not_combined(self, tmp_path):
        experiments, _ = write_one_vs_all(tmp_path, 1, classes=2)
        experiments["is_2"] = member(2)
        binary = (LABELS == 2).astype(int)
        write_trial(tmp_path, "is_2", 0, np.full((6, 2), 0.5), binary, rows=np.arange(6) + 1)
        row = last_row(tmp_path, experiments, 1)
        assert missing(row)
        assert "different test images" in row["note"]


def test_script_writes_the_table_and_never_loads_a_training_backend(tmp_path):
    for trial in range(2):
        labels, probabilities = draw(trial)
        write_trial(tmp_path / "trials", "a", trial, probabilities, labels)
    entries = {"a": {"ensemble": None, "spec": {"one_vs_all": None}}, "b": {"ensemble": None, "spec": {}}}
    (tmp_path / "experiments.json").write_text(json.dumps({"experiments": entries}))
    script, output = SCRIPTS / "combine_ensembles.py", tmp_path / "tables" / "ensembles.csv"
    for plan, needed in (({"a": 2, "b": 0}, True), ({"a": 0}, False)):
        code = f"import sys, runpy; sys.argv[0] = {str(script)!r}; runpy.run_path(sys.argv[0], run_name='__main__')"
        code += (
            f"; assert ('sklearn' in sys.modules) == {needed}; assert not {{'keras', 'tensorflow'}} & set(sys.modules)"
        )
        command = [sys.executable, "-c", code, "--trials-root", str(tmp_path / "trials"), "--plan", json.dumps(plan)]
        command += ["--experiments", str(tmp_path / "experiments.json"), "--output", str(output)]
        subprocess.run(command, check=True, env={"PYTHONPATH": str(SCRIPTS)})
        table = read_table(output)
        assert table["members"].tolist() == [plan["a"], 0]
        assert table["note"].isna().tolist() == [needed, False]
