"""The statistics on few, equal, failed, missing and unequally many trials, without a warning."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lookbook.statistics import intervals
from lookbook.statistics.best_network import best_network
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.factorials import estimate_factorials
from lookbook.statistics.published import compare_with_published
from lookbook.statistics.runs import compare_runs
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import COLUMNS

pytestmark = pytest.mark.filterwarnings("error")

MEAN_OF_TEN = {"mean": 0.9, "std": 0.01, "min": 0.88, "max": 0.92, "trials": 10.0}
PROFILE = {"comparable": True, "margin": {"accuracy": 0.01, "loss": 0.03}}
NAN = math.nan


def tabulate(device="cpu", **accuracies):
    """Return trials by experiment; an accuracy of None is that of a failed trial."""
    rows = [
        {"experiment": name, "trial": trial, "seed": trial, "status": "failed" if value is None else "ok"}
        | {"test_accuracy": value, "device": None if value is None else device, "identity": f"{name} {trial}"}
        for name, values in accuracies.items()
        for trial, value in enumerate(values)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"test_accuracy": float})
    return table.assign(test_loss=1 - table["test_accuracy"])


class TestIntervals:
    @pytest.mark.parametrize("n", [0, 1])
    def test_fewer_than_two_values_have_none(self, n):
        assert np.isnan(intervals.prediction_interval(0.9, NAN, n)).all()
        assert np.isnan(intervals.welch_interval(0.9, NAN, n, 0.8, 0.01, 10)).all()
        assert np.isnan(intervals.welch_interval(0.8, 0.01, 10, 0.9, NAN, n)).all()

    def test_equal_values_have_one_without_width(self):
        assert intervals.prediction_interval(0.9, 0.0, 3) == (0.9, 0.9)
        assert intervals.welch_interval(0.9, 0.0, 3, 0.8, 0.0, 2) == pytest.approx((0.1, 0.1))

    def test_against_equal_values_welchs_interval_is_that_of_the_other_mean(self):
        expected = stats.t.interval(0.95, 4, 0.1, 0.02 / math.sqrt(5))
        assert intervals.welch_interval(0.9, 0.02, 5, 0.8, 0.0, 10) == pytest.approx(expected)
        assert intervals.welch_interval(0.9, 0.0, 10, 0.8, 0.02, 5) == pytest.approx(expected)

    def test_another_confidence_is_that_of_scipy(self):
        values = np.array([0.88, 0.9, 0.91, 0.95])
        expected = stats.t.interval(0.9, 3, values.mean(), stats.sem(values))
        assert intervals.mean_interval(values, 0.9) == pytest.approx(expected)

    @pytest.mark.parametrize("n", [1, 7])
    def test_the_ends_of_an_exact_interval_are_zero_and_one(self, n):
        # No success in n: the upper bound solves (1 - p)**n = 0.025.
        bound = 1 - 0.025 ** (1 / n)
        assert intervals.exact_interval(0, n) == pytest.approx((0.0, bound))
        assert intervals.exact_interval(n, n) == pytest.approx((1 - bound, 1.0))

    def test_no_trial_has_no_rate(self):
        assert np.isnan(intervals.exact_interval(0, 0)).all()


class TestPublished:
    def test_one_trial_does_not_decide_against_a_published_mean(self):
        found = compare_with_published(np.array([0.5]), MEAN_OF_TEN, 0.01, comparable=True)
        assert (found["verdict"], found["in_range"]) == ("inconclusive", 0)
        assert found["delta"] == pytest.approx(-0.4)

    def test_equal_trials_are_compared_by_the_spread_of_the_published_ones(self):
        found = compare_with_published(np.full(3, 0.9), MEAN_OF_TEN, 0.01, comparable=True)
        half = stats.t.ppf(0.975, 9) * 0.01 / 3  # The sample deviation is 0.01 * sqrt(10 / 9), over sqrt(10).
        assert (found["delta_low"], found["delta_high"]) == pytest.approx((-half, half))
        assert found["verdict"] == "reproduced"

    def test_a_mean_without_deviation_is_compared_as_a_single_value(self):
        values = np.array([0.88, 0.90, 0.93])
        found, single = (
            compare_with_published(values, MEAN_OF_TEN | {"std": NAN, "trials": n}, 0.01, comparable=True)
            for n in (10.0, 1.0)
        )
        assert {**found, "published_trials": 1} == pytest.approx(single, nan_ok=True)
        assert found["verdict"] == "compatible"


class TestSummary:
    @pytest.mark.parametrize("split", ["train", "valid", "test"])
    def test_losses_and_accuracies_of_every_split_have_verdicts(self, split):
        trials = tabulate(a=[0.90, 0.90, 0.91]).rename(
            columns={f"test_{metric}": f"{split}_{metric}" for metric in ("accuracy", "loss")}
        )
        trials = trials.loc[:, ~trials.columns.duplicated(keep="last")].reindex(columns=list(COLUMNS))
        published = {("a", f"{split}_accuracy"): MEAN_OF_TEN, ("a", f"{split}_loss"): MEAN_OF_TEN | {"mean": 0.05}}
        row = summarise(trials, ["a"], published, PROFILE).iloc[0]
        assert (row[f"{split}_accuracy_verdict"], row[f"{split}_loss_verdict"]) == ("compatible", "higher")
        others = [column for column in row.index if column.endswith("_verdict") and not column.startswith(split)]
        assert len(others) == 4
        assert row[others].isna().all()

    def test_a_missing_value_of_a_finished_trial_is_left_out(self):
        trials = tabulate(a=[0.9, NAN, 0.92])
        row = summarise(trials, ["a"], {("a", "test_accuracy"): MEAN_OF_TEN}, PROFILE).iloc[0]
        assert (row["n_ok"], row["test_accuracy_in_range"]) == (3, 2)
        assert row["test_accuracy_mean"] == pytest.approx(0.91)
        assert row["test_accuracy_std"] == pytest.approx(0.01 * math.sqrt(2))

    def test_equal_trials_have_an_interval_without_width(self):
        row = summarise(tabulate(a=[0.1] * 10), ["a"], {}, PROFILE).iloc[0]
        assert [row[f"test_accuracy_{part}"] for part in ("mean", "std", "ci_low", "ci_high")] == pytest.approx(
            [0.1, 0.0, 0.1, 0.1]
        )


class TestComparisons:
    def compare(self, **accuracies):
        return compare_with_bases(tabulate(**accuracies), {"a": {}, "b": {"base": "a"}}).iloc[0]

    def test_unequally_many_trials_are_paired_as_far_as_both_have_them(self):
        row = self.compare(a=[0.90, 0.91, 0.90], b=[0.91, 0.93, 0.92, 0.1, 0.1])
        assert row["n_pairs"] == 3
        assert row["test_accuracy_p"] == pytest.approx(stats.ttest_rel([0.91, 0.93, 0.92], [0.90, 0.91, 0.90]).pvalue)

    @pytest.mark.parametrize("b", [[], [None, None]], ids=["not run", "all failed"])
    def test_without_trials_there_is_nothing_to_compare(self, b):
        row = self.compare(a=[0.9, 0.91], b=b)
        assert row["n_pairs"] == 0
        assert row[["test_accuracy_difference", "test_accuracy_p_adjusted", "trials_needed"]].isna().all()

    def test_a_missing_value_takes_its_pair_out_of_this_metric_only(self):
        trials = tabulate(a=[0.90, 0.91, 0.90], b=[0.91, 0.93, 0.95])
        trials.loc[(trials["experiment"] == "b") & (trials["trial"] == 2), "test_loss"] = NAN
        row = compare_with_bases(trials, {"a": {}, "b": {"base": "a"}}).iloc[0]
        assert (row["test_accuracy_difference"], row["test_loss_difference"]) == pytest.approx((0.08 / 3, -0.015))
        assert row["test_loss_p"] == pytest.approx(stats.ttest_rel([0.91, 0.93], [0.90, 0.91]).pvalue)


class TestRuns:
    def compare(self, ours, theirs):
        names = dict.fromkeys("ab", "digest")
        return compare_runs(tabulate(**ours), tabulate("gpu", **theirs), (names, names)).set_index("experiment")

    def test_a_run_against_itself_has_no_difference(self):
        trials = tabulate(a=[0.9, 0.91, 0.93])
        row = compare_runs(trials, trials, ({"a": "d"}, {"a": "d"})).iloc[0]
        assert (row["test_accuracy_difference"], row["test_accuracy_p_adjusted"], row["differs_in"]) == (0, 1, "")

    def test_unequally_many_trials_and_a_single_pair(self):
        table = self.compare({"a": [0.9, 0.91, 0.93], "b": [0.8]}, {"a": [0.91, 0.9], "b": [0.81, 0.83]})
        assert table["n_pairs"].tolist() == [2, 1]
        assert table["test_accuracy_difference"].tolist() == pytest.approx([0.0, -0.01])
        # A single pair has no p, and does not count as a comparison.
        assert table["test_accuracy_p_adjusted"].tolist() == pytest.approx([1.0, NAN], nan_ok=True)
        assert table["differs_in"].tolist() == ["device", "device"]

    def test_an_experiment_without_finished_trials_in_a_run_differs_in_nothing_known(self):
        table = self.compare({"a": [0.9, 0.91], "b": []}, {"a": [None, None], "b": [0.8, 0.9]})
        assert table["n_pairs"].tolist() == [0, 0]
        assert table["test_accuracy_difference"].isna().all()
        assert table["differs_in"].tolist() == ["", ""]


def test_the_best_network_is_one_with_a_value():
    summary = summarise(tabulate(a=[0.9, None], b=[None], c=[0.9]), ["a", "b", "c"], {}, PROFILE)
    assert best_network(summary, ["b", "absent"]) is None
    assert best_network(summary, ["b", "c", "a"]) == "c"


def test_a_factor_of_one_trial_on_each_side_has_an_effect_without_interval():
    cells = {name: {"factorial": {"study": "s", "factors": {"x": name == "b"}}} for name in "ab"}
    row = estimate_factorials(tabulate(a=[0.9], b=[0.92]), cells).iloc[0]
    assert (row["term"], row["effect"]) == ("x", pytest.approx(0.02))
    assert row[["ci_low", "ci_high", "p", "p_adjusted"]].isna().all()
    row = estimate_factorials(tabulate(a=[0.9, 0.91, 0.93], b=[0.92, None]), cells).iloc[0]
    assert row["effect"] == pytest.approx(0.02)
