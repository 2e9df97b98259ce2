"""One row per experiment: statistics of its trials, collapse rate, and comparison with published values."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lookbook.evaluation.metrics import COLUMNS as METRIC_COLUMNS
from lookbook.results.tables import PUBLISHED, STATISTICS, identity_of
from lookbook.results.trial import FINISHED
from lookbook.statistics.intervals import mean_interval, wilson_interval
from lookbook.statistics.published import VALUES, compare_with_published
from lookbook.statistics.trials import FACTS

NUMERIC = (*METRIC_COLUMNS, *(name for name in FACTS if name != "best_epoch"))
COUNTS = ("n_ok", "n", "n_collapsed", "collapse_rate", "collapse_rate_low", "collapse_rate_high")
COLUMNS = (
    "experiment",
    *COUNTS,
    *(f"{column}_{statistic}" for column in NUMERIC for statistic in STATISTICS),
    *(f"{column}_mean_without_collapsed" for column in VALUES),
    *(f"{column}_{part}" for column in VALUES for part in PUBLISHED),
    "identity",
)


def summarise(
    trials: pd.DataFrame,
    experiments: Iterable[str],
    published: Mapping[tuple[str, str], Mapping[str, float]],
    profile: Mapping[str, Any],
) -> pd.DataFrame:
    """Return one row per experiment with the columns ``COLUMNS``.

    ``n`` counts the planned trials and ``n_ok`` the finished ones. Collapsed trials are finished and are part of every
    statistic; ``mean_without_collapsed`` leaves them out. The collapse rate is the share of finished trials that
    collapsed, with Wilson's interval. Standard deviations have ddof=1 and are missing for a single trial. ``ci_low``
    and ``ci_high`` are Student's t interval of the mean, clipped to 0 and 1 for shares: the clipped part contains no
    possible value, so the coverage stays the same.

    Args:
        trials: one row per trial, as ``collect_trials`` returns it.
        experiments: names in the order of the report. An experiment without trials, for example because its dataset
            is unavailable, has a row with n = 0 and published values, without a verdict.
        published: as ``read_published`` or ``with_further_protocols`` returns it.
        profile: ``comparable``, whether the budget of the run allows verdicts, and ``margin``, by metric.
    """
    rows = []
    for name in experiments:
        own = trials[trials["experiment"] == name]
        row = summary_row(own)
        for column in VALUES:
            if (name, column) in published:
                margin = profile["margin"][column.rpartition("_")[2]]
                parts = compare_with_published(
                    finished_values(own, column), published[name, column], margin, comparable=profile["comparable"]
                )
                row |= {f"{column}_{part}": value for part, value in parts.items()}
        rows.append({"experiment": name, **row, "identity": identity_of(trials, [name])})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = ("published_trials", "in_range")
    return table.astype({f"{column}_{part}": "Int64" for column in VALUES for part in whole})


def summary_row(trials: pd.DataFrame) -> dict[str, Any]:
    """Return counts, rates and statistics of one experiment's trials."""
    finished = trials[trials["status"].isin(FINISHED)]
    learned = finished[finished["status"] == "ok"]
    collapsed = len(finished) - len(learned)
    low, high = wilson_interval(collapsed, len(finished))
    row: dict[str, Any] = {
        "n_ok": len(finished),
        "n": len(trials),
        "n_collapsed": collapsed,
        "collapse_rate": collapsed / len(finished) if len(finished) else math.nan,
        "collapse_rate_low": low,
        "collapse_rate_high": high,
    }
    for column in NUMERIC:
        statistics = describe(finished[column], is_share=is_share(column))
        row |= {f"{column}_{name}": value for name, value in statistics.items()}
    for column in VALUES:
        row[f"{column}_mean_without_collapsed"] = describe(learned[column])["mean"]
    return row


def finished_values(trials: pd.DataFrame, column: str) -> np.ndarray:
    """Return the values of the finished trials that have one, of shape (n,)."""
    return trials.loc[trials["status"].isin(FINISHED), column].dropna().to_numpy(dtype=np.float64)


def is_share(column: str) -> bool:
    """Return whether a column of trials.csv or history.csv has values from 0 to 1."""
    return column in METRIC_COLUMNS and METRIC_COLUMNS[column].is_share


def describe(column: pd.Series, *, is_share: bool = False) -> dict[str, float]:
    """Return n and the ``STATISTICS`` of the values that are not missing; the interval of a share is clipped."""
    values = column.dropna().to_numpy(dtype=np.float64)
    result = dict.fromkeys(STATISTICS, math.nan) | {"n": len(values)}
    if len(values):
        result |= {"mean": values.mean(), "min": values.min(), "max": values.max()}
    if len(values) > 1:
        low, high = np.clip(mean_interval(values), 0.0, 1.0) if is_share else mean_interval(values)
        result |= {"std": values.std(ddof=1), "ci_low": float(low), "ci_high": float(high)}
    return result
