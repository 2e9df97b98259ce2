"""The metrics of one trial: its folder in, one JSON document out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.evaluation.metrics import split_metrics

SPLITS = ("train", "valid", "test")
COPIED = (
    "experiment",
    "trial",
    "seed",
    "status",
    "seconds",
    "epochs",
    "parameters",
    "device",
    "images_per_second",
    "precision",
)


def evaluate_trial(folder: Path) -> dict[str, Any]:
    """Return the content of ``metrics.json``: facts about the trial and the metrics of every split that it
    has.

    Args:
        folder: holds ``trial.json`` and ``predictions.npz``; a failed trial's archive has no arrays, and so
            no splits.

    Raises:
        FileNotFoundError: one of the two files is not there.
    """
    trial = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    splits = {}
    with np.load(folder / "predictions.npz") as arrays:
        for split in SPLITS:
            if f"{split}_probabilities" in arrays:
                splits[split] = split_metrics(
                    arrays[f"{split}_probabilities"],
                    arrays[f"{split}_labels"],
                    arrays[f"{split}_predicted"],
                    arrays[f"{split}_log_likelihood"],
                    penalty=trial.get("penalty", 0.0),
                    in_train=arrays.get(f"{split}_in_train"),
                )
    return {name: finite(trial.get(name)) for name in COPIED} | {"splits": splits}


def finite(value: Any) -> Any:
    """Return the value, or None where it is a float that strict JSON has no word for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
