"""The tests that decide about claims, against independent computations and on edge cases."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from lookbook.statistics.claim_evidence import interval, rate
from lookbook.statistics.claim_tests import (
    CONTRADICTED,
    SUPPORTED,
    UNDECIDED,
    Outcome,
    Sample,
    judge_above,
    judge_equal,
    judge_not_above,
    judge_order,
    judge_rate,
    judge_spread,
)

GENERATOR = np.random.default_rng(3)
NOISY = GENERATOR.normal(0.004, 0.01, 5)
NARROW, WIDE = GENERATOR.normal(0.9, 0.002, 10), GENERATOR.normal(0.9, 0.02, 10)


def sample(*values, others=None):
    return Sample(np.array(values, dtype=float), None if others is None else np.array(others, dtype=float))


class TestMeans:
    def test_the_verdict_is_that_of_the_t_test(self):
        for center in (-0.02, -0.001, 0.0, 0.001, 0.02):
            values = GENERATOR.normal(center, 0.005, 8)
            p, outcome = stats.ttest_1samp(values, 0.0).pvalue, judge_above(Sample(values), 0.0)
            decided = SUPPORTED if values.mean() > 0 else CONTRADICTED
            assert outcome.verdict == (decided if p < 0.05 else UNDECIDED)
            assert (outcome.low, outcome.high) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.95))

    def test_two_groups_of_different_size_are_compared_by_welch(self):
        outcome = judge_above(Sample(WIDE, NARROW[:4]), 0.0)
        expected = stats.ttest_ind(WIDE, NARROW[:4], equal_var=False).confidence_interval(0.95)
        assert (outcome.low, outcome.high) == pytest.approx((expected.low, expected.high))
        assert outcome.estimate == pytest.approx(WIDE.mean() - NARROW[:4].mean())

    def test_two_equal_differences_decide_nothing(self):
        for outcome in (judge_above(sample(0.1, 0.1), 0.0), judge_equal(sample(0.0, 0.0), 0.01)):
            assert (outcome.verdict, outcome.trials_needed) == (UNDECIDED, 3)
        assert judge_above(sample(0.1, 0.1, 0.1), 0.0).verdict == SUPPORTED

    def test_two_differences_of_zero_would_decide_nothing_if_they_stay(self):
        assert judge_above(sample(0.0, 0.0), 0.0).trials_needed is None

    def test_the_needed_trials_of_an_equality_have_the_stated_power(self):
        values = np.array([-0.015, 0.0, 0.015, 0.004, -0.004])
        outcome = judge_equal(Sample(values), 0.01)
        assert outcome.verdict == UNDECIDED
        generator = np.random.default_rng(0)
        draws = generator.normal(values.mean(), values.std(ddof=1), (4000, outcome.trials_needed))
        assert np.mean([judge_equal(Sample(draw), 0.01).verdict == SUPPORTED for draw in draws]) > 0.78

    @pytest.mark.parametrize("values", [[], [0.5]])
    def test_fewer_than_two_values_have_no_interval(self, values):
        for outcome in (
            judge_above(sample(*values), 0.0),
            judge_not_above(sample(*values), 0.01),
            judge_equal(sample(*values), 0.01),
            judge_above(sample(*values, others=[0.1, 0.2]), 0.0),
        ):
            assert (outcome.verdict, outcome.trials_needed) == (UNDECIDED, None)
            assert math.isnan(outcome.low)

    def test_equal_values_have_an_interval_without_width(self):
        assert judge_above(sample(0.1, 0.1, 0.1), 0.0).verdict == SUPPORTED
        assert judge_above(sample(-0.1, -0.1, -0.1), 0.0).verdict == CONTRADICTED
        assert judge_above(sample(0.0, 0.0, 0.0), 0.0).verdict == UNDECIDED
        assert judge_equal(sample(0.0, 0.0, 0.0), 0.01).verdict == SUPPORTED
        assert judge_not_above(sample(0.0, 0.0, 0.0), 0.01).verdict == SUPPORTED

    @pytest.mark.parametrize(
        ("center", "verdict"),
        [(-0.1, SUPPORTED), (0.0, SUPPORTED), (0.005, CONTRADICTED), (0.1, CONTRADICTED)],
    )
    def test_a_real_gain_below_the_margin_contradicts_that_there_is_none(self, center, verdict):
        assert judge_not_above(sample(center - 0.001, center, center + 0.001), 0.01).verdict == verdict

    @pytest.mark.parametrize(
        ("center", "verdict"), [(0.0, SUPPORTED), (0.006, SUPPORTED), (0.01, UNDECIDED), (0.1, CONTRADICTED)]
    )
    def test_equal_means_differ_by_less_than_the_margin(self, center, verdict):
        outcome = judge_equal(sample(center - 0.001, center, center + 0.001), 0.01)
        assert outcome.verdict == verdict
        mirrored = judge_equal(sample(-center - 0.001, -center, -center + 0.001), 0.01)
        assert mirrored.verdict == verdict

    def test_the_needed_trials_have_the_stated_power(self):
        outcome = judge_above(Sample(NOISY), 0.0)
        assert outcome.verdict == UNDECIDED
        effect = abs(NOISY.mean()) / NOISY.std(ddof=1)
        assert TTestPower().power(effect, outcome.trials_needed, 0.05) >= 0.8
        assert TTestPower().power(effect, outcome.trials_needed - 1, 0.05) < 0.8

    def test_a_gain_above_the_margin_is_decided_by_its_distance_from_zero(self):
        values = Sample(0.02 + GENERATOR.normal(0.0, 0.05, 6))
        outcome = judge_not_above(values, 0.01)
        assert outcome.verdict == UNDECIDED
        assert outcome.trials_needed == judge_above(values, 0.0).trials_needed

    def test_decided_claims_need_no_trials(self):
        assert judge_above(sample(0.1, 0.11, 0.12), 0.0).trials_needed is None


class TestOrder:
    STEP = sample(0.1, 0.11, 0.12)
    REVERSED = sample(-0.1, -0.11, -0.12)

    def test_every_step_must_hold(self):
        assert judge_order([self.STEP, self.STEP])[0].verdict == SUPPORTED
        assert judge_order([self.STEP, Sample(NOISY)])[0].verdict == UNDECIDED
        assert judge_order([self.STEP, self.REVERSED])[0].verdict == CONTRADICTED

    def test_the_estimate_is_that_of_the_step_that_decides(self):
        noisy = sample(-0.3, 0.1, -0.4, 0.2)  # its mean is the lowest, and its interval contains zero
        total, steps = judge_order([noisy, sample(-0.05, -0.051, -0.052)])
        assert steps[0].estimate < steps[1].estimate
        assert (total.verdict, total.estimate, total.high) == (CONTRADICTED, steps[1].estimate, steps[1].high)
        total, _ = judge_order([self.STEP, Sample(NOISY)])
        assert (total.estimate, total.trials_needed) == (NOISY.mean(), judge_above(Sample(NOISY), 0.0).trials_needed)

    def test_no_number_of_trials_is_given_where_one_step_has_none(self):
        values = np.array([-1.0, 0.0, 1.0, 0.5, -0.5])
        values = values - values.mean()
        reversed_at_95 = Sample(values - 3.2 * stats.sem(values))
        total, _ = judge_order([Sample(NOISY), reversed_at_95])
        assert (total.verdict, total.trials_needed) == (UNDECIDED, None)

    def test_a_reversed_step_is_judged_with_an_adjusted_interval(self):
        # p = 0.03: reversed alone, but not among two steps.
        values = np.array([-1.0, 0.0, 1.0, 0.5, -0.5])
        values = values - values.mean()
        shift = 3.2 * stats.sem(values)
        step = Sample(values - shift)
        assert 0.025 < stats.ttest_1samp(step.values, 0.0).pvalue < 0.05
        assert judge_order([step])[0].verdict == CONTRADICTED
        assert judge_order([self.STEP, step])[0].verdict == UNDECIDED


class TestSpread:
    def test_the_verdict_is_that_of_scipy(self):
        for first, second in ((WIDE, NARROW), (NARROW, WIDE), (WIDE, WIDE[::-1] + 0.1), (WIDE[:3], NARROW)):
            p = stats.levene(first, second, center="median").pvalue
            outcome = judge_spread(first, second)
            larger = SUPPORTED if outcome.estimate > 0 else CONTRADICTED
            assert outcome.verdict == (larger if p < 0.05 else UNDECIDED)

    def test_the_interval_is_that_of_the_same_test(self):
        deviations = [np.abs(group - np.median(group)) for group in (WIDE, NARROW)]
        expected = stats.ttest_ind(*deviations).confidence_interval(0.95)
        outcome = judge_spread(WIDE, NARROW)
        assert (outcome.low, outcome.high) == pytest.approx((expected.low, expected.high))

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_fewer_than_three_trials_decide_nothing(self, n):
        for first, second in ((WIDE[:n], NARROW), (NARROW, WIDE[:n]), (WIDE[:n], NARROW[:n])):
            outcome = judge_spread(first, second)
            assert (outcome.verdict, outcome.trials_needed) == (UNDECIDED, None)
            assert math.isnan(outcome.low)

    def test_equal_trials(self):
        equal = np.full(3, 0.9)
        assert judge_spread(equal, equal).verdict == UNDECIDED
        assert judge_spread(WIDE, equal).estimate > 0


class TestRates:
    def test_the_interval_is_that_of_clopper_and_pearson(self):
        outcome = judge_rate(7, 10, 0.5)
        low, high = stats.binomtest(7, 10).proportion_ci(0.95, "exact")
        assert (outcome.estimate, outcome.low, outcome.high) == pytest.approx((0.7, low, high))

    @pytest.mark.parametrize(
        ("count", "n", "verdict"),
        [(0, 0, UNDECIDED), (1, 1, UNDECIDED), (3, 3, UNDECIDED), (10, 10, SUPPORTED), (0, 10, CONTRADICTED)],
    )
    def test_few_trials_decide_nothing(self, count, n, verdict):
        assert judge_rate(count, n, 0.5).verdict == verdict

    def test_the_needed_trials_decide_if_the_rate_stays(self):
        outcome = judge_rate(3, 3, 0.5)
        assert judge_rate(outcome.trials_needed, outcome.trials_needed, 0.5).verdict == SUPPORTED
        assert judge_rate(outcome.trials_needed - 1, outcome.trials_needed - 1, 0.5).verdict == UNDECIDED
        assert judge_rate(1, 2, 0.5).trials_needed is None

    @pytest.mark.parametrize(("count", "n", "share"), [(3, 4, 0.5), (4, 5, 0.5), (0, 1, 0.05), (1, 4, 0.5)])
    def test_the_needed_trials_of_a_rate_have_the_stated_power(self, count, n, share):
        def power(trials):
            chances = stats.binom.pmf(np.arange(trials + 1), trials, count / n)
            verdicts = [judge_rate(found, trials, share).verdict for found in range(trials + 1)]
            return sum(chance for chance, verdict in zip(chances, verdicts, strict=True) if verdict != UNDECIDED)

        needed = judge_rate(count, n, share).trials_needed
        assert power(needed) >= 0.8 > power(needed - 1)


def test_the_evidence_rounds_the_values_of_the_table():
    outcome = Outcome("undecided", -0.0195499999999999, 0.025000000000000022, 0.006949999999999)
    assert interval(outcome) == "−0.0196 (95% interval: +0.0250 to +0.0069)"  # noqa: RUF001
    assert rate(outcome) == "(95% interval of the rate: 2% to 1%)"
