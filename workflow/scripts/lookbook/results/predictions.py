"""predictions.npz: what a trial's network predicts for each split.

For each split it holds ``<split>_labels`` and ``<split>_predicted`` (uint8, (N,)); ``<split>_rows`` (int32, (N,)),
positions in the dataset's training or test images; ``<split>_probabilities``, float16 (N, C) to save space; and
``<split>_log_likelihood``, float32 (N,), the log-probability of the true class, so that the cross-entropy is exact
although the probabilities are rounded. ``valid_in_train`` (bool, (M,)) tells which validation images are trained on as
well; it is absent where none can be.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lookbook.errors import ResultError
from lookbook.files import write_bytes

SPLITS = ("train", "valid", "test")
ARRAYS = ("labels", "predicted", "rows", "probabilities", "log_likelihood")
IN_TRAIN = "valid_in_train"


class SplitOutputs(NamedTuple):
    """A network's outputs for one split: logits float32 (N, C), labels (N,) and rows in the dataset (N,)."""

    logits: np.ndarray
    labels: np.ndarray
    rows: np.ndarray


def write_predictions(path: Path, splits: Mapping[str, SplitOutputs], valid_in_train: np.ndarray | None = None) -> None:
    """Write the predictions of each split; a trial that failed has none.

    Args:
        path: the file.
        splits: network outputs by split.
        valid_in_train: bool (M,), which validation images are trained on as well; None where none can be.
    """
    arrays: dict[str, np.ndarray] = {}
    for split, (logits, labels, rows) in splits.items():
        log_probabilities = log_softmax(logits)
        true = log_probabilities[np.arange(len(labels)), labels.astype(np.intp)]
        values = {
            "probabilities": np.exp(log_probabilities).astype(np.float16),
            "predicted": logits.argmax(axis=1).astype(np.uint8),
            "labels": labels.astype(np.uint8),
            "rows": rows.astype(np.int32),
            "log_likelihood": true.astype(np.float32),
        }
        arrays |= {f"{split}_{name}": value for name, value in values.items()}
    if valid_in_train is not None and "valid" in splits:
        arrays[IN_TRAIN] = valid_in_train
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getbuffer())


def predicted_splits(path: Path) -> tuple[str, ...]:
    """Return the splits that a file holds, in the order of ``SPLITS``.

    Raises:
        ResultError: the file is missing or damaged.
    """
    with _open(path) as arrays:
        return tuple(split for split in SPLITS if f"{split}_labels" in arrays)


def read_split(path: Path, split: str, *names: str) -> dict[str, np.ndarray]:
    """Return the named arrays of one split, all of ``ARRAYS`` where none is named; no other is decompressed.

    Raises:
        ResultError: the file is missing or damaged, or lacks an array.
    """
    with _open(path) as arrays:
        try:
            return {name: arrays[f"{split}_{name}"] for name in names or ARRAYS}
        except Exception as error:  # A damaged archive raises whatever its bytes lead to.
            raise ResultError(f"{path} is damaged ({type(error).__name__}: {error}); train the trial again") from None


def read_in_train(path: Path) -> np.ndarray | None:
    """Return bool (M,), which validation images are trained on as well; None where none can be."""
    with _open(path) as arrays:
        return arrays.get(IN_TRAIN)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities, float64 (N, C), of logits (N, C)."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _open(path: Path) -> np.lib.npyio.NpzFile:
    try:
        return np.load(path)
    except FileNotFoundError:
        raise ResultError(f"{path} is missing; train the trial again") from None
    except Exception as error:
        raise ResultError(f"{path} is damaged ({type(error).__name__}: {error}); train the trial again") from None
