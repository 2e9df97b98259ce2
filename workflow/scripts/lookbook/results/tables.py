"""The CSV tables of a benchmark, and the identity of what each row was made from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from lookbook.config.digests import digest
from lookbook.errors import ResultError
from lookbook.files import write_text
from lookbook.results.trial import Trial

WHOLE_NUMBERS = ("trial", "seed", "epochs", "best_epoch", "parameters")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of results; only an empty cell means that a value is missing."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return table.astype({name: "Int64" for name in WHOLE_NUMBERS if name in table})


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV with ten significant digits, more than any value here has."""
    write_text(path, table.to_csv(index=False, float_format="%.10g", lineterminator="\n"))


def identity_of(trials: pd.DataFrame, experiments: Iterable[str]) -> str:
    """Return the identity of what is made from some experiments: a digest over their trials' identities.

    Args:
        trials: trials.csv, with the columns ``experiment``, ``trial`` and ``identity``.
        experiments: names; one without trials counts as such.
    """
    identities = trials.groupby("experiment", sort=False)["identity"].apply(list).to_dict()
    return digest({name: [str(value) for value in identities.get(name, [])] for name in experiments})


def identity_of_trials(trials: Iterable[Trial]) -> str:
    """Return what ``identity_of`` gives on a table of these trials for their experiments, in order of appearance."""
    identities: dict[str, list[str]] = {}
    for trial in trials:
        identities.setdefault(trial.facts["experiment"], []).append(trial.identity)
    return digest(identities)


def check_identity(path: Path, stated: object, expected: str) -> None:
    """Raise ResultError unless a file was made from the present trials.

    Args:
        path: the file, for the message.
        stated: the identity in the file.
        expected: what ``identity_of`` gives for the present trials.
    """
    if stated != expected:
        raise ResultError(
            f"{path} was made from other trials; make it again with: snakemake --cores 1 --forcerun {path}"
        )
