"""A checkpoint is whole, of this very trial, or none at all."""

import numpy as np
import pytest

from lookbook.runtime import checkpoints

GROUPS = {
    "variables": [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64), np.zeros((0, 2), np.uint32)],
    "best": [],
}
STATE = {"history": [{"epoch": 1, "train_loss": 0.1 + 0.2}], "best_loss": float("inf"), "best_epoch": None}


@pytest.fixture
def path(tmp_path):
    saved = tmp_path / "new" / "0.npz"
    checkpoints.save(saved, "me", GROUPS, STATE)
    return saved


def test_arrays_and_state_come_back_as_they_were(path):
    groups, state = checkpoints.load(path, "me")
    assert groups.keys() == GROUPS.keys()
    assert groups["best"] == []
    for ours, theirs in zip(GROUPS["variables"], groups["variables"], strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_array_equal(ours, theirs)
    assert state == STATE


def test_none_without_a_file(tmp_path):
    assert checkpoints.load(tmp_path / "none.npz", "me") is None


def test_another_trials_checkpoint_is_ignored(path):
    assert checkpoints.load(path, "you") is None


def test_a_later_checkpoint_replaces_the_earlier_one_and_leaves_nothing_else(path):
    checkpoints.save(path, "me", {"variables": []}, {"history": []})
    assert checkpoints.load(path, "me") == ({"variables": []}, {"history": []})
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_the_earlier_one(path, monkeypatch):
    def full(_):
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoints.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        checkpoints.save(path, "me", {"variables": []}, {})
    assert checkpoints.load(path, "me") is not None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a checkpoint", b"\x93NUMPY\x01\x00"])
def test_something_else_is_ignored(content, path):
    path.write_bytes(content)
    assert checkpoints.load(path, "me") is None


def test_a_truncated_one_is_ignored(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        assert checkpoints.load(path, "me") is None


def test_a_damaged_byte_is_never_an_error_and_never_changes_a_value(path):
    whole = path.read_bytes()
    for position in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        loaded = checkpoints.load(path, "me")
        if loaded is not None:
            assert loaded[1] == STATE
            for ours, theirs in zip(GROUPS["variables"], loaded[0]["variables"], strict=True):
                np.testing.assert_array_equal(ours, theirs)
