"""The statistics against examples whose data and results are published."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from lookbook.statistics import intervals
from lookbook.statistics.comparisons import holm, paired, trials_to_detect
from lookbook.statistics.factorials import estimate_factorials

# Student 1908, "The probable error of a mean": additional hours of sleep of ten patients by each of two drugs.
SLEEP = np.array(
    [[0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]]
)
# Box, Hunter and Hunter 2005, "Statistics for Experimenters", chapter 5: the yield of a pilot plant by temperature,
# concentration and catalyst, two runs of each combination; the temperature changes first.
YIELDS = [(59, 61), (74, 70), (50, 58), (69, 67), (50, 54), (81, 85), (46, 44), (79, 81)]
EFFECTS = {"T": 23, "C": -5, "K": 1.5, "T:C": 1.5, "T:K": 10, "C:K": 0, "T:C:K": 0.5}


def test_the_paired_t_test_of_students_sleep_data():
    # R's documentation of t.test has these data; it prints t = 4.0621, df = 9, p = 0.002833.
    found = paired(SLEEP[1] - SLEEP[0])
    assert found["difference"] == pytest.approx(1.58)
    assert found["p"] == pytest.approx(0.002833, abs=5e-7)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.7001142, 2.4598858), abs=5e-8)
    # The second drug is better for nine patients and equal for one.
    assert found["probability_of_improvement"] == pytest.approx(0.95)


def test_welchs_interval_of_students_sleep_data():
    # As two independent samples, R prints df = 17.776 and this interval.
    parts = [value for drug in SLEEP for value in (drug.mean(), drug.std(ddof=1), 10)]
    assert intervals.welch_interval(*parts) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)


@pytest.mark.parametrize(
    ("count", "n", "wilson", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_the_intervals_of_rates_of_newcombe(count, n, wilson, exact):
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: methods 3 and 5.
    assert intervals.wilson_interval(count, n) == pytest.approx(wilson, abs=5e-5)
    assert intervals.exact_interval(count, n) == pytest.approx(exact, abs=5e-5)


@pytest.mark.parametrize(("effect", "needed"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_the_trials_to_detect_cohens_small_medium_and_large_effects(effect, needed):
    # What G*Power 3 gives for the difference of two dependent means, two-sided, 5%, power 0.8.
    assert trials_to_detect(effect, 1.0) == trials_to_detect(-effect / 10, 0.1) == needed


def test_holms_adjustment_of_four_p_values():
    # Sorted: 4 * 0.005, 3 * 0.01, then 2 * 0.03, which the last, 0.04, must not fall below.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_effects_of_the_pilot_plant():
    names, rows = {}, []
    for (k, c, t), runs in zip(product((False, True), repeat=3), YIELDS, strict=True):
        name = f"plant_{t:d}{c:d}{k:d}"
        names[name] = {"factorial": {"study": "plant", "factors": {"T": t, "C": c, "K": k}}}
        rows += [{"experiment": name, "trial": number, "test_accuracy": value} for number, value in enumerate(runs)]
    # One seed for all trials: the runs of the plant are no blocks.
    trials = pd.DataFrame(rows).assign(seed=0, status="ok", test_loss=np.nan, identity="i")
    table = estimate_factorials(trials, names)
    found = table[table["metric"] == "test_accuracy"].set_index("term")
    assert found["effect"].to_dict() == pytest.approx(EFFECTS)
    # The book gives a standard error of 1.4 with 8 degrees of freedom; t(0.975, 8) = 2.306.
    half = (found["ci_high"] - found["ci_low"]) / 2
    assert (half / 2.306).tolist() == pytest.approx([1.4] * 7, abs=0.02)
    # Temperature, concentration, and the interaction of temperature and catalyst stand out.
    assert set(found.index[found["p_adjusted"] < 0.05]) == {"T", "C", "T:K"}
