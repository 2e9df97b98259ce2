"""The tests that decide about a claim, on the values of its trials alone.

Each test follows from a 95% interval of one quantity: the claim is supported if the whole interval agrees with it,
contradicted if no part of the interval does, and undecided otherwise. Fewer than ``FEWEST`` trials decide nothing about
a mean: accuracies are multiples of one image, so two trials can have equal differences, whose interval has no width,
by chance. The number of trials that would decide is computed as if the estimate and the spread were the true ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from lookbook.statistics.comparisons import POWER, trials_to_detect
from lookbook.statistics.intervals import (
    CONFIDENCE,
    FEWEST,
    UNKNOWN,
    Interval,
    exact_interval,
    mean_interval,
    welch_interval,
)
from lookbook.statistics.trials import ROUNDING

SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"
MOST_TRIALS_OF_A_RATE = 1_000


@dataclass(frozen=True)
class Sample:
    """Values of which the mean is of interest, or the difference between the means of two groups.

    Attributes:
        values: of one group, of shape (n,); the differences of pairs are one group.
        others: of a second, independent group, of shape (m,), or None.
    """

    values: np.ndarray
    others: np.ndarray | None = None

    @property
    def n(self) -> int:
        """The number of values of the smaller group."""
        return min(len(group) for group in (self.values, self.others) if group is not None)

    @property
    def estimate(self) -> float:
        """The mean, or the difference of the means; NaN without values."""
        groups = [self.values] if self.others is None else [self.values, self.others]
        if not all(map(len, groups)):
            return math.nan
        return float(self.values.mean() - (0.0 if self.others is None else self.others.mean()))

    @property
    def std(self) -> float:
        """The standard deviation of one value, or of the difference of one value of each group; NaN if unknown."""
        groups = [self.values] if self.others is None else [self.values, self.others]
        if any(len(group) < 2 for group in groups):
            return math.nan
        return math.sqrt(sum(group.var(ddof=1) for group in groups))

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return Student's interval of the mean, or Welch's of the difference."""
        if self.others is None:
            return mean_interval(self.values, confidence)
        if min(len(self.values), len(self.others)) < 2:
            return UNKNOWN
        a, b = self.values, self.others
        return welch_interval(
            float(a.mean()), float(a.std(ddof=1)), len(a), float(b.mean()), float(b.std(ddof=1)), len(b), confidence
        )


@dataclass(frozen=True)
class Outcome:
    """What a test says.

    Attributes:
        verdict: one of ``SUPPORTED``, ``CONTRADICTED``, ``UNDECIDED``.
        estimate, low, high: the quantity and its interval; NaN if unknown.
        trials_needed: how many trials of each experiment would decide; None if decided or not computable.
    """

    verdict: str
    estimate: float
    low: float
    high: float
    trials_needed: int | None = None


def judge_above(sample: Sample, bound: float, confidence: float = CONFIDENCE) -> Outcome:
    """Judge whether a mean, or a difference of means, is above a bound."""
    low, high = sample.interval(confidence)
    verdict = SUPPORTED if low > bound + ROUNDING else CONTRADICTED if high < bound - ROUNDING else UNDECIDED
    return _outcome(verdict, sample, (low, high), sample.estimate - bound)


def judge_not_above(sample: Sample, margin: float) -> Outcome:
    """Judge whether a difference of means is below ``margin`` and, by its interval, possibly not above zero."""
    low, high = sample.interval()
    verdict = CONTRADICTED if low > ROUNDING else SUPPORTED if high < margin + ROUNDING else UNDECIDED
    # More trials would show that the difference is above zero, or that it is below the margin.
    return _outcome(verdict, sample, (low, high), max(sample.estimate, margin - sample.estimate))


def judge_equal(sample: Sample, margin: float) -> Outcome:
    """Judge whether a difference of means lies within -+ ``margin``: two one-sided tests (Schuirmann 1987)."""
    low, high = sample.interval()
    if max(-low, high) <= margin + ROUNDING:
        verdict = SUPPORTED
    else:
        verdict = CONTRADICTED if low > margin or high < -margin else UNDECIDED
    distance = margin - abs(sample.estimate)
    # A mean inside is to be told from both bounds, each with half of the probability to fail.
    return _outcome(verdict, sample, (low, high), distance, (1 + POWER) / 2 if distance > 0 else POWER)


