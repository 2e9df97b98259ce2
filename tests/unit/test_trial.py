"""One trial from its order to its files, on 200 images."""

import csv
import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import keras
import numpy as np
import pytest

from lookbook.config.digests import digest
from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config
from lookbook.datasets import fashion_mnist
from lookbook.results import trial as results
from lookbook.runtime import checkpoints, trial
from lookbook.training import compiled_tensorflow

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)
FILES = ["history.csv", "model.keras", "predictions.npz", "trial.json"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    fashion_mnist.prepare("sample", folder)
    return folder


FLIP = [{"class_name": "horizontal_flip", "config": {"probability": 0.5}}]


def order_of(name: str, seed: int = 1, **changes) -> dict:
    """Return the order of an experiment on 200 images, with keys such as ``training={...}`` laid over it."""
    spec = deepcopy(EXPERIMENTS[name].spec)
    spec["limit"] = {"train_images": 200, "test_images": 60}
    for key, value in changes.items():
        spec[key] = spec[key] | value if isinstance(value, dict) and isinstance(spec[key], dict) else value
    return {"experiment": name, "trial": 0, "seed": seed, "spec": spec, "source": "source"}


def few(epochs: int, batch_size: int = 32, **more) -> dict:
    return {"epochs": epochs, "batch_size": batch_size, "early_stopping": None, **more}


# One whose loop XLA compiles and one in graph mode; between them: early stopping that strikes, random augmentation,
# dropout, momentum, a schedule, averaged weights, a last batch that is short.
DENSE = order_of(
    "exp001",
    training=few(9, early_stopping={"patience": 1}),
    optimizer={"config": {"learning_rate": 0.03}},
    augmentation=FLIP,
)
AVERAGED = {"start_epoch": 1, "every": 1}
CONVOLUTIONAL = order_of("mini_vgg", training=few(2, batch_size=45, weight_averaging=AVERAGED), augmentation=FLIP)
NORMALISED = order_of("exp003", training=few(1))
ORDERS = pytest.mark.parametrize("order", [DENSE, CONVOLUTIONAL], ids=["xla", "graph"])


class Killed(BaseException):
    """Stands for the signal that ends a process."""


@pytest.fixture(autouse=True, scope="module")
def quick_to_trace():
    """Trace two steps in place of more: the chunks are smaller, their sequence is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_tensorflow, "STEPS_PER_CALL", 2)
        yield


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    """Return a function that trains an order once, and its folder with the last state that was checkpointed."""
    done: dict[str, tuple[Path, dict, list[np.ndarray]]] = {}

    def train(order: dict) -> tuple[Path, dict, list[np.ndarray]]:
        if digest(order) not in done:
            folder = tmp_path_factory.mktemp("trained")
            done[digest(order)] = train_into(folder, order, dataset)
        return done[digest(order)]

    return train


def train_into(folder: Path, order: dict, dataset: Path, say=silent, **more) -> tuple[Path, dict, list[np.ndarray]]:
    """Train and return the folder, what run returned, and the last checkpoint's variables."""
    states: list[list[np.ndarray]] = []
    save = checkpoints.save

    def watched(path, identity, groups, state):
        states.append([np.array(array) for array in groups["variables"]])
        save(path, identity, groups, state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "save", watched)
        written = trial.run(order, dataset, folder, folder / "state" / "0.npz", threads=1, say=say, **more)
    return folder, written, states[-1] if states else []


def predictions_of(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "predictions.npz") as arrays:
        return dict(arrays)


def history_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def without_seconds(history: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def assert_same_result(one: tuple, other: tuple) -> None:
    """Compare everything that two trainings left behind, bit for bit: files, optimizer, random states."""
    for ours, theirs in zip(one[2], other[2], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    first, second = predictions_of(one[0]), predictions_of(other[0])
    assert first.keys() == second.keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], err_msg=key)
    assert without_seconds(history_of(one[0])) == without_seconds(history_of(other[0]))
    weights = [keras.models.load_model(folder / "model.keras").get_weights() for folder in (one[0], other[0])]
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@ORDERS
def test_the_same_seed_gives_the_same_trial_bit_for_bit(order, trained, dataset, tmp_path):
    again = train_into(tmp_path, order, dataset)
    assert again[1]["compile"] == ("xla" if order is DENSE else "graph")
    assert_same_result(trained(order), again)


def test_another_seed_gives_another_trial(trained, dataset, tmp_path):
    other = train_into(tmp_path, DENSE | {"seed": 2}, dataset)
    assert any(not np.array_equal(a, b) for a, b in zip(trained(DENSE)[2], other[2], strict=True))


@ORDERS
def test_a_trial_killed_after_every_epoch_ends_as_if_it_had_not_been(order, trained, dataset, tmp_path):
    lines = []

    def kill(line: str) -> None:
        lines.append(line)
        if line.startswith("epoch"):
            raise Killed

    epochs = trained(order)[1]["epochs"]
    for _ in range(epochs):
        with pytest.raises(Killed):
            train_into(tmp_path, order, dataset, kill)
        assert not (tmp_path / "trial.json").exists()
    resumed = train_into(tmp_path, order, dataset, lines.append)
    assert sum(line.startswith("epoch") for line in lines) == epochs
    # The last process had nothing left to train, so its state is that of the last checkpoint before it.
    assert resumed[2] == []
    assert_same_result((*trained(order)[:2], []), resumed)
    assert (resumed[1]["epochs"], resumed[1]["best_epoch"]) == (epochs, trained(order)[1]["best_epoch"])


@ORDERS
def test_a_trial_killed_within_an_epoch_goes_on_from_the_one_before(order, trained, dataset, tmp_path, monkeypatch):
    save = checkpoints.save

    def killed(path, identity, groups, state):
        if len(state["history"]) == 2:
            raise Killed
        save(path, identity, groups, state)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save", killed)
        with pytest.raises(Killed):
            trial.run(order, dataset, tmp_path, tmp_path / "state" / "0.npz", threads=1, say=silent)
    lines: list[str] = []
    resumed = train_into(tmp_path, order, dataset, lines.append)
    assert "goes on after epoch 1 from its checkpoint" in lines
    assert_same_result(trained(order), resumed)


@pytest.mark.parametrize("kind", ["another order", "damaged"])
def test_a_checkpoint_that_is_not_its_own_is_ignored(kind, trained, dataset, tmp_path):
    checkpoint = tmp_path / "state" / "0.npz"
    if kind == "damaged":
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(b"PK\x03\x04 and nothing more")
    else:
        with pytest.raises(Killed):
            train_into(tmp_path, DENSE | {"seed": 9}, dataset, kill_after_epoch)
        assert checkpoint.exists()
    lines: list[str] = []
    assert_same_result(trained(DENSE), train_into(tmp_path, DENSE, dataset, lines.append))
    assert not any(line.startswith("goes on") for line in lines)


def kill_after_epoch(line: str) -> None:
    if line.startswith("epoch"):
        raise Killed


def test_a_trial_leaves_its_four_files_and_no_checkpoint(trained):
    folder = trained(DENSE)[0]
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == FILES
    assert list((folder / "state").iterdir()) == []


def test_trial_json_says_what_was_trained_on_what_and_how_it_went(trained, dataset):
    folder, returned, _ = trained(DENSE)
    written = json.loads((folder / "trial.json").read_text())
    assert written == returned
    assert (written["status"], written["experiment"], written["trial"], written["seed"]) == ("ok", "exp001", 0, 1)
    assert written["spec"] == DENSE["spec"]
    manifest = json.loads((dataset / "manifest.json").read_text())
    assert written["digests"] == {"spec": digest(DENSE["spec"]), "source": "source", "dataset": manifest["digest"]}
    assert written["versions"].keys() == {"python", "keras", "tensorflow", "numpy"}
    assert written["device"].startswith(("cpu: ", "gpu: "))
    assert (written["precision"], written["compile"], written["parameters"]) == ("float32", "xla", 101_770)
    assert written["images"] == {"train": 160, "valid": 40, "test": 60}
    assert written["images_per_epoch"] == 160
    assert written["steps"] == 5 * written["epochs"]
    assert written["seconds"] > 0
    assert written["images_per_second"] > 0
    assert (written["error"], written["traceback"]) == (None, None)


def test_trial_json_tells_where_its_time_and_memory_went(trained):
    written = trained(DENSE)[1]
    expected = {"import", "build", "compile", "train", "validate", "checkpoint", "predict", "save"}
    assert written["phases"].keys() == written["cpu_phases"].keys() == expected
    assert all(seconds >= 0 for seconds in [*written["phases"].values(), *written["cpu_phases"].values()])
    assert written["seconds"] == pytest.approx(sum(written["phases"].values()), abs=1e-3)
    # The process has imported TensorFlow, and holds less than the whole machine.
    assert 200 < written["peak_memory_mb"] < 20_000


def test_history_has_every_column_of_every_epoch(trained):
    folder, written, _ = trained(DENSE)
    rows = history_of(folder)
    assert tuple(rows[0]) == results.HISTORY_COLUMNS
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, written["epochs"] + 1)]
    assert [row["step"] for row in rows] == [str(5 * epoch) for epoch in range(1, written["epochs"] + 1)]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    assert {row["learning_rate"] for row in rows} == {str(float(np.float32(0.03)))}


