"""Confidence and prediction intervals at 95%. Standard deviations have ddof=1."""

import math

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

CONFIDENCE = 0.95
# Accuracies are multiples of one image, so two trials can be equal by chance, and an interval of theirs has no width.
FEWEST = 3
Interval = tuple[float, float]
UNKNOWN: Interval = (math.nan, math.nan)


def mean_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Return Student's t interval of the mean of (n,) values; NaN for fewer than two values."""
    if len(values) < 2:
        return UNKNOWN
    return t_interval(float(np.mean(values)), float(stats.sem(values)), len(values) - 1, confidence)


def prediction_interval(mean: float, std: float, n: int) -> Interval:
    """Return the interval for the value of one more trial: mean +- t * std * sqrt(1 + 1/n).

    Args:
        mean, std: of n trials, std with ddof=1.
        n: number of trials; fewer than two give NaN.
    """
    if n < 2:
        return UNKNOWN
    return t_interval(mean, std * math.sqrt(1 + 1 / n), n - 1)


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

    Source: Welch 1947, with the degrees of freedom of Satterthwaite. SciPy and statsmodels compute it from samples
    only, and documents publish means and standard deviations. Fewer than two values on either side give NaN.
    """
    if min(n, other_n) < 2:
        return UNKNOWN
    parts = std**2 / n, other_std**2 / other_n
    error = math.sqrt(sum(parts))
    # Zero variance: the Satterthwaite formula is 0/0; any value gives a zero-width interval.
    squares = parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (other_n - 1)
    freedom = error**4 / squares if squares else n + other_n - 2
    return t_interval(mean - other_mean, error, freedom, confidence)


def wilson_interval(count: int, n: int) -> Interval:
    """Return Wilson's interval of the rate ``count / n``; NaN for n = 0."""
    if n == 0:
        return UNKNOWN
    low, high = proportion_confint(count, n, alpha=1 - CONFIDENCE, method="wilson")
    # The formula gives about 5e-17 where the bound is exactly 0.
    return (float(low) if count else 0.0), (float(high) if count < n else 1.0)


def exact_interval(count: int, n: int) -> Interval:
    """Return the interval of Clopper and Pearson (1934) of the rate ``count / n``; NaN for n = 0."""
    if n == 0:
        return UNKNOWN
    low, high = proportion_confint(count, n, alpha=1 - CONFIDENCE, method="beta")
    return float(low), float(high)


def sample_std(population_std: float, n: int) -> float:
    """Convert a population standard deviation (ddof=0) of n >= 2 values, which the documents print, to a sample one."""
    return population_std * math.sqrt(n / (n - 1))


def t_interval(center: float, error: float, freedom: float, confidence: float = CONFIDENCE) -> Interval:
    """Return ``center`` -+ t * ``error`` for the given degrees of freedom."""
    if error == 0:
        # scipy.stats.t.interval returns NaN for a standard error of zero.
        return center, center
    low, high = stats.t.interval(confidence, freedom, center, error)
    return float(low), float(high)
