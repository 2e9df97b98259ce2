"""The CSV tables of a benchmark, and the identity of what each row was made from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from lookbook.config.digests import digest
from lookbook.errors import ResultError
from lookbook.files import write_text
from lookbook.results.benchmark import Benchmark
from lookbook.results.reading import check_identity, reading, remedy
from lookbook.results.trial import Trial, trial_identity

Row = Mapping[Any, Any]  # A row of a table: column to value.
FLOAT_FORMAT = "%.10g"  # More digits than any value is known to.
# What summary.csv has of a metric: statistics of the trials, and the comparison with the published value.
STATISTICS = ("mean", "std", "min", "max", "ci_low", "ci_high")
PUBLISHED = (
    *("published", "published_std", "published_min", "published_max", "published_trials", "in_range"),
    *("delta", "delta_low", "delta_high", "verdict"),
)
# The ends of the names of columns with text; all others have numbers.
TEXT_COLUMNS = (
    *(
        "experiment",
        "base",
        "kind",
        "split",
        "note",
        "study",
        "metric",
        "column",
        "term",
        "verdict",
        "status",
    ),
    *("document", "claim", "source", "test", "names", "evidence", "changed_keys"),
    *("device", "gpu_missing", "precision", "compile", "versions", "dataset_digest", "started", "error", "identity"),
)
WHOLE_NUMBERS = ("trial", "seed", "epoch", "epochs", "best_epoch", "parameters", "threads", "trials_needed")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of results. Only an empty cell is a missing value.

    Raises:
        ResultError: the file is missing or damaged.
    """
    with reading(path):
        content = path.read_bytes()
        if b"\0" in content or content.partition(b"\n")[0].count(b",") > 2_000:
            raise ValueError("it has NUL bytes, or more than 2,000 columns")
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
        for name in table:
            if not (str(name).endswith(TEXT_COLUMNS) or is_numeric_dtype(table[name]) or table[name].isna().all()):
                raise ValueError(f"the column {str(name)[:60]} has text among its numbers")
        return table.astype({name: "Int64" for name in WHOLE_NUMBERS if name in table})


def records(table: pd.DataFrame) -> Sequence[Row]:
    """Return the rows as dictionaries of plain Python values; None is a missing value."""
    return [{key: None if pd.isna(value) else value for key, value in row.items()} for row in table.to_dict("records")]


def read_derived(
    path: Path, trials: pd.DataFrame, made_from: Callable[[Mapping[Any, Any]], Iterable[str]] | None = None
) -> pd.DataFrame:
    """Read a table that states the identity of each row, such as summary.csv.

    Args:
        path: the table.
        trials: trials.csv.
        made_from: returns the names of the experiments that a row is made from; None for the one in ``experiment``.

    Raises:
        ResultError: a row was made from other trials.
    """
    table = read_table(path)
    if "identity" not in table:  # a table without rows has its columns
        raise ResultError(f"{path} is damaged: it has no column identity; {remedy(path)}")
    for row in table.to_dict("records"):
        names = [row["experiment"]] if made_from is None else made_from(row)
        check_identity(path, row.get("identity"), identity_of(trials, names))
    return table


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV with ten significant digits."""
    write_text(path, table.to_csv(index=False, float_format=FLOAT_FORMAT, lineterminator="\n"))


def read_trials(path: Path, benchmark: Benchmark) -> pd.DataFrame:
    """Read trials.csv.

    Raises:
        ResultError: its rows are not the trials that the benchmark plans.
    """
    table, planned = read_table(path), list(benchmark.trials())
    columns = table.reindex(columns=["experiment", "trial", "identity", "dataset_digest"])
    stated = list(columns.itertuples(index=False, name=None))
    expected = [
        (trial.experiment, trial.trial, trial_identity(trial.spec_digest, str(row[-1])), row[-1])
        for trial, row in zip(planned, stated, strict=False)
    ]
    check_identity(path, (len(stated), stated), (len(planned), expected))
    return table


def identity_of(trials: pd.DataFrame, experiments: Iterable[str]) -> str:
    """Return the identity of what is made from some experiments: a digest over their trials' identities.

    Args:
        trials: trials.csv, with the columns ``experiment`` and ``identity``, trials in ascending order.
        experiments: names; an experiment without trials contributes its name.
    """
    identities: dict[str, list[str]] = {name: [] for name in experiments}
    for name, identity in zip(trials["experiment"].tolist(), trials["identity"].tolist(), strict=True):
        if name in identities:
            identities[name].append(str(identity))
    return digest(identities)


def identity_of_trials(trials: Iterable[Trial], experiments: Iterable[str] | None = None) -> str:
    """Return what ``identity_of`` gives for the same trials, from their trial.json files.

    Args:
        trials: the trials, those of one experiment in ascending order.
        experiments: names; None for the experiments of ``trials``.
    """
    rows = [(trial.facts["experiment"], trial.identity) for trial in trials]
    table = pd.DataFrame(rows, columns=["experiment", "identity"])
    return identity_of(table, table["experiment"].unique() if experiments is None else experiments)
