"""What a trial leaves behind: history, model, predictions and, last, trial.json, which says that it is complete."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from lookbook.datasets.arrays import replacing

HISTORY_COLUMNS = (
    "epoch",
    "step",
    "learning_rate",
    "seconds",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
)


def write_history(directory: Path, rows: list[dict[str, Any]]) -> None:
    """Write history.csv, one row per epoch; an experiment without validation images leaves its cells empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _replace(directory / "history.csv", text.getvalue().encode())


def write_model(directory: Path, model: keras.Model | None) -> None:
    """Write model.keras; of a trial that failed without a model, an empty file, since Snakemake awaits one."""
    path = directory / "model.keras"
    if model is None:
        _replace(path, b"")
        return
    with replacing(path) as temporary:
        model.save(temporary)


class Predictions(NamedTuple):
    """What a network answers for one split: logits float32 (N, C), labels (N,) and rows in the data set (N,)."""

    logits: np.ndarray
    labels: np.ndarray
    rows: np.ndarray


def write_predictions(
    directory: Path, splits: dict[str, Predictions], valid_in_train: np.ndarray | None = None
) -> None:
    """Write predictions.npz.

    For each split it has ``<split>_labels`` and ``<split>_predicted`` (uint8, (N,)), ``<split>_rows`` (int32,
    (N,)), positions in the data set's training or test images, ``<split>_probabilities``, float16 (N, C) to save
    space, and ``<split>_log_likelihood``, float32 (N,), the log-probability of the true class, so that a
    cross-entropy is exact in spite of that.

    Args:
        directory: the trial's folder.
        splits: the predictions by split.
        valid_in_train: bool (M,), which validation images are trained on as well; None where that cannot be.
    """
    arrays: dict[str, np.ndarray] = {}
    for split, (logits, labels, rows) in splits.items():
        log_probabilities = log_softmax(logits)
        arrays[f"{split}_probabilities"] = np.exp(log_probabilities).astype(np.float16)
        arrays[f"{split}_predicted"] = logits.argmax(axis=1).astype(np.uint8)
        arrays[f"{split}_labels"] = labels.astype(np.uint8)
        arrays[f"{split}_rows"] = rows.astype(np.int32)
        true = log_probabilities[np.arange(len(labels)), labels.astype(np.intp)]
        arrays[f"{split}_log_likelihood"] = true.astype(np.float32)
    if valid_in_train is not None and "valid" in splits:
        arrays["valid_in_train"] = valid_in_train
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    _replace(directory / "predictions.npz", buffer.getbuffer())


def write_trial(directory: Path, trial: dict[str, Any]) -> None:
    """Write trial.json; JSON has no NaN or infinity, so they become null."""
    trial = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in trial.items()}
    _replace(directory / "trial.json", (json.dumps(trial, indent=2, allow_nan=False) + "\n").encode())


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities, float64 (N, C), of logits (N, C)."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _replace(path: Path, content: bytes | memoryview) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
