"""A checkpoint restores the trial that wrote it, or nothing."""

import keras
import numpy as np
import pytest

from lookbook.runtime import checkpoints
from lookbook.training.averaging import WeightAverage
from lookbook.training.early_stopping import EarlyStopping
from lookbook.training.fit import FitResult, to_numpy

ARRAYS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64), np.zeros((0, 2), np.uint32)]
HISTORY = [{"epoch": 1, "train_loss": 0.1 + 0.2}, {"epoch": 2, "train_loss": float("inf")}]


def variables(arrays=ARRAYS) -> list[keras.Variable]:
    return [keras.Variable(array, dtype=array.dtype.name, trainable=False) for array in arrays]


def fresh() -> FitResult:
    return FitResult(EarlyStopping(3), WeightAverage(1))


@pytest.fixture
def path(tmp_path):
    saved = tmp_path / "new" / "0.npz"
    stopping = EarlyStopping(3, best_loss=float("inf"), best_weights=[ARRAYS[0] + 1])
    average = WeightAverage(1, count=2, weights=[ARRAYS[0] / 3])
    checkpoints.save(saved, "me", variables(), FitResult(stopping, average, HISTORY))
    return saved


def load(path, identity="me") -> tuple[list[np.ndarray], FitResult] | None:
    """Return what a checkpoint restores, starting from zeros, or None."""
    restored, result = variables([np.zeros_like(array) for array in ARRAYS]), fresh()
    if checkpoints.load(path, identity, restored, result):
        return to_numpy(restored), result
    assert result == fresh()
    assert not any(array.any() for array in to_numpy(restored))
    return None


def assert_restored(found: tuple[list[np.ndarray], FitResult]) -> None:
    arrays, result = found
    for ours, theirs in zip(ARRAYS, arrays, strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_array_equal(ours, theirs)
    assert result.history == HISTORY
    assert (result.stopping.best_loss, result.stopping.best_epoch) == (float("inf"), None)
    np.testing.assert_array_equal(result.stopping.best_weights, [ARRAYS[0] + 1])
    assert result.average.count == 2
    np.testing.assert_array_equal(result.average.weights, [ARRAYS[0] / 3])


def test_variables_and_result_are_restored(path):
    assert_restored(load(path))


def test_a_training_without_early_stopping_and_averaging_is_restored(tmp_path):
    checkpoints.save(tmp_path / "0.npz", "me", variables(), FitResult(None, None, HISTORY))
    result = FitResult(None, None)
    assert checkpoints.load(tmp_path / "0.npz", "me", variables(), result)
    assert result == FitResult(None, None, HISTORY)


def test_a_checkpoint_that_is_missing_or_of_another_trial_or_format_is_ignored(path, monkeypatch):
    assert load(path.with_name("none.npz")) is None
    assert load(path, "you") is None
    monkeypatch.setattr(checkpoints, "FORMAT", checkpoints.FORMAT + 1)
    assert load(path) is None


def test_a_later_checkpoint_replaces_the_earlier_one_and_leaves_no_other_file(path):
    checkpoints.save(path, "me", variables(), FitResult(EarlyStopping(3), WeightAverage(1), HISTORY[:1]))
    assert load(path)[1].history == HISTORY[:1]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_earlier_checkpoint(path, monkeypatch):
    def full(_):
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoints.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        checkpoints.save(path, "me", [], fresh())
    assert_restored(load(path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint", b"\x93NUMPY\x01\x00"])
def test_another_file_is_ignored(content, path):
    path.write_bytes(content)
    assert load(path) is None


def test_a_truncated_checkpoint_is_ignored(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        assert load(path) is None


def test_a_damaged_byte_never_raises_an_error_and_never_changes_a_value(path):
    whole = path.read_bytes()
    for position in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        found = load(path)
        if found is not None:
            assert_restored(found)
