"""Two runs of a benchmark compared, such as those of two machines, versions, precisions or backends.

Trial t of an experiment has the same seed in both runs, so the trials are compared in pairs, as those of an experiment
and its base are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lookbook.results.trial import FINISHED
from lookbook.statistics.comparisons import VALUES, compare_pairs, with_adjusted_p

# Columns of trials.csv that name what a run was computed with.
CONDITIONS = ("device", "threads", "precision", "compile", "versions", "dataset_digest")
COLUMNS = ("experiment", "n_pairs", *VALUES, "trials_needed", "differs_in")


def compare_runs(
    ours: pd.DataFrame, theirs: pd.DataFrame, specs: tuple[Mapping[str, str], Mapping[str, str]]
) -> pd.DataFrame:
    """Return one row per experiment of both runs, with the columns ``COLUMNS``; differences are ours minus theirs.

    Args:
        ours, theirs: trials.csv of the two runs.
        specs: of each run, the digest of each experiment's definition by name.

    Returns:
        The parts of ``compare_with_bases``, with p-values adjusted over all rows; ``differs_in`` has the conditions
        that the trials do not share, separated by commas, ``definition`` among them.
    """
    rows = []
    for name in specs[0]:
        if name not in specs[1]:
            continue
        found = [run[(run["experiment"] == name) & run["status"].isin(FINISHED)] for run in (ours, theirs)]
        row: dict[str, Any] = {"experiment": name, **compare_pairs(*found)}
        definition = ["definition"] if specs[0][name] != specs[1][name] else []
        rows.append(row | {"differs_in": ", ".join([*definition, *conditions(*found)])})
    return with_adjusted_p(pd.DataFrame(rows, columns=list(COLUMNS)))


def conditions(ours: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[str]:
    """Yield the conditions whose values over the finished trials of an experiment differ between two runs.

    Without finished trials in one of them, nothing is known to differ.
    """
    if ours.empty or theirs.empty:
        return
    for column in CONDITIONS:
        if set(ours[column].dropna()) != set(theirs[column].dropna()):
            yield column.removesuffix("_digest")
