"""What a document published, and whether our trials agree with it."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from lookbook.statistics.intervals import prediction_interval, sample_std, welch_interval

SPLITS = ("train", "valid", "test")
METRICS = ("accuracy", "loss")
FIGURES = tuple(f"{split}_{metric}" for split in SPLITS for metric in METRICS)
PARTS = ("published", "published_std", "published_trials", "delta", "verdict")


def read_published(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return ``{(experiment, "test_accuracy"): {"mean", "std", "trials"}}`` from published.csv.

    ``std`` is the population one that was printed, NaN for a single trial. Rows of other splits or metrics,
    such as competition scores, have no counterpart in a trial and are left out.
    """
    table = pd.read_csv(path)
    table["figure"] = table["split"] + "_" + table["metric"]
    table = table[table["figure"].isin(FIGURES)]
    return {
        (row["experiment"], row["figure"]): {name: float(row[name]) for name in ("mean", "std", "trials")}
        for row in table.to_dict("records")
    }


def compare_with_published(
    mean: float, std: float, n: int, published: dict[str, float], *, comparable: bool
) -> dict[str, float | str]:
    """Return our difference to a published figure and a one-word verdict.

    A published mean with a standard deviation gives Welch's interval of the difference; the printed deviation
    is a population one and is converted first. A single published value is held against the prediction
    interval for one further trial of ours. Either way a difference that chance explains at 95% ``agrees``.
    The verdict looks at one figure at a time: of twenty figures that are truly equal, expect one to be called
    different.

    Args:
        mean, std, n: ours, std with ddof=1.
        published: ``mean``, ``std`` (population, or NaN) and ``trials``.
        comparable: False where the profile cuts budgets or data.

    Returns:
        ``published``, ``published_std``, ``published_trials`` as printed; ``delta`` (ours minus published)
        and ``verdict``: agrees, higher, lower (ours is higher, lower), inconclusive, or not comparable.
    """
    delta = mean - published["mean"]
    trials, printed_std = int(published["trials"]), published["std"]
    if trials > 1 and not math.isnan(printed_std):
        low, high = welch_interval(mean, std, n, published["mean"], sample_std(printed_std, trials), trials)
    else:
        low, high = (bound - published["mean"] for bound in prediction_interval(mean, std, n))
    return {
        "published": published["mean"],
        "published_std": printed_std,
        "published_trials": trials,
        "delta": delta,
        "verdict": verdict(low, high, comparable=comparable),
    }


def verdict(low: float, high: float, *, comparable: bool) -> str:
    """Name the position of zero against an interval of "ours minus published"."""
    if not comparable:
        return "not comparable"
    if math.isnan(low) or math.isnan(high):
        return "inconclusive"
    # Trials that all end alike leave an interval of no width; rounding must not decide there.
    tolerance = 1e-9
    if low > tolerance:
        return "higher"
    return "lower" if high < -tolerance else "agrees"