def judge_order(steps: Sequence[Sample]) -> tuple[Outcome, list[Outcome]]:
    """Judge whether each difference of successive means is above zero.

    The claim is supported if every step is, each at 95%: that all steps hold needs no adjustment (Berger 1982). It is
    contradicted if any step is reversed, with intervals adjusted for the number of steps (Bonferroni).

    Returns:
        The outcome of the order, and that of each step. The first has the estimate of the first step that contradicts
        the order, else of the smallest step, and the largest number of trials of its steps if all have one.
    """
    outcomes = [judge_above(step, 0.0) for step in steps]
    adjusted = 1 - (1 - CONFIDENCE) / len(steps)
    for step, outcome in zip(steps, outcomes, strict=True):
        if judge_above(step, 0.0, adjusted).verdict == CONTRADICTED:
            return replace(outcome, verdict=CONTRADICTED), outcomes
    smallest = min(outcomes, key=lambda outcome: outcome.estimate)
    open_steps = [outcome.trials_needed for outcome in outcomes if outcome.verdict != SUPPORTED]
    if not open_steps:
        return smallest, outcomes
    needed = None if None in open_steps else max(filter(None, open_steps))
    return replace(smallest, verdict=UNDECIDED, trials_needed=needed), outcomes


def judge_spread(values: np.ndarray, others: np.ndarray) -> Outcome:
    """Judge whether the first of two groups varies more, by the test of Brown and Forsythe (1974).

    The test compares the mean absolute deviations from the groups' medians; its interval is the pooled t interval of
    their difference.
    """
    deviations = [np.abs(group - np.median(group)) if len(group) else group for group in (values, others)]
    sample = Sample(*deviations)
    if sample.n < FEWEST:
        # Two values deviate equally from their median, which tells nothing about how deviations vary.
        return Outcome(UNDECIDED, sample.estimate, *UNKNOWN)
    low, high = sample.estimate, sample.estimate
    if sample.std >= ROUNDING:
        compared = CompareMeans(DescrStatsW(deviations[0]), DescrStatsW(deviations[1]))
        low, high = map(float, compared.tconfint_diff(alpha=1 - CONFIDENCE, usevar="pooled"))
    verdict = SUPPORTED if low > ROUNDING else CONTRADICTED if high < -ROUNDING else UNDECIDED
    return _outcome(verdict, sample, (low, high), sample.estimate)


def judge_rate(count: int, n: int, share: float) -> Outcome:
    """Judge whether a rate is above ``share``, by the exact interval of ``count`` of ``n``."""
    low, high = exact_interval(count, n)
    verdict = SUPPORTED if low > share else CONTRADICTED if high < share else UNDECIDED
    rate = count / n if n else math.nan
    needed = _trials_of_a_rate(rate, n, share) if verdict == UNDECIDED and n else None
    return Outcome(verdict, rate, low, high, needed)


def _trials_of_a_rate(rate: float, n: int, share: float) -> int | None:
    """Return how many trials, more than ``n``, tell a rate from ``share`` with power ``POWER``; None if too many."""
    larger = np.arange(n + 1, MOST_TRIALS_OF_A_RATE + 1)
    tail = (1 - CONFIDENCE) / 2
    # The counts whose interval of Clopper and Pearson is above or below the share.
    least, most = stats.binom.isf(tail, larger, share) + 1, stats.binom.ppf(tail, larger, share) - 1
    power = stats.binom.sf(least - 1, larger, rate) + stats.binom.cdf(most, larger, rate)
    enough = larger[power >= POWER]
    return int(enough[0]) if len(enough) else None


def _outcome(verdict: str, sample: Sample, interval: Interval, distance: float, power: float = POWER) -> Outcome:
    """Return the outcome with the number of trials that would decide; ``distance`` is that to the nearest bound."""
    verdict, needed = (verdict if sample.n >= FEWEST else UNDECIDED), None
    if verdict == UNDECIDED and sample.std >= ROUNDING:
        found = trials_to_detect(distance, sample.std, power)
        needed = found and max(FEWEST, found)
    elif verdict == UNDECIDED and sample.n < FEWEST and sample.std >= 0 and abs(distance) > ROUNDING:
        needed = FEWEST  # if their values stay equal
    return Outcome(verdict, sample.estimate, *interval, needed)
