"""The state of a trial between two epochs, in one file that is either complete or absent.

The file is not an output of a Snakemake rule, because Snakemake deletes the outputs of a job that was killed.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.files import replacing
from lookbook.training.fit import FitResult, assign, to_numpy

# Increase it when the content of a checkpoint changes; checkpoints of another format are ignored.
FORMAT = 3


def save(path: Path, identity: str, variables: list[Any], result: FitResult) -> None:
    """Write a checkpoint, replacing an earlier one only when it is complete.

    Args:
        path: the file, ending in ``.npz``.
        identity: of the trial and of what computes it; the checkpoint of another one is never loaded.
        variables: all variables that a training step changes.
        result: the training so far.
    """
    stopping, average = result.stopping, result.average
    groups = {
        "variables": to_numpy(variables),
        "best": stopping.best_weights if stopping else [],
        "average": average.weights if average else [],
    }
    header = {
        "format": FORMAT,
        "identity": identity,
        "sizes": {group: len(arrays) for group, arrays in groups.items()},
        "history": result.history,
        "phases": result.phases,
        "best_loss": stopping.best_loss if stopping else None,
        "best_epoch": stopping.best_epoch if stopping else None,
        "averaged_epochs": average.count if average else 0,
    }
    arrays = {f"{group}/{i}": array for group, items in groups.items() for i, array in enumerate(items)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
        file.flush()
        os.fsync(file.fileno())


def load(path: Path, identity: str, variables: list[Any], result: FitResult) -> bool:
    """Set variables and result to what a checkpoint holds.

    Returns:
        Whether there was a checkpoint of this identity; if not, nothing is changed. A damaged one does not count.
    """
    try:
        with np.load(path) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if (header["format"], header["identity"]) != (FORMAT, identity):
                return False
            groups = {g: [arrays[f"{g}/{i}"] for i in range(n)] for g, n in header["sizes"].items()}
    except Exception:
        # A damaged archive can raise any exception; then the trial starts again.
        return False
    assign(variables, groups["variables"])
    result.history, result.phases = header["history"], header["phases"]
    if result.stopping:
        result.stopping.best_loss, result.stopping.best_epoch = header["best_loss"], header["best_epoch"]
        result.stopping.best_weights = groups["best"]
    if result.average:
        result.average.count, result.average.weights = header["averaged_epochs"], groups["average"]
    return True
