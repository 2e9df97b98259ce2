"""A seed determines a trial bit for bit, whether or not it is killed and resumed."""

from pathlib import Path

import keras
import numpy as np
import pytest
from small_trials import (
    CONVOLUTIONAL,
    DENSE,
    Killed,
    Trained,
    history_in,
    kill_after_epoch,
    predictions_in,
    run,
    train_into,
    train_once,
    write_sample,
)

from lookbook.runtime import checkpoints
from lookbook.training import compiled_tensorflow

BOTH = pytest.mark.parametrize("trial_spec", [DENSE, CONVOLUTIONAL], ids=["xla", "graph"])


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def trained(manifest, tmp_path_factory):
    return train_once(manifest, tmp_path_factory)


@pytest.fixture(autouse=True, scope="module")
def quick_to_trace():
    """Trace two steps per call instead of more; the sequence of steps is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_tensorflow, "STEPS_PER_CALL", 2)
        yield


def assert_same_result(one: Trained, other: Trained) -> None:
    """Compare everything that two trainings left, bit for bit: files, optimizer, random states."""
    for ours, theirs in zip(one[2], other[2], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    first, second = predictions_in(one[0]), predictions_in(other[0])
    assert first.keys() == second.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], err_msg=key)
    histories = [[row | {"seconds": ""} for row in history_in(folder)] for folder in (one[0], other[0])]
    assert histories[0] == histories[1]
    weights = [keras.models.load_model(folder / "model.keras").get_weights() for folder in (one[0], other[0])]
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@BOTH
def test_the_same_seed_gives_the_same_trial_bit_for_bit(trial_spec, trained, manifest, tmp_path):
    again = train_into(tmp_path, trial_spec, manifest)
    assert again[1]["compile"] == ("xla" if trial_spec is DENSE else "graph")
    assert_same_result(trained(trial_spec), again)


def test_another_seed_gives_another_trial(trained, manifest, tmp_path):
    other = train_into(tmp_path, DENSE | {"seed": 2}, manifest)
    assert any(not np.array_equal(a, b) for a, b in zip(trained(DENSE)[2], other[2], strict=True))


@BOTH
def test_a_trial_killed_after_every_epoch_ends_with_the_same_result(trial_spec, trained, manifest, tmp_path):
    lines = []

    def kill(line: str) -> None:
        lines.append(line)
        kill_after_epoch(line)

    epochs = trained(trial_spec)[1]["epochs"]
    for _ in range(epochs):
        with pytest.raises(Killed):
            train_into(tmp_path, trial_spec, manifest, kill)
        assert not (tmp_path / "trial.json").exists()
    resumed = train_into(tmp_path, trial_spec, manifest, lines.append)
    assert sum(line.startswith("epoch") for line in lines) == epochs
    # The last process had no epoch to train and wrote no checkpoint.
    assert resumed[2] == []
    assert_same_result((*trained(trial_spec)[:2], []), resumed)
    assert (resumed[1]["epochs"], resumed[1]["best_epoch"]) == (epochs, trained(trial_spec)[1]["best_epoch"])


@BOTH
def test_a_trial_killed_within_an_epoch_resumes_after_the_previous_one(
    trial_spec, trained, manifest, tmp_path, monkeypatch
):
    save = checkpoints.save

    def killed(path, identity, variables, result):
        if len(result.history) == 2:
            raise Killed
        save(path, identity, variables, result)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save", killed)
        with pytest.raises(Killed):
            run(trial_spec, manifest, tmp_path)
    lines: list[str] = []
    resumed = train_into(tmp_path, trial_spec, manifest, lines.append)
    assert "resuming after epoch 1" in lines
    assert_same_result(trained(trial_spec), resumed)


@pytest.mark.parametrize("kind", ["another trial's", "damaged"])
def test_a_checkpoint_that_cannot_be_used_is_ignored(kind, trained, manifest, tmp_path):
    checkpoint = tmp_path / "state" / "0.npz"
    if kind == "damaged":
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(b"PK\x03\x04 and nothing more")
    else:
        with pytest.raises(Killed):
            train_into(tmp_path, DENSE | {"seed": 9}, manifest, kill_after_epoch)
        assert checkpoint.exists()
    lines: list[str] = []
    assert_same_result(trained(DENSE), train_into(tmp_path, DENSE, manifest, lines.append))
    assert not any(line.startswith("resuming") for line in lines)
