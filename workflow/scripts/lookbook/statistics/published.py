"""Published values, and whether our trials reproduce them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lookbook.results.predictions import SPLITS
from lookbook.statistics.intervals import FEWEST, prediction_interval, sample_std, welch_interval
from lookbook.statistics.trials import ROUNDING

# The columns of trials.csv that documents publish values for.
VALUES = tuple(f"{split}_{metric}" for split in SPLITS for metric in ("accuracy", "loss"))
REPRODUCED, COMPATIBLE, HIGHER, LOWER, INCONCLUSIVE = "reproduced", "compatible", "higher", "lower", "inconclusive"
VERDICTS = (REPRODUCED, COMPATIBLE, HIGHER, LOWER, INCONCLUSIVE)
NOT_COMPARABLE = "not comparable"
PARTS = ("mean", "std", "min", "max", "trials")


def read_published(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Return ``{(experiment, column of trials.csv): {"mean", "std", "min", "max", "trials"}}`` from published.csv.

    ``std`` is the population standard deviation as printed, NaN for a single trial; ``min`` and ``max`` are NaN where
    the document does not state them. Rows of other splits or metrics, such as competition scores, and of single epochs
    are left out.
    """
    return {
        (row["experiment"], row["column"]): {name: float(row[name]) for name in PARTS}
        for row in _rows(path)
        if pd.isna(row["epoch"])
    }


def read_published_epochs(path: Path) -> list[dict[str, Any]]:
    """Return the values of single epochs in published.csv: ``experiment``, ``epoch``, ``column`` and ``PARTS``.

    ``column`` is that of history.csv, such as ``train_loss``; the other parts are those of ``read_published``.
    """
    return [
        {"experiment": row["experiment"], "epoch": int(row["epoch"]), "column": row["column"]}
        | {name: float(row[name]) for name in PARTS}
        for row in _rows(path)
        if not pd.isna(row["epoch"])
    ]


def _rows(path: Path) -> list[dict[Any, Any]]:
    """Return the rows about losses and accuracies, with the further cell ``column``, ``<split>_<metric>``."""
    table = pd.read_csv(path)
    table["column"] = table["split"] + "_" + table["metric"]
    return table[table["column"].isin(VALUES)].to_dict("records")


def with_further_protocols(
    published: Mapping[tuple[str, str], dict[str, float]], experiments: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, str], dict[str, float]]:
    """Return published values also for each experiment that names another one in ``published_as``.

    Args:
        published: as ``read_published`` returns it.
        experiments: name to entry of experiments.json.
    """
    further = {
        (name, column): values
        for name, entry in experiments.items()
        for (experiment, column), values in published.items()
        if experiment == entry.get("published_as")
    }
    return {**published, **further}


def compare_with_published(
    values: np.ndarray, published: Mapping[str, float], margin: float, *, comparable: bool
) -> dict[str, float | str | None]:
    """Return the difference to a published value and a verdict.

    For a published mean with a standard deviation, the verdict follows from Welch's interval of the difference; the
    printed deviation is a population one and is converted first. For a single published value, it follows from the
    prediction interval of one more trial. Each verdict is about one value: of twenty values that are truly equal, one
    is expected to be called different.

    Args:
        values: the values of our finished trials, of shape (n,); n may be 0.
        published: ``mean``, ``std`` (population, or NaN), ``min`` and ``max`` (or NaN) and ``trials``.
        margin: the largest difference without practical significance, see ``verdict``.
        comparable: False if the profile reduces budgets or data.

    Returns:
        ``published``, ``published_std``, ``published_min``, ``published_max`` and ``published_trials`` as printed;
        ``in_range``, the number of our trials from the published minimum to the maximum, None without both or if not
        comparable; ``delta``
        (ours minus published) with its 95% interval, ``delta_low`` and ``delta_high``; and ``verdict``, None without
        trials.
    """
    n, trials, printed_std = len(values), int(published["trials"]), published["std"]
    mean = float(values.mean()) if n else math.nan
    std = float(values.std(ddof=1)) if n > 1 else math.nan
    # Two trials that are equal by chance tell as little about their spread as one.
    counted = n if n >= FEWEST or std >= ROUNDING else min(n, 1)
    if trials > 1 and not math.isnan(printed_std):
        low, high = welch_interval(mean, std, counted, published["mean"], sample_std(printed_std, trials), trials)
    else:
        low, high = (bound - published["mean"] for bound in prediction_interval(mean, std, counted))
    lowest, highest = published["min"], published["max"]
    in_range = None
    if n and comparable and not math.isnan(lowest + highest):
        in_range = int(((values >= lowest - ROUNDING) & (values <= highest + ROUNDING)).sum())
    return {
        "published": published["mean"],
        "published_std": printed_std,
        "published_min": lowest,
        "published_max": highest,
        "published_trials": trials,
        "in_range": in_range,
        "delta": mean - published["mean"],
        "delta_low": low,
        "delta_high": high,
        "verdict": verdict(low, high, margin, comparable=comparable) if n else None,
    }


def verdict(low: float, high: float, margin: float, *, comparable: bool) -> str:
    """Return the verdict for a 95% interval of "ours minus published".

    Returns:
        ``reproduced`` if the interval lies within -+ ``margin``, which makes the two values equivalent: the two
        one-sided tests of Schuirmann (1987) each reject at 2.5%. Otherwise ``higher`` or ``lower`` if the interval
        does not contain zero, and ``compatible`` if it does: too wide to show that the values are equal, or that they
        differ. ``inconclusive`` with fewer than two trials, or two equal ones; ``not comparable`` if the budgets were
        reduced.
    """
    if not comparable:
        return NOT_COMPARABLE
    if math.isnan(low):
        return INCONCLUSIVE
    if max(-low, high) <= margin + ROUNDING:
        return REPRODUCED
    if low > ROUNDING:
        return HIGHER
    return LOWER if high < -ROUNDING else COMPATIBLE
