"""The histories of an experiment's trials: their mean by epoch, and the time until an accuracy is reached."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lookbook.results.history import COLUMNS as HISTORY
from lookbook.results.tables import identity_of

METRICS = tuple(name for name in HISTORY if name.endswith(("_loss", "_accuracy")))
CURVE_COLUMNS = ("experiment", "epoch", "trials", *METRICS, "identity")
THRESHOLDS = (0.90, 0.92, 0.94, 0.95)
TIME_COLUMNS = ("experiment", "split", "threshold", "reached", "trials", "epochs_mean", "seconds_mean", "identity")


def mean_curves(histories: Mapping[str, Sequence[pd.DataFrame]], trials: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each metric by epoch, with the columns ``CURVE_COLUMNS``.

    Trials stop at different epochs. The mean of a metric ends where fewer than half of its trials have a value, because
    from there on it would describe a minority of them; ``trials`` counts those that have the epoch.

    Args:
        histories: experiment to the history of each finished trial, as ``read_history`` returns it.
        trials: trials.csv.
    """
    tables = []
    for name, found in histories.items():
        if not found:
            continue
        rows = pd.concat(found).reindex(columns=METRICS).groupby(level="epoch")
        most = sum(history.reindex(columns=METRICS).notna().any() for history in found)
        table = rows.mean().where(rows.count() >= most / 2).dropna(how="all")
        table = table.assign(experiment=name, trials=rows.size(), identity=identity_of(trials, [name]))
        tables.append(table.reset_index())
    if not tables:
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(CURVE_COLUMNS)]


def times_to_accuracy(histories: Mapping[str, Sequence[pd.DataFrame]], trials: pd.DataFrame) -> pd.DataFrame:
    """Return when the accuracy after an epoch first reaches each of ``THRESHOLDS``, with the columns ``TIME_COLUMNS``.

    The accuracy is that of the test images where the experiment watches them, else that of the validation images; an
    experiment without either, and a threshold that no trial reaches, has no row. ``epochs_mean`` and ``seconds_mean``
    are means over the trials that reach it; the seconds are those of the training, without its start and validation.

    Args:
        histories, trials: as for ``mean_curves``.
    """
    rows = []
    for name, found in histories.items():
        split = next((s for s in ("test", "valid") if any(h[f"{s}_accuracy"].notna().any() for h in found)), None)
        if split is None:
            continue
        for threshold in THRESHOLDS:
            reached = [first for history in found if (first := first_epoch(history, f"{split}_accuracy", threshold))]
            if reached:
                epochs, seconds = np.mean(reached, axis=0)
                row = (name, split, threshold, len(reached), len(found), epochs, seconds, identity_of(trials, [name]))
                rows.append(row)
    return pd.DataFrame(rows, columns=list(TIME_COLUMNS))


def first_epoch(history: pd.DataFrame, column: str, threshold: float) -> tuple[int, float] | None:
    """Return the first epoch after which a column is at least ``threshold``, and the seconds trained until then."""
    epochs = history.index[history[column] >= threshold]
    return (int(epochs[0]), float(history["seconds"].loc[: epochs[0]].sum())) if len(epochs) else None
