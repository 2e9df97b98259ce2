"""An experiment against its base: pairs, directions, adjusted p-values."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lookbook.statistics.comparisons import (
    COLUMNS,
    compare_with_bases,
    holm,
    paired,
    pairing_note,
    trials_needed,
    trials_to_detect,
)
from lookbook.statistics.intervals import mean_interval
from lookbook.statistics.trials import COLUMNS as TRIAL_COLUMNS

BASE = np.array([0.90, 0.91, 0.92, 0.90])
NEW = np.array([0.91, 0.93, 0.92, 0.92])
EXPERIMENTS = {"a": {}, "b": {"base": "a"}}


def tabulate(**accuracies):
    """Return trials of several experiments; the loss is one minus the accuracy."""
    rows = [
        {"experiment": name, "trial": trial, "seed": trial, "status": "ok", "test_accuracy": value}
        for name, values in accuracies.items()
        for trial, value in enumerate(values)
    ]
    table = pd.DataFrame(rows, columns=["experiment", "trial", "seed", "status", "test_accuracy"])
    identities = table["experiment"] + table["trial"].astype(str)
    return table.assign(test_loss=1 - table["test_accuracy"].astype(float), identity=identities)


def test_paired_differences_by_hand_and_by_scipy():
    row = compare_with_bases(tabulate(a=BASE, b=NEW), EXPERIMENTS).iloc[0]
    assert (row["experiment"], row["base"], row["n_pairs"]) == ("b", "a", 4)
    assert row["test_accuracy_difference"] == pytest.approx(0.0125)
    assert row["test_accuracy_p"] == pytest.approx(stats.ttest_rel(NEW, BASE).pvalue)
    assert (row["test_accuracy_ci_low"], row["test_accuracy_ci_high"]) == pytest.approx(mean_interval(NEW - BASE))
    # Three of four are better, one is tied and counts half.
    assert row["test_accuracy_probability_of_improvement"] == pytest.approx(3.5 / 4)
    # A lower loss is better.
    assert row["test_loss_difference"] == pytest.approx(-0.0125)
    assert row["test_loss_probability_of_improvement"] == pytest.approx(3.5 / 4)


def test_pairs_are_matched_by_trial_and_only_finished_ones_count():
    trials = tabulate(a=BASE, b=NEW)
    trials.loc[(trials["experiment"] == "a") & (trials["trial"] == 0), "status"] = "failed"
    trials.loc[(trials["experiment"] == "b") & (trials["trial"] == 1), "status"] = "collapsed"
    trials = trials.sample(frac=1, random_state=0)
    row = compare_with_bases(trials, EXPERIMENTS).iloc[0]
    assert row["n_pairs"] == 3
    assert row["test_accuracy_difference"] == pytest.approx((NEW - BASE)[1:].mean())


def test_trials_of_different_seeds_are_not_paired():
    trials = tabulate(a=BASE, b=NEW)
    trials.loc[trials["experiment"] == "b", "seed"] += 100
    row = compare_with_bases(trials, EXPERIMENTS).iloc[0]
    assert row["n_pairs"] == 0
    assert np.isnan(row["test_accuracy_difference"])


def test_one_pair_has_a_difference_and_no_interval():
    result = paired(np.array([0.01]))
    assert result["difference"] == 0.01
    assert result["probability_of_improvement"] == 1
    assert np.isnan([result["ci_low"], result["p"]]).all()


@pytest.mark.parametrize(("difference", "p"), [(0.0, 1.0), (0.02, np.nan)])
def test_rounding_errors_of_equal_differences_are_not_significant(difference, p):
    differences = np.array([difference, difference + 1e-12, difference - 1e-12])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert paired(differences)["p"] == pytest.approx(p, nan_ok=True)


def test_the_trials_needed_are_those_of_the_noncentral_t_distribution():
    differences = np.random.default_rng(5).normal(0.001, 0.008, 6)
    needed = trials_needed(differences)
    effect = 0.005 / differences.std(ddof=1)

    def power(n):
        critical = stats.t.ppf(0.975, n - 1)
        distribution = stats.nct(n - 1, effect * np.sqrt(n))
        return distribution.sf(critical) + distribution.cdf(-critical)

    assert power(needed - 1) < 0.8 <= power(needed)
    row = compare_with_bases(tabulate(a=0.9 - differences, b=np.full(6, 0.9)), EXPERIMENTS).iloc[0]
    assert row["trials_needed"] == needed


@pytest.mark.parametrize(
    ("differences", "needed"),
    [([], None), ([0.1], None), ([0.1, 0.1], None), ([0.0, 1e-7], 2), ([-30.0, 30.0], None)],
    ids=["none", "one", "equal", "nearly equal", "very different"],
)
def test_the_trials_needed_are_bounded(differences, needed):
    assert trials_needed(np.array(differences)) == needed


@pytest.mark.parametrize(("effect", "needed"), [(5.3, 3), (8.0, 3), (11.19, 3), (13.0, 2), (20.0, 2), (300.0, 2)])
def test_large_effects_need_two_or_three_trials(effect, needed):
    assert trials_to_detect(effect, 1.0) == needed
    draws = np.random.default_rng(1).normal(effect, 1.0, (20_000, max(needed - 1, 2)))
    share = (stats.ttest_1samp(draws, 0.0, axis=1).pvalue < 0.05).mean()
    assert (share >= 0.8) == (needed == 2)


def test_holm_by_hand_with_a_missing_value():
    # Sorted: .01 * 3, .02 * 2, .04 * 1, each at least as large as the one before.
    assert holm(np.array([0.04, np.nan, 0.01, 0.02])) == pytest.approx([0.04, np.nan, 0.03, 0.04], nan_ok=True)
    assert holm(np.array([])).size == 0


def test_p_values_are_adjusted_for_all_comparisons():
    third = BASE + np.array([0.0, 0.01, -0.01, 0.004])
    table = compare_with_bases(tabulate(a=BASE, b=NEW, c=third), EXPERIMENTS | {"c": {"base": "a"}})
    assert table["test_accuracy_p_adjusted"].min() == pytest.approx(2 * table["test_accuracy_p"].min())


def test_an_experiment_whose_base_is_not_in_the_benchmark_has_no_row():
    table = compare_with_bases(tabulate(b=NEW), {"b": {"base": "a"}})
    assert table.empty
    assert list(table.columns) == list(COLUMNS)


def test_an_unavailable_experiment_is_compared_with_nothing():
    row = compare_with_bases(pd.DataFrame(columns=list(TRIAL_COLUMNS)), EXPERIMENTS).iloc[0]
    assert row["n_pairs"] == 0
    assert np.isnan(row["test_accuracy_p_adjusted"])


def test_a_row_states_the_identity_of_both_experiments():
    trials = tabulate(a=BASE, b=NEW, c=NEW)
    identity = compare_with_bases(trials, EXPERIMENTS)["identity"][0]
    for index, changes in ((0, True), (7, True), (8, False)):
        edited = trials.copy()
        edited.loc[index, "identity"] = "another"
        assert (compare_with_bases(edited, EXPERIMENTS)["identity"][0] != identity) == changes


def test_different_splits_and_data_are_noted():
    assert pairing_note([{"key": "optimizer.config.learning_rate"}]) == ""
    assert "splits differ" in pairing_note([{"key": "split.seed"}])
    assert "datasets differ" in pairing_note([{"key": "dataset"}, {"key": "split.seed"}])
    for key in ("sampling.per_class", "sampling.size.minimum", "limit.train_images"):
        assert "splits differ" in pairing_note([{"key": key}])
    assert pairing_note([{"key": "sampling.augment"}]) == ""
    assert "labels differ" in pairing_note([{"key": "one_vs_all"}])
