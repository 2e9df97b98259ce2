"""Trials to tables: intervals against their references, rows for everything that can go wrong."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from lookbook.statistics import intervals
from lookbook.statistics.published import compare_with_published, read_published
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import COLUMNS, collect_trials, read_table, write_table

SINGLE = {"mean": 0.88, "std": math.nan, "trials": 1.0}


def write_trial(root, experiment, trial, *, status="ok", error=None, **metrics):
    """Write trial.json and metrics.json of one trial, with test metrics only."""
    folder = root / experiment / str(trial)
    folder.mkdir(parents=True)
    facts = {"seed": trial, "status": status, "seconds": 2.0, "epochs": 3, "parameters": 101770, "error": error}
    facts |= {"versions": {"numpy": "2", "keras": "3"}, "digests": {"dataset": "abc"}}
    (folder / "trial.json").write_text(json.dumps(facts))
    names = ("accuracy", "loss", "cross_entropy", "macro_f1", "balanced_accuracy", "brier_score")
    split = dict.fromkeys((*names, "expected_calibration_error")) | metrics
    (folder / "metrics.json").write_text(json.dumps({"splits": {"test": split} if metrics else {}}))


def tabulate(accuracies, statuses=None):
    """Return trials of one experiment ``a`` with the given test accuracies."""
    table = pd.DataFrame(columns=list(COLUMNS), index=range(len(accuracies)))
    table["experiment"], table["trial"], table["seed"] = "a", table.index, table.index
    table["status"] = statuses or "ok"
    for column in table.columns[4:]:
        table[column] = np.nan
    table["test_accuracy"] = accuracies
    return table


class TestIntervals:
    def test_mean_interval_by_hand(self):
        # Mean 2, standard error 1 / sqrt(3), t(0.975, 2) = 4.302653.
        low, high = intervals.mean_interval(np.array([1.0, 2.0, 3.0]))
        assert (low, high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)))

    def test_mean_interval_is_that_of_statsmodels(self):
        values = np.random.default_rng(0).normal(0.9, 0.01, 10)
        assert intervals.mean_interval(values) == pytest.approx(DescrStatsW(values).tconfint_mean())

    @pytest.mark.parametrize("values", [[], [0.5]])
    def test_fewer_than_two_values_have_no_interval(self, values):
        assert np.isnan(intervals.mean_interval(np.array(values))).all()

    def test_equal_values_have_an_interval_without_width(self):
        assert intervals.mean_interval(np.array([0.1, 0.1, 0.1])) == pytest.approx((0.1, 0.1))

    def test_welch_interval_is_that_of_statsmodels(self):
        generator = np.random.default_rng(1)
        ours, theirs = generator.normal(0.90, 0.01, 5), generator.normal(0.89, 0.03, 10)
        found = intervals.welch_interval(ours.mean(), ours.std(ddof=1), 5, theirs.mean(), theirs.std(ddof=1), 10)
        comparison = CompareMeans(DescrStatsW(ours), DescrStatsW(theirs))
        assert found == pytest.approx(comparison.tconfint_diff(usevar="unequal"))

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

    def test_an_interval_is_cut_off_at_the_range_of_its_figure(self):
        assert intervals.clip_interval((-0.2, 1.3), 0, 1) == (0, 1)
        assert intervals.clip_interval((0.2, 0.9), 0, 1) == (0.2, 0.9)
        assert np.isnan(intervals.clip_interval(intervals.UNKNOWN, 0, 1)).all()

    def test_population_deviation_becomes_sample_deviation(self):
        values = np.array([1.0, 2.0, 4.0])
        assert intervals.sample_std(values.std(), 3) == pytest.approx(values.std(ddof=1))


class TestCollect:
    def test_one_row_per_planned_trial_in_the_order_of_the_plan(self, tmp_path):
        for experiment, trial in [("b", 0), ("a", 0), ("a", 1), ("a", 2)]:
            write_trial(tmp_path, experiment, trial, accuracy=0.9, loss=0.3)
        table = collect_trials(tmp_path, {"b": 1, "a": 2})
        assert list(table["experiment"] + table["trial"].astype(str)) == ["b0", "a0", "a1"]
        assert list(table.columns) == list(COLUMNS)
        assert table["versions"].unique().tolist() == ["keras 3, numpy 2"]
        assert len(collect_trials(tmp_path)) == 4

    def test_what_failed_or_is_missing_keeps_its_row(self, tmp_path):
        write_trial(tmp_path, "a", 0, status="failed", error="\nValueError: no\nmore lines")
        write_trial(tmp_path, "a", 1, accuracy=0.9)
        (tmp_path / "a" / "1" / "metrics.json").unlink()
        table = collect_trials(tmp_path, {"a": 3})
        assert table["status"].tolist() == ["failed", "missing", "missing"]
        assert table["error"][0] == "ValueError: no"
        assert "not evaluated" in table["error"][1]
        assert "did not run" in table["error"][2]

    def test_table_survives_the_file(self, tmp_path):
        write_trial(tmp_path, "a", 0, accuracy=1 / 3, loss=0.3)
        write_trial(tmp_path, "a", 1, status="failed", error='says "no", twice')
        table = collect_trials(tmp_path, {"a": 3})
        write_table(table, tmp_path / "deep" / "trials.csv")
        again = read_table(tmp_path / "deep" / "trials.csv")
        pd.testing.assert_frame_equal(table, again, check_dtype=False, atol=1e-9)
        assert again["parameters"][0] == 101770
        assert again["error"][1] == 'says "no", twice'

    def test_copies_in_train_have_their_columns(self, tmp_path):
        write_trial(tmp_path, "a", 0, accuracy=0.9)
        write_trial(tmp_path, "a", 1, accuracy=0.9)
        valid = {"accuracy": 0.9, "copies_in_train": 12, "accuracy_without_copies": 0.75}
        (tmp_path / "a" / "1" / "metrics.json").write_text(json.dumps({"splits": {"valid": valid}}))
        write_table(collect_trials(tmp_path, {"a": 2}), tmp_path / "trials.csv")
        table = read_table(tmp_path / "trials.csv")
        assert table["valid_copies_in_train"].isna().tolist() == [True, False]
        assert table["valid_copies_in_train"][1] == 12
        assert table["valid_accuracy_without_copies"][1] == 0.75
        row = summarise(table, ["a"], {}, comparable=True).iloc[0]
        assert row["valid_copies_in_train_mean"] == 12
        assert row["valid_accuracy_without_copies_mean"] == 0.75
        assert not [name for name in table if "train_copies" in name or "test_copies" in name]

    def test_nothing_planned_is_an_empty_table(self, tmp_path):
        write_table(collect_trials(tmp_path, {}), tmp_path / "trials.csv")
        assert read_table(tmp_path / "trials.csv").empty


class TestSummary:
    def test_statistics_are_sample_statistics(self):
        row = summarise(tabulate([0.90, 0.91, 0.95]), ["a"], {}, comparable=True).iloc[0]
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
        row = summarise(trials, ["a"], {}, comparable=True).iloc[0]
        assert (row["test_accuracy_ci_low"], row["test_accuracy_ci_high"]) == (0, 1)
        low, high = stats.t.interval(0.95, 1, 0.945, stats.sem([0.99, 0.90]))
        assert high > 1
        assert (row["test_macro_f1_ci_low"], row["test_macro_f1_ci_high"]) == (pytest.approx(low), 1)
        # A loss has no upper end.
        assert row["test_loss_ci_high"] == pytest.approx(stats.t.interval(0.95, 1, 0.2, stats.sem([0.1, 0.3]))[1])

    def test_collapsed_trials_count_and_failed_ones_do_not(self):
        trials = tabulate([0.9, 0.1, np.nan, np.nan], ["ok", "collapsed", "failed", "out_of_memory"])
        row = summarise(trials, ["a"], {}, comparable=True).iloc[0]
        assert (row["n_ok"], row["n"], row["n_collapsed"], row["collapse_rate"]) == (2, 4, 1, 0.5)
        assert row["test_accuracy_mean"] == pytest.approx(0.5)
        assert row["test_accuracy_mean_without_collapsed"] == pytest.approx(0.9)
        expected = intervals.wilson_interval(1, 2)
        assert (row["collapse_rate_low"], row["collapse_rate_high"]) == pytest.approx(expected)

    def test_a_single_trial_has_no_deviation(self):
        published = {("a", "test_accuracy"): {"mean": 0.88, "std": math.nan, "trials": 1.0}}
        row = summarise(tabulate([0.9]), ["a"], published, comparable=True).iloc[0]
        assert row["test_accuracy_mean"] == 0.9
        assert np.isnan(row["test_accuracy_std"])
        assert row["test_accuracy_verdict"] == "inconclusive"
        assert row["test_accuracy_delta"] == pytest.approx(0.02)

    def test_all_failed_or_never_run_still_shows_what_was_published(self):
        published = {(name, "test_accuracy"): {"mean": 0.88, "std": math.nan, "trials": 1.0} for name in "ab"}
        table = summarise(tabulate([np.nan], ["failed"]), ["a", "b"], published, comparable=True)
        assert table["n"].tolist() == [1, 0]
        assert table["n_ok"].tolist() == [0, 0]
        assert table["test_accuracy_published"].tolist() == [0.88, 0.88]
        assert table["test_accuracy_verdict"].isna().all()
        assert table["collapse_rate_low"].isna().all()

    def test_an_unavailable_experiment_alone_has_a_row_too(self, tmp_path):
        published = {("a", "valid_accuracy"): {"mean": 0.95, "std": math.nan, "trials": 1.0}}
        write_table(collect_trials(tmp_path, {"a": 0}), tmp_path / "trials.csv")
        row = summarise(read_table(tmp_path / "trials.csv"), ["a"], published, comparable=True).iloc[0]
        assert (row["n"], row["n_ok"], row["valid_accuracy_published"]) == (0, 0, 0.95)
        assert pd.isna(row["valid_accuracy_verdict"])
        assert np.isnan(row["valid_accuracy_mean"])

    def test_no_experiments_give_an_empty_table_with_its_columns(self):
        table = summarise(tabulate([]), [], {}, comparable=True)
        assert table.empty
        assert "test_accuracy_verdict" in table


class TestPublished:
    @pytest.mark.parametrize(("mean", "word"), [(0.88, "agrees"), (0.90, "agrees"), (0.93, "higher"), (0.83, "lower")])
    def test_single_value_is_held_against_one_further_trial(self, mean, word):
        # t(0.975, 9) * 0.01 * sqrt(1.1) = 0.0237
        assert compare_with_published(mean, 0.01, 10, SINGLE, comparable=True)["verdict"] == word

    def test_mean_and_deviation_are_compared_as_welch_does(self):
        generator = np.random.default_rng(3)
        for _ in range(50):
            ours, theirs = generator.normal(0.9, 0.01, 6), generator.normal(0.907, 0.01, 10)
            # Documents print the population deviation; numpy's default is just that.
            published = {"mean": theirs.mean(), "std": theirs.std(), "trials": 10.0}
            found = compare_with_published(ours.mean(), ours.std(ddof=1), 6, published, comparable=True)
            p = stats.ttest_ind(ours, theirs, equal_var=False).pvalue
            assert (found["verdict"] == "agrees") == (p >= 0.05)

    def test_without_spread_on_our_side_rounding_does_not_decide(self):
        published = SINGLE | {"mean": 0.1}
        found = compare_with_published(0.1 + 1e-17, 0.0, 3, published, comparable=True)
        assert found["verdict"] == "agrees"

    def test_a_cut_budget_gets_no_verdict(self):
        found = compare_with_published(0.5, 0.01, 10, SINGLE, comparable=False)
        assert found["verdict"] == "not comparable"

    def test_rows_without_a_counterpart_are_left_out(self, tmp_path):
        path = tmp_path / "published.csv"
        path.write_text(
            "document,experiment,split,metric,mean,std,min,max,trials,note\n"
            "d,a,test,accuracy,0.9,0.01,0.8,0.95,10,\n"
            "d,a,kaggle,score,0.93,,,,1,\n"
        )
        assert read_published(path) == {("a", "test_accuracy"): {"mean": 0.9, "std": 0.01, "trials": 10}}
