"""Values that documents publish by epoch, and whether our trials reproduce them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lookbook.results.tables import PUBLISHED, STATISTICS, identity_of
from lookbook.statistics.published import compare_with_published
from lookbook.statistics.summary import describe, is_share

COLUMNS = ("experiment", "epoch", "column", "n", *STATISTICS, *PUBLISHED, "identity")


def published_rows(
    published: Sequence[Mapping[str, Any]], experiments: Mapping[str, str | None]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each experiment that has published values by epoch, its own or by ``published_as``, with each value.

    Args:
        published: as ``read_published_epochs`` returns it.
        experiments: name to ``published_as``.
    """
    return [
        (name, value)
        for name, other in experiments.items()
        for value in published
        if value["experiment"] in (name, other)
    ]


def compare_epochs(
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    histories: Mapping[str, Sequence[pd.DataFrame]],
    trials: pd.DataFrame,
    profile: Mapping[str, Any],
) -> pd.DataFrame:
    """Return one row per published value with the columns ``COLUMNS``.

    Args:
        rows: as ``published_rows`` returns it.
        histories: experiment to the history of each finished trial, as ``read_history`` returns it. A trial without
            the epoch, for example because the profile has fewer, does not count.
        trials: trials.csv.
        profile: ``comparable``, whether the budget of the run allows verdicts, and ``margin``, by metric.
    """
    result = []
    for name, value in rows:
        epoch, column = value["epoch"], value["column"]
        found = [history.at[epoch, column] for history in histories[name] if epoch in history.index]
        values = pd.Series(found, dtype=np.float64).dropna()
        margin = profile["margin"][column.rpartition("_")[2]]
        row = {"experiment": name, "epoch": epoch, "column": column, **describe(values, is_share=is_share(column))}
        row |= compare_with_published(values.to_numpy(), value, margin, comparable=profile["comparable"])
        result.append(row | {"identity": identity_of(trials, [name])})
    whole = dict.fromkeys(("epoch", "n", "published_trials", "in_range"), "Int64")
    return pd.DataFrame(result, columns=list(COLUMNS)).astype(whole)
