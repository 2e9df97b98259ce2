"""Each experiment compared with its base, in pairs of trials.

Trial t of both experiments has the same seed. Differences are taken per pair, so variation that both trials share
(split, order, initial weights) cancels out.

The p-value is that of the paired t-test. Wilcoxon's signed-rank test is the usual alternative, but its smallest
two-sided p for n pairs is 2 / 2**n: 0.25 for three trials, which can never be significant, and 0.002 for ten, which
cannot survive adjustment for more than 25 comparisons. The t-test assumes that the mean difference is about normal.
Trials that collapse violate this; the probability of improvement assumes nothing. Bouthillier et al. 2021, "Accounting
for Variance in Machine Learning Benchmarks", recommend that probability as the effect size.

Intervals cover the variation between trials, not that of another test set.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from lookbook.evaluation.metrics import COLUMNS as METRIC_COLUMNS
from lookbook.results.tables import identity_of
from lookbook.results.trial import FINISHED
from lookbook.statistics.intervals import CONFIDENCE, mean_interval
from lookbook.statistics.trials import COMPARED, ROUNDING

PARTS = ("difference", "ci_low", "ci_high", "probability_of_improvement", "p", "p_adjusted")
VALUES = tuple(f"{metric}_{part}" for metric in COMPARED for part in PARTS)
COLUMNS = ("experiment", "base", "n_pairs", *VALUES, "trials_needed", "note", "identity")
# The difference of test accuracies that ``trials_needed`` is about, and the power to detect it.
DETECTED, POWER = 0.005, 0.8
MOST_TRIALS = 100_000
# The settings that decide which images trial t has, and their labels. Where one differs, trials are no pairs.
UNPAIRED = (
    *("dataset", "one_vs_all", "split", "limit"),
    *(f"sampling.{key}" for key in ("classes", "size", "proportions", "per_class", "before_split")),
)


def compare_with_bases(trials: pd.DataFrame, experiments: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per experiment whose base is in the benchmark, with the columns ``COLUMNS``.

    Args:
        trials: one row per trial, as ``collect_trials`` returns it; only finished trials are compared.
        experiments: name to ``{"base", "changes": [{"key", ...}]}``.

    Returns:
        ``difference`` is experiment minus base; ``ci_low`` and ``ci_high`` are its t interval;
        ``probability_of_improvement`` is the share of pairs in which the experiment is better, ties counted half;
        ``p`` is that of the paired t-test; ``p_adjusted`` is Holm's over all rows of a metric. ``trials_needed`` is
        the number of pairs that detects a difference of ``DETECTED`` in test accuracy. ``note`` names what else
        differs within a pair.
    """
    finished = trials[trials["status"].isin(FINISHED)]
    rows = []
    for name, experiment in experiments.items():
        base = experiment.get("base")
        if base is None or base not in experiments:
            continue
        ours, theirs = (finished[finished["experiment"] == compared] for compared in (name, base))
        row = {"experiment": name, "base": base, **compare_pairs(ours, theirs)}
        note = pairing_note(experiment.get("changes") or [])
        rows.append(row | {"note": note, "identity": identity_of(trials, [name, base])})
    return with_adjusted_p(pd.DataFrame(rows, columns=list(COLUMNS)))


def compare_pairs(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, Any]:
    """Return ``n_pairs``, ``trials_needed`` and the parts of each compared metric, from finished trials of equal seeds.

    Args:
        ours, theirs: the finished trials of the experiment and of what it is compared with, as rows of trials.csv.
    """
    pairs = pd.merge(ours, theirs, on=["trial", "seed"], suffixes=("", "_base"))
    row: dict[str, Any] = {"n_pairs": len(pairs)}
    for metric in COMPARED:
        differences = (pairs[metric] - pairs[f"{metric}_base"]).dropna().to_numpy(dtype=np.float64)
        sign = -1 if METRIC_COLUMNS[metric].direction == "lower" else 1
        row |= {f"{metric}_{part}": value for part, value in paired(differences, sign).items()}
        if metric == "test_accuracy":
            row["trials_needed"] = trials_needed(differences)
    return row


def with_adjusted_p(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of comparisons with the adjusted p-values over all its rows."""
    adjusted = {f"{metric}_p_adjusted": holm(table[f"{metric}_p"].to_numpy(dtype=np.float64)) for metric in COMPARED}
    return table.assign(**adjusted).astype({"trials_needed": "Int64"})


def trials_needed(differences: np.ndarray) -> int | None:
    """Return how many pairs detect a mean difference of ``DETECTED``, see ``trials_to_detect``.

    It assumes the standard deviation of the (n,) differences. None if fewer than two are given, or they are equal.
    """
    if len(differences) < 2:
        return None
    return trials_to_detect(DETECTED, float(differences.std(ddof=1)))


def trials_to_detect(difference: float, std: float, power: float = POWER) -> int | None:
    """Return how many values tell a mean from a bound at 5%, two-sided.

    Args:
        difference: the distance of the mean from the bound, of any sign.
        std: the standard deviation of the values.
        power: the probability to tell them apart.

    Returns:
        At least 2. None if the values do not vary, or more than ``MOST_TRIALS`` are needed.
    """
    if not std >= ROUNDING or not abs(difference) >= ROUNDING:
        return None
    effect, alpha, test = abs(difference) / std, 1 - CONFIDENCE, TTestPower()
    # One-sided: the other tail does not matter with such a power, and SciPy returns NaN for it where effects are large.
    counts = range(2, MOST_TRIALS + 1)
    position = bisect_left(counts, power, key=lambda n: test.power(effect, n, alpha / 2, alternative="larger"))
    return counts[position] if position < len(counts) else None


def paired(differences: np.ndarray, sign: int = 1) -> dict[str, float]:
    """Return mean, interval, probability of improvement and p of (n,) paired differences, experiment minus base.

    ``sign`` is 1 if higher is better, -1 if lower is.
    """
    result = dict.fromkeys(PARTS, math.nan)
    if not len(differences):
        return result
    result["difference"] = float(differences.mean())
    result["probability_of_improvement"] = float(np.mean((np.sign(sign * differences) + 1) / 2))
    if len(differences) > 1:
        result["ci_low"], result["ci_high"] = mean_interval(differences)
        result["p"] = paired_t_test(differences)
    return result


def paired_t_test(differences: np.ndarray) -> float:
    """Return the two-sided p for a zero mean of (n,) differences, n >= 2.

    Equal differences have no variance to test against: p is 1 if they are zero, else NaN.
    """
    # Equal differences of accuracies rarely agree to the last bit; their rounding errors would give p = 1e-18.
    if np.ptp(differences) < ROUNDING:
        return math.nan if abs(differences[0]) > ROUNDING else 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p: np.ndarray) -> np.ndarray:
    """Return Holm's adjusted p-values; a missing value stays missing and does not count as a comparison."""
    adjusted = np.full(len(p), math.nan)
    known = np.isfinite(p)
    if known.any():
        adjusted[known] = multipletests(p[known], method="holm")[1]
    return adjusted


def pairing_note(changes: Iterable[Mapping[str, Any]]) -> str:
    """Describe which parts of a paired comparison differ besides the change under test."""
    keys = [f"{change['key']}." for change in changes]
    differing = {setting for setting in UNPAIRED if any(key.startswith(f"{setting}.") for key in keys)}
    if "dataset" in differing:
        return "the datasets differ: the trials of a pair share only their seed"
    if "one_vs_all" in differing:
        return "the labels differ: the accuracies are those of different tasks"
    return "the splits differ: the trials of a pair share only their seed and the test set" if differing else ""
