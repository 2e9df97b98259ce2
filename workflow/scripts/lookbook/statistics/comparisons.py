"""An experiment against its base: what did the change do?

Trial t of both uses the same seed, so differences are taken trial by trial, and the variation that both share
(the split, the order, the first weights) cancels out.

The p-value is that of the paired t-test. The signed-rank test of Wilcoxon is the usual alternative, but with
n pairs its smallest possible two-sided p is 2 / 2**n: 0.25 for three trials and 0.002 for ten, so three
trials could never show anything, and ten could not survive an adjustment for more than 25 comparisons. The
t-test's price is the assumption that the mean difference is about normal. Differences between seeds of one
network are, except where trials collapse: there, the probability of improvement, which assumes nothing, is
the figure to read. Bouthillier et al. 2021, "Accounting for Variance in Machine Learning Benchmarks",
recommend that probability as the effect size.

The interval covers the variation between trials. It says nothing about another test set.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lookbook.statistics.intervals import mean_interval
from lookbook.statistics.trials import FINISHED

# Metric -> the sign that an improvement has.
METRICS = {"test_accuracy": 1, "test_loss": -1}
RESIDUE = 1e-9
PARTS = ("difference", "ci_low", "ci_high", "probability_of_improvement", "p", "p_adjusted")
COLUMNS = (
    "experiment",
    "base",
    "n_pairs",
    *(f"{metric}_{part}" for metric in METRICS for part in PARTS),
    "note",
)


def compare_with_bases(trials: pd.DataFrame, experiments: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per experiment whose base is part of the benchmark, with the columns ``COLUMNS``.

    Args:
        trials: one row per trial, as ``collect_trials`` returns it; only finished trials (ok or collapsed)
            count.
        experiments: name to ``{"base", "changes": [{"key", ...}]}``.

    Returns:
        ``difference`` is the experiment minus its base, ``ci_low`` and ``ci_high`` its t interval,
        ``probability_of_improvement`` the share of pairs in which the experiment is better (higher accuracy,
        lower loss; a tie is half), ``p`` the paired t-test's, ``p_adjusted`` Holm's over all rows of one
        metric. ``note`` says where the pairs do not share their split or their data.
    """
    finished = trials[trials["status"].isin(FINISHED)]
    rows = []
    for name, experiment in experiments.items():
        base = experiment.get("base")
        if base not in experiments:
            continue
        pairs = pd.merge(
            finished[finished["experiment"] == name],
            finished[finished["experiment"] == base],
            on=["trial", "seed"],
            suffixes=("", "_base"),
        )
        row: dict[str, Any] = {"experiment": name, "base": base, "n_pairs": len(pairs)}
        for metric, sign in METRICS.items():
            differences = (pairs[metric] - pairs[f"{metric}_base"]).dropna().to_numpy(dtype=np.float64)
            row |= {f"{metric}_{part}": value for part, value in paired(differences, sign).items()}
        rows.append(row | {"note": pairing_note(experiment.get("changes") or [])})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for metric in METRICS:
        table[f"{metric}_p_adjusted"] = holm(table[f"{metric}_p"].to_numpy(dtype=np.float64))
    return table


def paired(differences: np.ndarray, sign: int = 1) -> dict[str, float]:
    """Return mean, interval, probability of improvement and p of (n,) paired differences.

    Args:
        differences: new minus base, trial by trial.
        sign: 1 where higher is better, -1 where lower is.
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
    """Return the two-sided p that the mean of (n,) differences, n of 2 or more, is zero.

    Differences that are all the same have no variance to test against: 1 where they are zero, else NaN.
    """
    # Equal differences of accuracies are seldom equal to the last bit, and that residue would give p = 1e-18.
    if np.ptp(differences) < RESIDUE:
        return math.nan if abs(differences[0]) > RESIDUE else 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p: np.ndarray) -> np.ndarray:
    """Return Holm's adjusted p-values; a missing one stays missing and does not count as a comparison."""
    adjusted = np.full(len(p), math.nan)
    known = np.isfinite(p)
    if known.any():
        adjusted[known] = multipletests(p[known], method="holm")[1]
    return adjusted


def pairing_note(changes: list[Mapping[str, Any]]) -> str:
    """Say where the two trials of a pair share less than their seed promises."""
    parts = {part for change in changes for part in str(change["key"]).split(".")}
    if parts & {"dataset", "data"}:
        return "the data differ: the pairs share their seed only"
    return "the splits differ: the pairs share their seed and the test set only" if "split" in parts else ""
