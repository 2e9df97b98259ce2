"""Trial folders -> one tidy table with a row per trial."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lookbook.evaluation.metrics import LEAK, SCALARS
from lookbook.evaluation.trials import SPLITS

# A collapsed trial learned nothing, yet it ran to its end: it counts.
FINISHED = ("ok", "collapsed")
METRICS = (*(f"{split}_{metric}" for split in SPLITS for metric in SCALARS), *(f"valid_{metric}" for metric in LEAK))
FACTS = ("seconds", "epochs", "best_epoch", "parameters", "images_per_second")
WHOLE_NUMBERS = ("trial", "seed", "epochs", "best_epoch", "parameters")
TEXTS = ("device", "precision", "compile", "versions", "dataset_digest", "started", "error")
COLUMNS = ("experiment", "trial", "seed", "status", *METRICS, *FACTS, *TEXTS)


def collect_trials(root: Path, plan: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return one row per trial with the columns ``COLUMNS``, in the order of the plan.

    Args:
        root: holds ``<experiment>/<trial>/trial.json`` and ``metrics.json``.
        plan: experiment to number of trials. Trials beyond it stay on disk and out of the table; a trial of
            it that has no ``trial.json`` becomes a row with status ``missing``, so that nothing vanishes
            unseen. Without a plan, everything on disk is taken, sorted by name.
    """
    numbers = on_disk(root) if plan is None else {name: list(range(count)) for name, count in plan.items()}
    rows = [read_trial(root / name / str(trial), name, trial) for name, trials in numbers.items() for trial in trials]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in (*METRICS, *FACTS):
        table[column] = pd.to_numeric(table[column])
    return table.astype(dict.fromkeys(WHOLE_NUMBERS, "Int64"))


def on_disk(root: Path) -> dict[str, list[int]]:
    """Return the trial numbers of every experiment that has a folder under the root."""
    found: dict[str, list[int]] = {}
    for path in root.glob("*/*/trial.json"):
        if path.parent.name.isdigit():
            found.setdefault(path.parent.parent.name, []).append(int(path.parent.name))
    return {name: sorted(found[name]) for name in sorted(found)}


def read_trial(folder: Path, experiment: str, trial: int) -> dict[str, Any]:
    """Return one row. A trial that is absent, or was not evaluated, says so in its ``error`` column."""
    row: dict[str, Any] = {"experiment": experiment, "trial": trial}
    try:
        facts = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return row | {"status": "missing", "error": "no trial.json: the trial did not run"}
    row |= {name: facts.get(name) for name in ("seed", "status", *FACTS, *TEXTS)}
    row["error"] = first_line(facts.get("error"))
    versions = sorted(facts.get("versions", {}).items())
    row["versions"] = ", ".join(f"{name} {version}" for name, version in versions)
    row["dataset_digest"] = facts.get("digests", {}).get("dataset")
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        unknown = {"status": "missing", "error": "no metrics.json: the trial was not evaluated"}
        return row | (unknown if row["status"] in FINISHED else {})
    for split, values in metrics["splits"].items():
        row |= {f"{split}_{metric}": values.get(metric) for metric in (*SCALARS, *LEAK)}
    return row


def first_line(text: str | None) -> str | None:
    """Return the first line of a message that is not blank, or None."""
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), None)


def read_table(path: Path) -> pd.DataFrame:
    """Read trials.csv, summary.csv or comparisons.csv; only an empty cell means that a value is missing."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return table.astype({name: "Int64" for name in WHOLE_NUMBERS if name in table})


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV with ten significant digits, which is more than any figure here has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.10g", lineterminator="\n")
