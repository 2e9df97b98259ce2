"""The reference results of the project, which the report shows beside those of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lookbook.formatting import listed
from lookbook.results.paths import REFERENCE_FILES
from lookbook.results.tables import Row, read_table, records


@dataclass(frozen=True)
class Reference:
    """Results at the full budgets.

    Attributes:
        rows: experiment to its row of summary.csv; None is a missing value.
        claims: the rows of claims.csv.
        devices: what the trials ran on, and between which days.
    """

    rows: Mapping[str, Row] = field(default_factory=dict)
    claims: Sequence[Row] = ()
    devices: str = ""


def read_reference(paths: Sequence[Path]) -> Reference:
    """Read the reference results.

    Args:
        paths: the files ``REFERENCE_FILES`` in any order, or none for a report without reference results.

    Raises:
        ResultError: a file is missing or damaged.
    """
    if not paths:
        return Reference()
    summary, claims, trials = (read_table(next(p for p in paths if p.name == name)) for name in REFERENCE_FILES)
    days = sorted(str(day)[:10] for day in trials["started"].dropna())
    devices = listed(sorted({str(device) for device in trials["device"].dropna()}) or ["an unknown device"])
    when = f"{days[0]} to {days[-1]}" if days else "an unknown day"
    rows = {row["experiment"]: row for row in records(summary)}
    return Reference(rows, records(claims), f"{len(trials)} trials, {devices}, {when}")
