"""Trials -> one row per experiment: spread, intervals, collapse rate, and what was published."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lookbook.statistics.intervals import clip_interval, mean_interval, wilson_interval
from lookbook.statistics.published import FIGURES, PARTS, compare_with_published
from lookbook.statistics.trials import FACTS, FINISHED, METRICS

NUMERIC = (*METRICS, *(name for name in FACTS if name != "best_epoch"))
STATISTICS = ("mean", "std", "min", "max", "ci_low", "ci_high")
# Shares of images and means of such: no true value lies outside 0 to 1.
SHARES = ("accuracy", "accuracy_without_copies", "macro_f1", "balanced_accuracy", "expected_calibration_error")
COUNTS = ("n_ok", "n", "n_collapsed", "collapse_rate", "collapse_rate_low", "collapse_rate_high")
COLUMNS = (
    "experiment",
    *COUNTS,
    *(f"{column}_{statistic}" for column in NUMERIC for statistic in STATISTICS),
    *(f"{column}_mean_without_collapsed" for column in FIGURES),
    *(f"{column}_{part}" for column in FIGURES for part in PARTS),
)


def summarise(
    trials: pd.DataFrame,
    experiments: list[str],
    published: Mapping[tuple[str, str], dict[str, float]],
    *,
    comparable: bool,
) -> pd.DataFrame:
    """Return one row per experiment with the columns ``COLUMNS``.

    ``n`` counts the planned trials, ``n_ok`` those that finished with usable figures. A collapsed trial
    finished: its figures are in every mean, because leaving it out would hide what the experiment does; the
    means without collapsed trials stand beside. The collapse rate is the share of the finished trials, with
    Wilson's interval. Standard deviations are sample ones (ddof=1), missing for a single trial; ``ci_low``
    and ``ci_high`` are Student's t interval of the mean, cut off at 0 and 1 for the figures named in
    ``SHARES``, which it leaves where trials are few and far apart.

    Args:
        trials: one row per trial, as ``collect_trials`` returns it.
        experiments: names in the order of the report; one without trials, such as one whose data set is
            unavailable, gets a row with n = 0 and no verdict; its published figures stand.
        published: as ``read_published`` returns it.
        comparable: whether the run's budget allows a verdict.
    """
    names = [*experiments, *(name for name in trials["experiment"].unique() if name not in experiments)]
    groups = dict(tuple(trials.groupby("experiment", sort=False)))
    rows = []
    for name in names:
        row = summary_row(groups.get(name, trials.iloc[:0]))
        for column in FIGURES:
            figure = published.get((name, column))
            if figure is None:
                continue
            if row[f"{column}_n"]:
                ours = row[f"{column}_mean"], row[f"{column}_std"], row[f"{column}_n"]
                found = compare_with_published(*ours, figure, comparable=comparable)
            else:
                # Nothing of ours to compare: the published value stands without a verdict.
                found = {"published": figure["mean"], "published_std": figure["std"]}
                found["published_trials"] = int(figure["trials"])
            row |= {f"{column}_{part}": value for part, value in found.items()}
        rows.append({"experiment": name, **row})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({f"{column}_published_trials": "Int64" for column in FIGURES})


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
        row |= {f"{column}_{name}": value for name, value in describe(finished[column]).items()}
        if column.partition("_")[2] in SHARES:
            interval = row[f"{column}_ci_low"], row[f"{column}_ci_high"]
            row[f"{column}_ci_low"], row[f"{column}_ci_high"] = clip_interval(interval, 0.0, 1.0)
    for column in FIGURES:
        row[f"{column}_mean_without_collapsed"] = describe(learned[column])["mean"]
    return row


def describe(column: pd.Series) -> dict[str, float]:
    """Return n and the ``STATISTICS`` of the values that are not missing."""
    values = column.dropna().to_numpy(dtype=np.float64)
    result = dict.fromkeys(STATISTICS, math.nan) | {"n": len(values)}
    if len(values):
        result |= {"mean": values.mean(), "min": values.min(), "max": values.max()}
    if len(values) > 1:
        low, high = mean_interval(values)
        result |= {"std": values.std(ddof=1), "ci_low": low, "ci_high": high}
    return result