def test_without_validation_its_cells_are_empty_and_a_schedule_shows(trained):
    rows = history_of(trained(CONVOLUTIONAL)[0])
    assert {row["valid_loss"] + row["valid_accuracy"] for row in rows} == {""}
    rates = [float(row["learning_rate"]) for row in rows]
    assert rates[0] > rates[-1]
    assert rates[-1] == pytest.approx(5e-6, rel=1e-3)


def test_the_best_weights_are_those_that_are_saved(trained):
    folder, written, _ = trained(DENSE)
    rows = history_of(folder)
    losses = [float(row["valid_loss"]) for row in rows]
    assert written["best_epoch"] == int(np.argmin(losses)) + 1
    assert written["epochs"] == written["best_epoch"] + 1 < 9
    best = -predictions_of(folder)["valid_log_likelihood"].mean()
    assert best == pytest.approx(min(losses), rel=1e-4)


def test_progress_is_one_line_an_epoch(dataset, tmp_path):
    lines: list[str] = []
    train_into(tmp_path, order_of("exp001", training=few(2)), dataset, lines.append)
    epochs = [line for line in lines if line.startswith("epoch")]
    assert [line.split()[1] for line in epochs] == ["1/2", "2/2"]
    for word in ("loss", "accuracy", "validation", " s ", "images/s", "ends by"):
        assert all(word in line for line in epochs), word
    assert lines[-1].startswith("ok after")


