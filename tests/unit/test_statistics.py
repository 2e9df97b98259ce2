"""Intervals, the summary of trials, and comparisons with published values."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from lookbook.statistics import intervals
from lookbook.statistics.published import compare_with_published, read_published, with_further_protocols
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import COLUMNS

SINGLE = {"mean": 0.88, "std": math.nan, "min": math.nan, "max": math.nan, "trials": 1.0}
PROFILE = {"comparable": True, "margin": {"accuracy": 0.01, "loss": 0.03}}

MEANS = {"accuracy": 0.881, "loss": 0.381}


def with_moments(mean, std, n):
    """Return n values with a mean and a sample standard deviation."""
    values = np.linspace(-1, 1, n)
    return mean + std * values / values.std(ddof=1)


def tabulate(accuracies, statuses=None):
    """Return trials of one experiment ``a`` with the given test accuracies."""
    table = pd.DataFrame(np.nan, columns=list(COLUMNS), index=range(len(accuracies)))
    seeds = table.index
    return table.assign(
        experiment="a", trial=seeds, seed=seeds, status=statuses or "ok", test_accuracy=accuracies, identity="i"
    )


class TestIntervals:
    def test_mean_interval_by_hand(self):
        # Mean 2, standard error 1 / sqrt(3), t(0.975, 2) = 4.302653.
        low, high = intervals.mean_interval(np.array([1.0, 2.0, 3.0]))
        assert (low, high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))

    @pytest.mark.parametrize("values", [[], [0.5]])
    def test_fewer_than_two_values_have_no_interval(self, values):
        assert np.isnan(intervals.mean_interval(np.array(values))).all()

    def test_equal_values_have_an_interval_without_width(self):
        assert intervals.mean_interval(np.array([0.1, 0.1, 0.1])) == pytest.approx((0.1, 0.1))

    def test_welch_interval_is_that_of_statsmodels(self):
        generator = np.random.default_rng(1)
        ours, theirs = generator.normal(0.90, 0.01, 5), generator.normal(0.89, 0.03, 10)
        interval = intervals.welch_interval(ours.mean(), ours.std(ddof=1), 5, theirs.mean(), theirs.std(ddof=1), 10)
        comparison = CompareMeans(DescrStatsW(ours), DescrStatsW(theirs))
        assert interval == pytest.approx(comparison.tconfint_diff(usevar="unequal"))

    def test_prediction_interval_by_hand(self):
        t = stats.t.ppf(0.975, 9)
        low, high = intervals.prediction_interval(0.9, 0.01, 10)
        assert high - 0.9 == pytest.approx(t * 0.01 * math.sqrt(1.1))
        assert 0.9 - low == pytest.approx(t * 0.01 * math.sqrt(1.1))

    def test_wilson_interval_by_hand_and_at_its_ends(self):
        z = stats.norm.ppf(0.975)
        centre, half = (0.4 + z**2 / 20) / (1 + z**2 / 10), z * math.sqrt(0.024 + z**2 / 400) / (1 + z**2 / 10)
        assert intervals.wilson_interval(4, 10) == pytest.approx((centre - half, centre + half))
        assert intervals.wilson_interval(0, 3)[0] == 0
        assert intervals.wilson_interval(3, 3)[1] == 1
        assert np.isnan(intervals.wilson_interval(0, 0)).all()

    def test_population_deviation_becomes_sample_deviation(self):
        values = np.array([1.0, 2.0, 4.0])
        assert intervals.sample_std(values.std(), 3) == pytest.approx(values.std(ddof=1))


class TestSummary:
    def test_statistics_are_sample_statistics(self):
        row = summarise(tabulate([0.90, 0.91, 0.95]), ["a"], {}, PROFILE).iloc[0]
        values = np.array([0.90, 0.91, 0.95])
        assert row["test_accuracy_mean"] == pytest.approx(0.92)
        assert row["test_accuracy_std"] == pytest.approx(values.std(ddof=1))
        assert (row["test_accuracy_min"], row["test_accuracy_max"]) == (0.90, 0.95)
        expected = stats.t.interval(0.95, 2, 0.92, stats.sem(values))
        assert (row["test_accuracy_ci_low"], row["test_accuracy_ci_high"]) == pytest.approx(expected)
        assert (row["n_ok"], row["n"], row["collapse_rate"]) == (3, 3, 0)
        assert np.isnan(row["valid_accuracy_mean"])

    def test_the_interval_of_a_share_stays_between_zero_and_one(self):
        trials = tabulate([0.1, 0.9]).assign(test_macro_f1=[0.99, 0.90], test_loss=[0.1, 0.3])
        row = summarise(trials, ["a"], {}, PROFILE).iloc[0]
        assert (row["test_accuracy_ci_low"], row["test_accuracy_ci_high"]) == (0, 1)
        low, high = stats.t.interval(0.95, 1, 0.945, stats.sem([0.99, 0.90]))
        assert high > 1
        assert (row["test_macro_f1_ci_low"], row["test_macro_f1_ci_high"]) == (pytest.approx(low), 1)
        # A loss has no upper end.
        assert row["test_loss_ci_high"] == pytest.approx(stats.t.interval(0.95, 1, 0.2, stats.sem([0.1, 0.3]))[1])

    def test_collapsed_trials_count_and_failed_ones_do_not(self):
        trials = tabulate([0.9, 0.1, np.nan, np.nan], ["ok", "collapsed", "failed", "out_of_memory"])
        row = summarise(trials, ["a"], {}, PROFILE).iloc[0]
        assert (row["n_ok"], row["n"], row["n_collapsed"], row["collapse_rate"]) == (2, 4, 1, 0.5)
        assert row["test_accuracy_mean"] == pytest.approx(0.5)
        assert row["test_accuracy_mean_without_collapsed"] == pytest.approx(0.9)
        expected = intervals.wilson_interval(1, 2)
        assert (row["collapse_rate_low"], row["collapse_rate_high"]) == pytest.approx(expected)

    def test_a_single_trial_has_no_deviation(self):
        row = summarise(tabulate([0.9]), ["a"], {("a", "test_accuracy"): SINGLE}, PROFILE).iloc[0]
        assert row["test_accuracy_mean"] == 0.9
        assert np.isnan(row["test_accuracy_std"])
        assert row["test_accuracy_verdict"] == "inconclusive"
        assert row["test_accuracy_delta"] == pytest.approx(0.02)

    @pytest.mark.parametrize("trials", [tabulate([np.nan], ["failed"]), tabulate([])], ids=["failed", "unavailable"])
    @pytest.mark.parametrize("comparable", [True, False])
    def test_all_failed_or_never_run_still_shows_what_was_published(self, comparable, trials):
        published = {(name, "test_accuracy"): SINGLE for name in "ab"}
        table = summarise(trials, ["a", "b"], published, PROFILE | {"comparable": comparable})
        assert table["n"].tolist() == [len(trials), 0]
        assert table["n_ok"].tolist() == [0, 0]
        assert table["test_accuracy_published"].tolist() == [0.88, 0.88]
        assert table[["test_accuracy_mean", "test_accuracy_verdict", "collapse_rate_low"]].isna().all(axis=None)

    def test_a_row_states_the_identity_of_its_trials(self):
        trials = pd.concat([tabulate([0.9]), tabulate([0.9]).assign(experiment="b", identity="j")])
        one, other = summarise(trials, ["a", "b"], {}, PROFILE)["identity"]
        assert one != other
        changed = summarise(trials.replace({"identity": {"j": "k"}}), ["a", "b"], {}, PROFILE)["identity"]
        assert [one == changed[0], other == changed[1]] == [True, False]

    def test_no_experiments_give_an_empty_table_with_its_columns(self):
        table = summarise(tabulate([]), [], {}, PROFILE)
        assert table.empty
        assert "test_accuracy_verdict" in table


class TestPublished:
    @pytest.mark.parametrize(
        ("mean", "word"), [(0.88, "compatible"), (0.90, "compatible"), (0.93, "higher"), (0.83, "lower")]
    )
    def test_a_single_value_is_compared_with_the_prediction_of_one_more_trial(self, mean, word):
        # t(0.975, 9) * 0.01 * sqrt(1.1) = 0.0237
        values = with_moments(mean, 0.01, 10)
        result = compare_with_published(values, SINGLE, 0.01, comparable=True)
        assert result["verdict"] == word
        assert (result["delta_high"] - result["delta_low"]) / 2 == pytest.approx(0.02373, abs=1e-5)
        # The same interval lies within a margin of twice its width.
        assert compare_with_published(values, SINGLE, 0.1, comparable=True)["verdict"] == "reproduced"

    def test_mean_and_deviation_are_compared_by_welch(self):
        generator = np.random.default_rng(3)
        words = set()
        for margin in (0.004, 0.01, 0.02) * 30:
            ours, theirs = generator.normal(0.9, 0.01, 6), generator.normal(0.905, 0.01, 10)
            # Documents print the population deviation, which is NumPy's default.
            published = {"mean": theirs.mean(), "std": theirs.std(), "min": 0.0, "max": 1.0, "trials": 10.0}
            result = compare_with_published(ours, published, margin, comparable=True)
            words.add(result["verdict"])
            equivalence = CompareMeans(DescrStatsW(ours), DescrStatsW(theirs)).ttost_ind(-margin, margin, "unequal")
            difference = stats.ttest_ind(ours, theirs, equal_var=False)
            if equivalence[0] < 0.025:
                assert result["verdict"] == "reproduced"
            elif difference.pvalue < 0.05:
                assert result["verdict"] == ("higher" if difference.statistic > 0 else "lower")
            else:
                assert result["verdict"] == "compatible"
        assert words == {"reproduced", "compatible", "lower"}

    def test_two_trials_are_too_few_to_reproduce_a_value(self):
        # The two trials of exp103: their interval is wide although the mean is close.
        published = {"mean": 0.9042, "std": 0.0055, "min": 0.8973, "max": 0.9131, "trials": 10.0}
        result = compare_with_published(np.array([0.9020, 0.9117]), published, 0.01, comparable=True)
        assert (result["verdict"], result["in_range"]) == ("compatible", 2)

    def test_an_interval_within_the_margin_is_equivalent_also_if_zero_is_outside(self):
        values = with_moments(0.885, 0.0001, 10)
        assert compare_with_published(values, SINGLE, 0.01, comparable=True)["verdict"] == "reproduced"
        assert compare_with_published(values, SINGLE, 0.004, comparable=True)["verdict"] == "higher"

    @pytest.mark.parametrize("values", [[0.88 + 1e-17] * 3, [0.88] * 3])
    def test_rounding_does_not_decide_between_equal_values(self, values):
        result = compare_with_published(np.array(values), SINGLE, 0.01, comparable=True)
        assert result["verdict"] == "reproduced"

    @pytest.mark.parametrize(("values", "word"), [([], None), ([0.88], "inconclusive"), ([0.7] * 2, "inconclusive")])
    def test_fewer_than_two_trials_or_two_equal_ones_decide_nothing(self, values, word):
        result = compare_with_published(np.array(values), SINGLE, 0.01, comparable=True)
        assert result["verdict"] == word
        assert np.isnan([result["delta_low"], result["delta_high"]]).all()

    def test_a_reduced_budget_has_no_verdict(self):
        published = SINGLE | {"min": 0.4, "max": 0.6}
        result = compare_with_published(np.array([0.5, 0.51]), published, 0.01, comparable=False)
        assert (result["verdict"], result["in_range"]) == ("not comparable", None)

    def test_finished_trials_in_the_published_range_are_counted(self):
        published = {("a", "test_accuracy"): SINGLE | {"min": 0.86, "max": 0.90}}
        trials = tabulate([0.86, 0.90, 0.901, 0.1, 0.89], ["ok", "ok", "ok", "collapsed", "failed"])
        row = summarise(trials, ["a"], published, PROFILE).iloc[0]
        assert (row["test_accuracy_in_range"], row["test_accuracy_published_min"]) == (2, 0.86)
        unstated = summarise(trials, ["a"], {("a", "test_accuracy"): SINGLE}, PROFILE).iloc[0]
        assert pd.isna(unstated["test_accuracy_in_range"])

    def test_the_margin_of_each_metric_comes_from_the_profile(self):
        trials = tabulate([0.880, 0.881, 0.882]).assign(test_loss=[0.380, 0.381, 0.382])
        published = {("a", f"test_{metric}"): SINGLE | {"mean": mean} for metric, mean in MEANS.items()}
        row = summarise(trials, ["a"], published, PROFILE).iloc[0]
        assert (row["test_accuracy_verdict"], row["test_loss_verdict"]) == ("reproduced", "reproduced")
        narrow = PROFILE | {"margin": {"accuracy": 0.01, "loss": 0.001}}
        row = summarise(trials, ["a"], published, narrow).iloc[0]
        assert (row["test_accuracy_verdict"], row["test_loss_verdict"]) == ("reproduced", "compatible")

    def test_rows_without_a_counterpart_are_left_out(self, tmp_path):
        path = tmp_path / "published.csv"
        path.write_text(
            "document,experiment,split,metric,epoch,mean,std,min,max,trials,note\n"
            "d,a,test,accuracy,,0.9,0.01,0.8,0.95,10,\n"
            "d,a,kaggle,score,,0.93,,,,1,\n"
            "d,a,train,loss,7,0.5,,,,1,\n"
        )
        expected = {"mean": 0.9, "std": 0.01, "min": 0.8, "max": 0.95, "trials": 10}
        assert read_published(path) == {("a", "test_accuracy"): expected}

    def test_another_protocol_is_compared_with_the_same_published_values(self):
        values = {(name, column): SINGLE for name in ("a", "c") for column in ("test_accuracy", "valid_loss")}
        entries = {name: {"published_as": other} for name, other in {"a": None, "b": "a", "c": None}.items()}
        trials = pd.concat([tabulate([0.8800, 0.8801]), tabulate([0.9300, 0.9301]).assign(experiment="b")])
        published = with_further_protocols(values, entries)
        assert published.keys() - values.keys() == {("b", "test_accuracy"), ("b", "valid_loss")}
        table = summarise(trials, ["a", "b"], published, PROFILE).set_index("experiment")
        assert table["test_accuracy_published"].tolist() == [0.88, 0.88]
        assert table["test_accuracy_delta"].tolist() == pytest.approx([0.00005, 0.05005])
        assert table["test_accuracy_verdict"].tolist() == ["reproduced", "higher"]
