"""The trials of a benchmark as one table."""

from typing import Any

import pandas as pd

from lookbook.evaluation.metrics import COLUMNS as METRIC_COLUMNS
from lookbook.evaluation.metrics import METRICS
from lookbook.results.benchmark import Benchmark, PlannedTrial
from lookbook.results.metrics import read_metrics
from lookbook.results.tables import WHOLE_NUMBERS
from lookbook.results.trial import read_trial

FACTS = ("seconds", "epochs", "best_epoch", "parameters", "images_per_second", "threads")
TEXTS = ("device", "gpu_missing", "precision", "compile", "versions", "dataset_digest", "started", "error")
COLUMNS = ("experiment", "trial", "seed", "status", *METRIC_COLUMNS, *FACTS, *TEXTS, "identity")
# The metrics that comparisons and factorial studies are about.
COMPARED = ("test_accuracy", "test_loss")
# Differences below this are rounding errors of equal values.
ROUNDING = 1e-9


def collect_trials(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per planned trial with the columns ``COLUMNS``, in the benchmark's order.

    Raises:
        ResultError: a trial.json or metrics.json is missing, damaged or of another trial than the planned one.
    """
    table = pd.DataFrame([_row(planned) for planned in benchmark.trials()], columns=list(COLUMNS))
    for column in (*METRIC_COLUMNS, *FACTS):
        table[column] = pd.to_numeric(table[column])
    return table.astype({name: "Int64" for name in WHOLE_NUMBERS if name in table})


def _row(planned: PlannedTrial) -> dict[str, Any]:
    trial = read_trial(planned)
    facts = trial.facts
    row: dict[str, Any] = {"experiment": planned.experiment, "trial": planned.trial, "identity": trial.identity}
    row |= {name: facts.get(name) for name in ("seed", "status", *FACTS, *TEXTS)}
    lines = [line.strip() for line in (facts.get("error") or "").splitlines()]
    row["error"] = next(filter(None, lines), None)
    row["versions"] = ", ".join(f"{name} {version}" for name, version in sorted(facts.get("versions", {}).items()))
    row["dataset_digest"] = facts["digests"].get("dataset")
    splits = read_metrics(planned.file("metrics.json"), trial)
    return row | {f"{split}_{m.name}": values.get(m.name) for split, values in splits.items() for m in METRICS}
