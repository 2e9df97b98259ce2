"""Intervals for the mean of a few trials, for a rate, and for what was published. All at 95% unless said.

Standard deviations are sample ones (ddof=1) throughout; published ones are converted on the way in.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95
Interval = tuple[float, float]
UNKNOWN: Interval = (math.nan, math.nan)


def mean_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Return Student's t interval of the mean of (n,) values; NaN twice for fewer than two of them."""
    if len(values) < 2:
        return UNKNOWN
    return around(float(np.mean(values)), float(stats.sem(values)), len(values) - 1, confidence)


def prediction_interval(mean: float, std: float, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval that one further trial falls into: mean +- t * std * sqrt(1 + 1/n).

    Args:
        mean, std: of n trials, std with ddof=1.
        n: number of trials; fewer than two give NaN twice.
    """
    if n < 2:
        return UNKNOWN
    return around(mean, std * math.sqrt(1 + 1 / n), n - 1, confidence)


def welch_interval(
    mean: float,
    std: float,
    n: int,
    other_mean: float,
    other_std: float,
    other_n: int,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the interval of ``mean - other_mean`` for two independent samples of unequal variance.

    Source: Welch 1947, with the degrees of freedom of Satterthwaite. Both standard deviations have ddof=1.
    Fewer than two values on either side give NaN twice.
    """
    if min(n, other_n) < 2:
        return UNKNOWN
    parts = std**2 / n, other_std**2 / other_n
    error = math.sqrt(sum(parts))
    # Without any spread the degrees of freedom are 0 / 0, and do not matter.
    squares = parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (other_n - 1)
    freedom = error**4 / squares if squares else n + other_n - 2
    return around(mean - other_mean, error, freedom, confidence)


def wilson_interval(count: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's interval of a rate, which stays useful at 0 of n and at n of n; NaN twice for n = 0."""
    if n == 0:
        return UNKNOWN
    low, high = proportion_confint(count, n, alpha=1 - confidence, method="wilson")
    # The closed form leaves 5e-17 where the bound is exactly 0.
    return (float(low) if count else 0.0), (float(high) if count < n else 1.0)


def sample_std(population_std: float, n: int) -> float:
    """Convert a population standard deviation (ddof=0), which the documents print, to a sample one (ddof=1)."""
    return population_std * math.sqrt(n / (n - 1))


def clip_interval(interval: Interval, lowest: float, highest: float) -> Interval:
    """Return the part of an interval that lies in the range of the figure; NaN stays NaN.

    What is cut off holds no possible value, so the interval covers the true one exactly as often as before.
    """
    low, high = interval
    return float(np.clip(low, lowest, highest)), float(np.clip(high, lowest, highest))


def around(centre: float, error: float, freedom: float, confidence: float) -> Interval:
    """Return centre -+ t * error; scipy answers NaN where the error is zero, here it is the centre itself."""
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return centre - half, centre + half