def test_predictions_name_the_images_that_they_are_of(trained, dataset):
    for order in (DENSE, CONVOLUTIONAL):
        found = predictions_of(trained(order)[0])
        for split, origin in (("train", "train"), ("valid", "train"), ("test", "test")):
            if f"{split}_rows" in found:
                labels = np.load(dataset / f"{origin}_labels.npy")[found[f"{split}_rows"]]
                np.testing.assert_array_equal(found[f"{split}_labels"], labels)
                log_likelihood = np.log(found[f"{split}_probabilities"].astype(np.float64).max(1))
                hit = found[f"{split}_predicted"] == labels
                np.testing.assert_allclose(found[f"{split}_log_likelihood"][hit], log_likelihood[hit], atol=2e-3)
        assert "valid_in_train" not in found
    assert not set(found["train_rows"]) - set(range(5000))


LOAD = """
import sys, keras, numpy as np
images = np.load(sys.argv[1]).astype("float32")
logits = [keras.models.load_model(path).predict(images, verbose=0) for path in sys.argv[3:]]
assert not any(name.split(".")[0] == "lookbook" for name in sys.modules)
np.save(sys.argv[2], np.stack([np.asarray(keras.ops.softmax(z.astype("float32"))) for z in logits]))
"""


def test_saved_models_load_with_plain_keras_and_give_the_saved_predictions_of_raw_images(trained, dataset, tmp_path):
    rows = predictions_of(trained(DENSE)[0])["test_rows"]
    np.save(tmp_path / "images.npy", np.load(dataset / "test_images.npy")[rows])
    folders = [trained(order)[0] for order in (DENSE, CONVOLUTIONAL, NORMALISED)]
    paths = [tmp_path / "images.npy", tmp_path / "out.npy", *(folder / "model.keras" for folder in folders)]
    subprocess.run([sys.executable, "-I", "-c", LOAD, *map(str, paths)], check=True, cwd=tmp_path, timeout=300)
    for folder, probabilities in zip(folders, np.load(tmp_path / "out.npy"), strict=True):
        np.testing.assert_allclose(probabilities, predictions_of(folder)["test_probabilities"], atol=2e-3)
