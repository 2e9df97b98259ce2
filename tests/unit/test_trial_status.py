"""How a trial can end other than well, what it may start from, and what else is random."""

import csv
import json
from copy import deepcopy
from pathlib import Path

import keras
import numpy as np
import pytest

from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config
from lookbook.datasets import fashion_mnist
from lookbook.datasets.arrays import load
from lookbook.errors import DatasetError
from lookbook.results import trial as results
from lookbook.runtime import trial
from lookbook.training import fit as loop
from lookbook.training.setup import set_up

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    fashion_mnist.prepare("sample", folder)
    return folder


def order_of(name: str = "growing_batch_baseline", **changes) -> dict:
    """Return the order of an experiment for one epoch on 200 images, with keys laid over it."""
    spec = deepcopy(EXPERIMENTS[name].spec)
    spec["limit"] = {"train_images": 200, "test_images": 60}
    spec["training"] |= {"epochs": 1, "batch_size": 50, "early_stopping": None, "weight_averaging": None}
    for key, value in changes.items():
        spec[key] = spec[key] | value if key == "training" else value
    return {"experiment": name, "trial": 0, "seed": 1, "spec": spec, "source": "source"}


@pytest.fixture
def run(dataset, tmp_path):
    def run(order: dict, **more) -> dict:
        folder = tmp_path / "trial"
        return trial.run(order, dataset, folder, tmp_path / "0.npz", threads=1, say=lambda _: None, **more)

    return run


def strict_json(path: Path) -> dict:
    def refuse(constant: str):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def assert_complete_and_empty(folder: Path) -> None:
    """Check the files of a trial that has no results: all there, readable, and without any."""
    with (folder / "history.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [list(results.HISTORY_COLUMNS)]
    assert (folder / "model.keras").stat().st_size == 0
    with np.load(folder / "predictions.npz") as arrays:
        assert arrays.files == []


def test_a_trial_that_diverges_says_so_and_keeps_its_history(run, tmp_path):
    absurd = {"class_name": "SGD", "config": {"learning_rate": 1e30}}
    assert run(order_of(optimizer=absurd, training={"epochs": 5}))["status"] == "diverged"
    written = strict_json(tmp_path / "trial" / "trial.json")
    assert written["epochs"] < 5
    assert written["error"] is None
    assert (tmp_path / "trial" / "model.keras").stat().st_size > 0


def test_a_network_with_penalties_that_diverges_leaves_readable_files(run, tmp_path):
    absurd = {"class_name": "SGD", "config": {"learning_rate": 1e30}}
    model = {"class_name": "small_cnn", "config": {"filters": [2], "kernel_regularizer": "l2"}}
    assert run(order_of(optimizer=absurd, model=model))["status"] == "diverged"
    assert strict_json(tmp_path / "trial" / "trial.json")["status"] == "diverged"


def test_a_trial_that_never_learns_is_collapsed_where_the_experiment_says_what_that_is(run):
    still = {"class_name": "SGD", "config": {"learning_rate": 1e-12}}
    assert run(order_of(optimizer=still, collapse_below=0.9))["status"] == "collapsed"
    assert run(order_of(optimizer=still, collapse_below=None))["status"] == "ok"


def test_a_network_that_cannot_be_built_fails_with_its_error_and_complete_files(run, tmp_path):
    model = {"class_name": "small_cnn", "config": {"filters": [2] * 9, "padding": "valid"}}
    run(order_of(model=model))
    written = strict_json(tmp_path / "trial" / "trial.json")
    assert written["status"] == "failed"
    assert written["error"].startswith("ValueError: ")
    assert written["traceback"].startswith("Traceback (most recent call last)")
    assert written["seconds"] > 0
    assert {"spec", "digests", "device", "versions", "seed"} <= written.keys()
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
    assert run(order_of())["status"] == "out_of_memory"
    assert_complete_and_empty(tmp_path / "trial")


def test_a_full_disk_is_an_error_of_the_job_and_not_of_the_trial(run, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(results, "write_predictions", full)
    with pytest.raises(OSError, match="no space"):
        run(order_of())
    assert not (tmp_path / "trial" / "trial.json").exists()
    monkeypatch.undo()
    # What was trained is not lost.
    monkeypatch.setattr(loop, "_train_epoch", None)
    assert run(order_of())["status"] == "ok"


def test_missing_data_is_an_error_of_the_job(tmp_path):
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        trial.run(order_of(), tmp_path / "none", tmp_path / "trial", tmp_path / "0.npz", threads=1)


# Initial weights.

SMALL = {"class_name": "mlp", "config": {"units": [8], "activation": "relu"}}


@pytest.fixture(scope="module")
def saved(dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    order = order_of(model=SMALL)
    trial.run(order, dataset, folder, folder / "0.npz", threads=1, say=lambda _: None)
    return folder / "model.keras"


def test_a_trial_starts_exactly_from_the_weights_that_it_is_given(saved, dataset):
    ours = set_up(order_of(model=SMALL)["spec"], 7, load(dataset), saved).model.get_weights()
    for one, other in zip(ours, keras.models.load_model(saved).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_of_other_shapes_are_a_clear_failure(saved, run, tmp_path):
    run(order_of(), initial_weights=saved)
    written = strict_json(tmp_path / "trial" / "trial.json")
    assert written["status"] == "failed"
    assert "weights of other shapes than the network" in written["error"]
    assert "784, 8" in written["error"]
    assert "784, 128" in written["error"]
    assert str(saved) in written["error"]


def test_a_start_that_has_failed_is_a_clear_failure(run, tmp_path):
    (tmp_path / "model.keras").write_bytes(b"")
    run(order_of(), initial_weights=tmp_path / "model.keras")
    written = strict_json(tmp_path / "trial" / "trial.json")
    assert written["status"] == "failed"
    assert str(tmp_path / "model.keras") in written["error"]
    # It is there, and so nobody should have to look for it.
    assert "not found" not in written["error"]


def test_an_augmentation_or_a_model_does_not_change_what_else_is_random(dataset):
    plain = set_up(order_of("exp001")["spec"], 3, load(dataset), None)
    zoom = {"class_name": "zoom", "config": {"minimum": 0.9, "maximum": 1.1}}
    zoomed = set_up(order_of("exp001", augmentation=[zoom])["spec"], 3, load(dataset), None)
    for split, found in plain.material.splits.items():
        np.testing.assert_array_equal(found, zoomed.material.splits[split])
    np.testing.assert_array_equal(plain.material.epoch(1), zoomed.material.epoch(1))
    for one, other in zip(plain.model.get_weights(), zoomed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
