"""How claims are judged from trials.csv, histories and confusion matrices."""

import math

import numpy as np
import pandas as pd
import pytest

from lookbook.statistics.claims import COLUMNS, judge_claims

PROFILE = {"comparable": True, "margin": {"accuracy": 0.01, "loss": 0.03}}
SPEC = {"split": {"validation": 0.0}, "dataset": "fashion_mnist"}


def tabulate(**accuracies):
    """Return trials.csv with the test accuracies of each experiment; None is a failed trial, 0.1 a collapsed one."""
    rows = [
        {"experiment": name, "trial": t, "seed": t, "test_accuracy": value, "identity": f"{name}{t}"}
        | {"status": "failed" if value is None else "collapsed" if value == 0.1 else "ok"}
        for name, values in accuracies.items()
        for t, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def judged(trials, test, *names, profile=PROFILE, specs=None, histories=None, matrices=None, **keys):
    claim = {"document": "d", "claim": "c", "source": "s", "test": test, "experiments": list(names)}
    claim |= {"metric": "test_accuracy", "margin": None} | keys
    specs = specs or dict.fromkeys(trials["experiment"], SPEC)
    table = judge_claims([claim], trials, specs, profile, histories or {}, matrices or {})
    assert tuple(table.columns) == COLUMNS
    return table.iloc[0]


def test_equal_splits_are_compared_in_pairs_and_others_as_groups():
    trials = tabulate(a=[0.91, 0.82, 0.73], b=[0.90, 0.81, 0.72])
    row = judged(trials, "better", "a", "b")
    assert (row["verdict"], row["trials"]) == ("supported", 3)
    assert row["evidence"].startswith("Advantage of `a` over `b` in test accuracy: +0.0100 (no interval: all values")
    assert row["evidence"].endswith("3 pairs of trials.")
    other = {"a": SPEC, "b": SPEC | {"split": {"validation": 0.2}}}
    row = judged(trials, "better", "a", "b", specs=other)
    assert row["verdict"] == "undecided"
    assert row["trials_needed"] > 100
    assert row["evidence"].endswith(f"3 trials each; about {row['trials_needed']} would decide.")
    assert "4 and 2 trials" in judged(tabulate(a=[0.9, 0.8, 0.9, 0.8], b=[0.7, 0.6]), "spread", "a", "b")["evidence"]


def test_trials_of_other_images_are_no_pairs():
    trials = tabulate(a=[0.91, 0.82, 0.73], b=[0.90, 0.81, 0.72])
    other = {"a": SPEC | {"sampling": {"per_class": 155}}, "b": SPEC | {"sampling": {"per_class": 300}}}
    assert "3 trials each" in judged(trials, "better", "a", "b", specs=other)["evidence"]


def test_failed_trials_do_not_count_and_collapsed_ones_do():
    trials = tabulate(a=[0.9, None, 0.8, 0.7], b=[0.8, 0.9, 0.7, None])
    assert judged(trials, "better", "a", "b")["trials"] == 2
    assert judged(tabulate(a=[0.9, 0.1, 0.9]), "above", "a", threshold=0.5)["estimate"] == pytest.approx(1.9 / 3 - 0.5)


@pytest.mark.parametrize("trials", [tabulate(a=[0.9]), tabulate(a=[0.9], b=[None, None])])
def test_an_experiment_without_finished_trials_is_not_run(trials):
    row = judged(trials, "better", "a", "b")
    assert (row["verdict"], row["evidence"]) == ("not run", "`b` has no finished trial.")


def test_reduced_budgets_give_no_verdict():
    row = judged(tabulate(a=[0.9, 0.9]), "above", "a", threshold=0.5, profile=PROFILE | {"comparable": False})
    assert row["verdict"] == "not comparable"


def test_one_trial_decides_nothing():
    row = judged(tabulate(a=[0.9], b=[0.8]), "better", "a", "b")
    assert row["verdict"] == "undecided"
    assert "+0.1000 (too few trials for an interval), 1 pair of trials." in row["evidence"]


def test_equal_differences_have_no_interval():
    row = judged(tabulate(a=[0.9, 0.91], b=[0.8, 0.81]), "better", "a", "b")
    assert row["verdict"] == "undecided"
    assert "+0.1000 (no interval: all values are equal), 2 pairs" in row["evidence"]


def test_a_lower_loss_is_better():
    trials = tabulate(a=[0.5] * 3, b=[0.6] * 3).assign(test_loss=[0.5, 0.51, 0.52, 0.6, 0.61, 0.62])
    assert judged(trials, "better", "a", "b", metric="test_loss")["verdict"] == "supported"


def test_an_order_holds_if_each_step_does():
    trials = tabulate(a=[0.9, 0.91, 0.92], b=[0.8, 0.81, 0.82], c=[0.81, 0.79, 0.83])
    assert judged(trials, "order", "a", "b")["verdict"] == "supported"
    row = judged(trials, "order", "a", "b", "c")
    assert row["verdict"] == "undecided"
    assert "`a` over `b` +0.1000" in row["evidence"]
    assert judged(trials, "order", "b", "a")["verdict"] == "contradicted"


def test_thresholds_have_two_sides():
    trials = tabulate(a=[0.90, 0.91, 0.92])
    assert judged(trials, "above", "a", threshold=0.8)["verdict"] == "supported"
    row = judged(trials, "below", "a", threshold=0.8)
    assert row["verdict"] == "contradicted"
    assert row["ci_low"] < row["estimate"] == pytest.approx(0.11)
    assert row["ci_high"] > row["estimate"]


def test_spread_and_collapse():
    trials = tabulate(a=[0.1] * 10, b=[0.9, 0.8, 0.95, 0.7, 0.99], c=[0.900, 0.901, 0.902, 0.903, 0.904])
    assert judged(trials, "collapses", "a", share=0.5)["verdict"] == "supported"
    assert judged(trials, "collapses", "b", share=0.9)["verdict"] == "contradicted"
    assert judged(trials, "spread", "b", "c")["verdict"] == "supported"
    assert judged(trials, "spread", "c", "b")["verdict"] == "contradicted"


def test_a_plateau_needs_a_watched_history():
    trials = tabulate(a=[0.9, 0.9, 0.9])
    curves = [pd.DataFrame({"test_accuracy": [0.5, 0.8, 0.8 + d]}, index=[1, 2, 3]) for d in (0.001, 0.002, 0.003)]
    keys = {"from_epoch": 2, "to_epoch": 3}
    row = judged(trials, "plateau", "a", histories={"a": curves}, **keys)
    assert (row["verdict"], row["estimate"]) == ("supported", pytest.approx(0.002))
    assert (
        judged(trials, "plateau", "a", histories={"a": curves}, from_epoch=1, to_epoch=3)["verdict"] == "contradicted"
    )
    for unwatched in ([], [curves[0].drop(columns="test_accuracy")], [curves[0].loc[:2]], [curves[0] * math.nan]):
        row = judged(trials, "plateau", "a", histories={"a": unwatched}, **keys)
        assert (row["verdict"], row["trials"]) == ("not comparable", 0)


def test_the_most_confused_classes_are_counted_in_both_directions():
    confused = np.array([[90, 1, 9], [3, 90, 7], [2, 1, 97]])
    matrices = {"a": [confused] * 10}
    claim = {"labels": [2, 0], "classes": ["x", "y"]}
    row = judged(tabulate(a=[0.9] * 10), "most_confused", "a", matrices=matrices, **claim)
    assert (row["verdict"], row["estimate"]) == ("supported", 1.0)
    claim["labels"] = [1, 2]
    row = judged(tabulate(a=[0.9] * 10), "most_confused", "a", matrices=matrices, **claim)
    assert row["verdict"] == "contradicted"
    assert judged(tabulate(a=[0.9]), "most_confused", "a", **claim)["verdict"] == "not comparable"


def test_a_trial_that_predicts_one_class_confuses_no_two_most():
    collapsed = np.array([[0, 0, 100], [0, 0, 100], [0, 0, 100]])
    claim = {"labels": [0, 2], "classes": ["x", "y"], "matrices": {"a": [collapsed] * 10}}
    row = judged(tabulate(a=[0.1] * 10), "most_confused", "a", **claim)
    assert (row["verdict"], row["estimate"]) == ("contradicted", 0.0)
