"""How a trial can end without results, what it can start from, and which random numbers it shares."""

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import small_trials
from small_trials import CPU, few, trial_spec_of, write_sample

from lookbook.datasets.arrays import load
from lookbook.errors import DatasetError, ResultError
from lookbook.results import history as history_file
from lookbook.runtime import trial
from lookbook.training import fit as loop
from lookbook.training.setup import set_up


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample"))


def spec_of(name: str = "growing_batch_baseline", **keys: Any) -> dict[str, Any]:
    """Return an experiment for one epoch of four steps."""
    training = few(1, batch_size=50, weight_averaging=None) | keys.pop("training", {})
    return small_trials.sample_spec(name, training=training, **keys)


@pytest.fixture
def run(manifest, tmp_path):
    def run(more: dict | None = None, **keys: Any) -> dict:
        return small_trials.run(trial_spec_of(spec_of(**keys)), manifest, tmp_path / "trial", **(more or {}))

    return run


def strict_json(path: Path) -> dict:
    def refuse(constant: str):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def assert_complete_and_empty(folder: Path) -> None:
    """Check the files of a trial without results: all exist and can be read, and hold no values."""
    with (folder / "history.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [list(history_file.COLUMNS)]
    assert (folder / "model.keras").stat().st_size == 0
    with np.load(folder / "predictions.npz") as arrays:
        assert arrays.files == []
    assert strict_json(folder / "trial.json")["files"].keys() == {"history.csv", "model.keras", "predictions.npz"}


ABSURD = {"class_name": "SGD", "config": {"learning_rate": 1e30}}


PENALIZED = {"class_name": "small_cnn", "config": {"filters": [2], "kernel_regularizer": "l2"}}


@pytest.mark.parametrize("keys", [{}, {"model": PENALIZED}], ids=["plain", "with penalties"])
def test_a_trial_that_diverges_says_so_and_keeps_its_history(keys, run, tmp_path):
    assert run(optimizer=ABSURD, training={"epochs": 5}, **keys)["status"] == "diverged"
    written = strict_json(tmp_path / "trial" / "trial.json")
    assert (written["status"], written["error"]) == ("diverged", None)
    assert written["epochs"] < 5
    assert (tmp_path / "trial" / "model.keras").stat().st_size > 0


def test_a_trial_that_does_not_learn_is_collapsed_if_the_experiment_has_a_threshold(run):
    still = {"class_name": "SGD", "config": {"learning_rate": 1e-12}}
    assert run(optimizer=still, collapse_below=0.9)["status"] == "collapsed"
    assert run(optimizer=still, collapse_below=None)["status"] == "ok"


def test_a_network_that_cannot_be_built_fails_with_its_error_and_complete_files(run, tmp_path):
    run(model={"class_name": "small_cnn", "config": {"filters": [2] * 9, "padding": "valid"}})
    written = strict_json(tmp_path / "trial" / "trial.json")
    assert written["status"] == "failed"
    assert written["error"].startswith("ValueError: ")
    assert written["traceback"].startswith("Traceback (most recent call last)")
    assert written["seconds"] > 0
    assert {"spec", "digests", "identity", "device", "versions", "seed"} <= written.keys()
    assert_complete_and_empty(tmp_path / "trial")


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's own."""


@pytest.mark.parametrize(
    "error", [ResourceExhaustedError("no room"), MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: no room")], ids=repr
)
def test_a_trial_that_does_not_fit_into_memory_says_so(error, run, tmp_path, monkeypatch):
    def exhausted(*_):
        raise error

    monkeypatch.setattr(loop, "_train_epoch", exhausted)
    assert run()["status"] == "out_of_memory"
    assert_complete_and_empty(tmp_path / "trial")


def test_a_full_disk_is_an_error_of_the_job_and_not_of_the_trial(run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(trial, "write_predictions", full)
    with pytest.raises(OSError, match="no space"):
        run()
    assert not (tmp_path / "trial" / "trial.json").exists()
    monkeypatch.undo()
    # The checkpoint has all epochs.
    monkeypatch.setattr(loop, "_train_epoch", None)
    assert run()["status"] == "ok"


def test_missing_data_is_an_error_of_the_job(tmp_path):
    with pytest.raises(DatasetError, match="none"):
        small_trials.run(trial_spec_of(spec_of()), tmp_path / "none" / "manifest.json", tmp_path / "trial")


# Initial weights.

SMALL = {"class_name": "mlp", "config": {"units": [8], "activation": "relu"}}


@pytest.fixture(scope="module")
def saved(manifest, tmp_path_factory) -> Path:
    """The folder of a trained trial."""
    folder = tmp_path_factory.mktemp("saved")
    small_trials.run(trial_spec_of(spec_of(model=SMALL)), manifest, folder)
    return folder


@pytest.mark.parametrize("key", ["initial_weights", "initial_trial"])
def test_a_trial_starts_exactly_from_the_weights_that_it_is_given(key, saved, run, tmp_path):
    still = {"class_name": "SGD", "config": {"learning_rate": 0.0}}
    path = saved / ("model.keras" if key == "initial_weights" else "trial.json")
    assert run({key: path}, model=SMALL, optimizer=still)["status"] == "ok"
    models = [keras.models.load_model(folder / "model.keras") for folder in (saved, tmp_path / "trial")]
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_given_by_hand_with_weights_of_other_shapes_is_refused(saved, run):
    with pytest.raises(ResultError, match="weights of other shapes than the network") as caught:
        run({"initial_weights": saved / "model.keras"})
    assert "784, 8" in str(caught.value)
    assert "784, 128" in str(caught.value)
    assert str(caught.value).startswith(str(saved / "model.keras"))


def test_weights_of_other_shapes_of_an_initial_trial_are_a_clear_failure(saved, run):
    written = run({"initial_trial": saved / "trial.json"})
    assert written["status"] == "failed"
    assert "weights of other shapes than the network" in written["error"]


def test_a_failed_initial_trial_is_a_clear_failure(manifest, run, tmp_path):
    broken = spec_of(model={"class_name": "small_cnn", "config": {"filters": [2] * 9, "padding": "valid"}})
    small_trials.run(trial_spec_of(broken), manifest, tmp_path / "initial")
    written = run({"initial_trial": tmp_path / "initial" / "trial.json"})
    assert written["status"] == "failed"
    assert f"{tmp_path / 'initial' / 'model.keras'} is empty: the trial to start from failed" in written["error"]
    assert_complete_and_empty(tmp_path / "trial")


def test_a_damaged_initial_trial_is_an_error_of_the_job(manifest, run, tmp_path):
    small_trials.run(trial_spec_of(spec_of(model=SMALL)), manifest, tmp_path / "initial")
    model = tmp_path / "initial" / "model.keras"
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(ResultError, match="damaged"):
        run({"initial_trial": tmp_path / "initial" / "trial.json"}, model=SMALL)
    assert not (tmp_path / "trial").exists()


def test_an_augmentation_does_not_change_other_random_numbers(manifest):
    data = load(manifest)
    plain = set_up(spec_of("exp001"), 3, data, CPU)
    zoom = {"class_name": "zoom", "config": {"minimum": 0.9, "maximum": 1.1}}
    zoomed = set_up(spec_of("exp001", augmentation=[zoom]), 3, data, CPU)
    for split, rows in plain.data.splits.items():
        np.testing.assert_array_equal(rows, zoomed.data.splits[split])
    np.testing.assert_array_equal(plain.data.epoch(1), zoomed.data.epoch(1))
    for one, other in zip(plain.model.get_weights(), zoomed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
