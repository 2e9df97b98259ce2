"""Published values, and whether our trials agree with them."""

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lookbook.results.predictions import SPLITS
from lookbook.statistics.intervals import prediction_interval, sample_std, welch_interval
from lookbook.statistics.trials import ROUNDING

# The columns of trials.csv that documents publish values for.
VALUES = tuple(f"{split}_{metric}" for split in SPLITS for metric in ("accuracy", "loss"))


def read_published(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return ``{(experiment, column of trials.csv): {"mean", "std", "trials"}}`` from published.csv.

    ``std`` is the population standard deviation as printed, NaN for a single trial. Rows of other splits or metrics,
    such as competition scores, are left out.
    """
    table = pd.read_csv(path)
    table["column"] = table["split"] + "_" + table["metric"]
    return {
        (row["experiment"], row["column"]): {name: float(row[name]) for name in ("mean", "std", "trials")}
        for row in table[table["column"].isin(VALUES)].to_dict("records")
    }


def compare_with_published(
    mean: float, std: float, n: int, published: Mapping[str, float], *, comparable: bool
) -> dict[str, float | str | None]:
    """Return the difference to a published value and a verdict.

    For a published mean with a standard deviation, the verdict follows from Welch's interval of the difference; the
    printed deviation is a population one and is converted first. For a single published value, it follows from the
    prediction interval of one more trial. A difference within the 95% interval ``agrees``. Each verdict is about one
    value: of twenty values that are truly equal, one is expected to be called different.

    Args:
        mean, std, n: of our trials, std with ddof=1; n may be 0.
        published: ``mean``, ``std`` (population, or NaN) and ``trials``.
        comparable: False if the profile reduces budgets or data.

    Returns:
        ``published``, ``published_std``, ``published_trials`` as printed; ``delta`` (ours minus published); and
        ``verdict``: agrees, higher (ours is), lower, inconclusive or not comparable; None without trials.
    """
    trials, printed_std = int(published["trials"]), published["std"]
    if trials > 1 and not math.isnan(printed_std):
        low, high = welch_interval(mean, std, n, published["mean"], sample_std(printed_std, trials), trials)
    else:
        low, high = (bound - published["mean"] for bound in prediction_interval(mean, std, n))
    return {
        "published": published["mean"],
        "published_std": printed_std,
        "published_trials": trials,
        "delta": mean - published["mean"],
        "verdict": verdict(low, high, comparable=comparable) if n else None,
    }


def verdict(low: float, high: float, *, comparable: bool) -> str:
    """Return the verdict for an interval of "ours minus published"."""
    if not comparable:
        return "not comparable"
    if math.isnan(low):
        return "inconclusive"
    if low > ROUNDING:
        return "higher"
    return "lower" if high < -ROUNDING else "agrees"
