"""One trial on 200 images: its files, which its seed determines bit for bit, even if it is killed and resumed."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_trials import (
    CONVOLUTIONAL,
    DENSE,
    NORMALIZED,
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

from lookbook.config.digests import digest
from lookbook.results import history as history_file
from lookbook.results.trial import read_trial, trial_identity
from lookbook.runtime import checkpoints
from lookbook.training import compiled_tensorflow

BOTH = pytest.mark.parametrize("trial_spec", [DENSE, CONVOLUTIONAL], ids=["xla", "graph"])
FILES = ["history.csv", "model.keras", "predictions.npz", "trial.json"]


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


def test_a_trial_leaves_its_four_files_and_no_checkpoint(trained):
    folder = trained(DENSE)[0]
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == FILES
    assert list((folder / "state").iterdir()) == []


def test_trial_json_states_what_was_trained_on_what_and_how_it_ended(trained, manifest):
    folder, returned, _ = trained(DENSE)
    written = json.loads((folder / "trial.json").read_text())
    assert len(written.pop("checksum")) == 64
    assert written == returned
    assert (written["status"], written["experiment"], written["trial"], written["seed"]) == ("ok", "mine", 0, 1)
    assert written["spec"] == DENSE["spec"]
    dataset = json.loads(manifest.read_text())["digest"]
    assert written["digests"] == {"trial_spec": digest(DENSE), "code": "code", "dataset": dataset}
    assert written["identity"] == trial_identity(digest(DENSE), dataset)
    assert written["versions"].keys() == {"python", "keras", "tensorflow", "numpy"}
    assert written["device"].startswith(("cpu: ", "gpu: "))
    assert (written["precision"], written["compile"], written["parameters"]) == ("float32", "xla", 101_770)
    assert written["images"] == {"train": 160, "valid": 40, "test": 60}
    assert written["images_per_epoch"] == 160
    assert written["steps"] == 5 * written["epochs"]
    assert written["seconds"] > 0
    assert written["images_per_second"] > 0
    assert (written["error"], written["traceback"]) == (None, None)


def test_a_reader_of_the_trial_finds_every_file_as_it_was_written(trained):
    trial = read_trial(trained(DENSE)[0] / "trial.json")
    assert trial.is_finished
    assert [trial.file(name).name for name in FILES[:3]] == FILES[:3]


def test_trial_json_states_the_times_of_the_phases_and_the_memory(trained):
    written = trained(DENSE)[1]
    expected = {"import", "build", "compile", "train", "validate", "checkpoint", "predict", "save"}
    assert written["phases"].keys() == written["cpu_phases"].keys() == expected
    assert all(seconds >= 0 for seconds in [*written["phases"].values(), *written["cpu_phases"].values()])
    assert written["seconds"] == pytest.approx(sum(written["phases"].values()), abs=1e-3)
    # The process has imported TensorFlow, and uses less than the whole machine.
    assert 200 < written["peak_memory_mb"] < 20_000


def test_history_has_every_column_of_every_epoch(trained):
    folder, written, _ = trained(DENSE)
    rows = history_in(folder)
    assert tuple(rows[0]) == history_file.COLUMNS
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(1, written["epochs"] + 1)]
    assert [row["step"] for row in rows] == [str(5 * epoch) for epoch in range(1, written["epochs"] + 1)]
    assert all(np.isfinite(float(v)) for row in rows for name, v in row.items() if not name.startswith("test"))
    assert {row["test_loss"] + row["test_accuracy"] for row in rows} == {""}
    assert {row["learning_rate"] for row in rows} == {str(float(np.float32(0.05)))}


def test_history_without_validation_has_empty_cells_and_follows_a_schedule(trained):
    rows = history_in(trained(CONVOLUTIONAL)[0])
    assert {row["valid_loss"] + row["valid_accuracy"] for row in rows} == {""}
    rates = [float(row["learning_rate"]) for row in rows]
    assert rates[0] > rates[-1]
    assert rates[-1] == pytest.approx(5e-6, rel=1e-3)


def test_the_best_weights_are_saved(trained):
    folder, written, _ = trained(DENSE)
    losses = [float(row["valid_loss"]) for row in history_in(folder)]
    assert written["best_epoch"] == int(np.argmin(losses)) + 1
    assert written["epochs"] == written["best_epoch"] + 1 < 9
    best = -predictions_in(folder)["valid_log_likelihood"].mean()
    assert best == pytest.approx(min(losses), rel=1e-4)


def test_predictions_state_the_rows_of_their_images(trained, manifest):
    for trial_spec in (DENSE, CONVOLUTIONAL):
        found = predictions_in(trained(trial_spec)[0])
        for split, origin in (("train", "train"), ("valid", "train"), ("test", "test")):
            if f"{split}_rows" in found:
                labels = np.load(manifest.with_name(f"{origin}_labels.npy"))[found[f"{split}_rows"]]
                np.testing.assert_array_equal(found[f"{split}_labels"], labels)
                expected = np.log(found[f"{split}_probabilities"].astype(np.float64).max(1))
                correct = found[f"{split}_predicted"] == labels
                np.testing.assert_allclose(found[f"{split}_log_likelihood"][correct], expected[correct], atol=2e-3)
        assert "valid_in_train" not in found
    assert not set(found["train_rows"]) - set(range(5000))


LOAD = """
import sys, keras, numpy as np
images = np.load(sys.argv[1]).astype("float32")
logits = [keras.models.load_model(path).predict(images, verbose=0) for path in sys.argv[3:]]
assert not any(name.split(".")[0] == "lookbook" for name in sys.modules)
np.save(sys.argv[2], np.stack([np.asarray(keras.ops.softmax(z.astype("float32"))) for z in logits]))
"""


def test_plain_keras_loads_a_saved_model_and_predicts_the_same_from_raw_images(trained, manifest, tmp_path):
    rows = predictions_in(trained(DENSE)[0])["test_rows"]
    np.save(tmp_path / "images.npy", np.load(manifest.with_name("test_images.npy"))[rows])
    folders = [trained(trial_spec)[0] for trial_spec in (DENSE, CONVOLUTIONAL, NORMALIZED)]
    paths = [tmp_path / "images.npy", tmp_path / "out.npy", *(folder / "model.keras" for folder in folders)]
    subprocess.run([sys.executable, "-I", "-c", LOAD, *map(str, paths)], check=True, cwd=tmp_path, timeout=300)
    for folder, probabilities in zip(folders, np.load(tmp_path / "out.npy"), strict=True):
        np.testing.assert_allclose(probabilities, predictions_in(folder)["test_probabilities"], atol=2e-3)


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
