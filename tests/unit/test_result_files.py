"""The files of a trial: each is read as it was written, and never where it is missing, damaged or another trial's."""

import math

import keras
import numpy as np
import pytest

from lookbook.config.digests import digest
from lookbook.errors import ResultError
from lookbook.results.benchmark import PlannedTrial
from lookbook.results.history import COLUMNS, read_history, write_history
from lookbook.results.model import write_model
from lookbook.results.predictions import SplitOutputs, main_predictions, read_predictions, write_predictions
from lookbook.results.trial import read_trial, trial_identity, write_trial

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(0, 4, (50, 10)).astype(np.float32)
LABELS = GENERATOR.integers(0, 10, 50).astype(np.uint8)
ROWS = np.arange(100, 150)


def test_the_remedy_is_the_command_of_the_run(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOKBOOK_COMMAND", raising=False)
    path = tmp_path / "trial.json"
    with pytest.raises(ResultError, match=f"create it with: snakemake --cores 1 --forcerun {path}$"):
        read_trial(path)
    monkeypatch.setenv("LOOKBOOK_COMMAND", "snakemake --cores 2 --configfile config/quick.yaml")
    with pytest.raises(ResultError, match=f"snakemake --cores 2 --configfile config/quick.yaml --forcerun {path}$"):
        read_trial(path)


@pytest.fixture
def predictions(tmp_path):
    train = SplitOutputs(LOGITS, LABELS, ROWS)
    test = SplitOutputs(LOGITS[:7], LABELS[:7], ROWS[:7])
    return written(tmp_path, {"train": train, "test": test})


def written(folder, *arguments) -> dict[str, np.ndarray]:
    """Write predictions and return the arrays of the file."""
    write_predictions(folder / "predictions.npz", *arguments)
    with np.load(folder / "predictions.npz") as arrays:
        return dict(arrays)


def test_predictions_have_every_array_of_each_split(predictions):
    found = {name: (array.dtype.name, *array.shape) for name, array in predictions.items()}
    vectors = {"predicted": "uint8", "labels": "uint8", "rows": "int32", "log_likelihood": "float32"}
    for split, count in (("train", 50), ("test", 7)):
        assert found.pop(f"{split}_probabilities") == ("float16", count, 10)
        assert {name: found.pop(f"{split}_{name}") for name in vectors} == {n: (d, count) for n, d in vectors.items()}
    assert not found
    np.testing.assert_array_equal(predictions["train_rows"], ROWS)


def test_probabilities_are_the_softmax_of_the_logits(predictions):
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(LOGITS))
    np.testing.assert_allclose(predictions["train_probabilities"], expected, atol=1e-3)
    assert predictions["train_probabilities"].astype(np.float64).sum(1) == pytest.approx(np.ones(50), abs=2e-3)


def test_log_likelihoods_are_those_of_the_true_class_without_rounding(predictions):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert -predictions["train_log_likelihood"].mean() == pytest.approx(float(loss(LABELS, LOGITS)), rel=1e-5)
    true = predictions["train_probabilities"][np.arange(50), LABELS].astype(np.float64)
    np.testing.assert_allclose(np.exp(predictions["train_log_likelihood"]), true, rtol=1e-3, atol=1e-6)


def test_a_log_likelihood_is_finite_where_its_probability_is_zero(tmp_path):
    logits = np.array([[0.0, 1000.0]], np.float32)
    arrays = written(tmp_path, {"test": SplitOutputs(logits, LABELS[:1] * 0, ROWS[:1])})
    assert arrays["test_probabilities"].tolist() == [[0.0, 1.0]]
    assert arrays["test_log_likelihood"].tolist() == [-1000.0]


def test_the_predicted_class_is_that_of_the_logits_where_rounded_probabilities_are_equal(tmp_path):
    logits = np.array([[0.0, 1e-5, 0.0]], np.float32)
    arrays = written(tmp_path, {"test": SplitOutputs(logits, LABELS[:1] * 0, ROWS[:1])})
    assert len(set(arrays["test_probabilities"][0].tolist())) == 1
    assert arrays["test_predicted"].tolist() == [1]


def test_predictions_state_which_validation_images_are_in_train(tmp_path):
    outputs = SplitOutputs(LOGITS[:3], LABELS[:3], ROWS[:3])
    in_train = np.array([True, False, True])
    assert written(tmp_path, {"valid": outputs}, in_train)["valid_in_train"].tolist() == [True, False, True]
    assert "valid_in_train" not in written(tmp_path, {"valid": outputs})
    assert "valid_in_train" not in written(tmp_path, {"test": outputs}, in_train[:0])


ROW = {"epoch": 1, "step": 5, "learning_rate": 0.1, "seconds": 1.5, "train_loss": 0.1 + 0.2, "train_accuracy": 0.5}


def test_history_has_one_row_per_epoch_and_missing_values_without_validation(tmp_path):
    write_history(tmp_path / "h.csv", [ROW, ROW | {"epoch": 2, "valid_loss": math.inf, "valid_accuracy": 0.25}])
    table = read_history(tmp_path / "h.csv")
    assert ("epoch", *table.columns) == COLUMNS
    assert table.index.tolist() == [1, 2]
    assert table["train_loss"].tolist() == [0.1 + 0.2] * 2
    assert table["valid_loss"].isna().all()
    assert table["valid_accuracy"][2] == 0.25


def test_a_saved_model_is_complete_and_leaves_no_other_file(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    write_model(tmp_path / "new" / "model.keras", model)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.keras"]
    again = keras.models.load_model(tmp_path / "new" / "model.keras")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


IDENTITY = trial_identity("spec", "dataset")
FACTS = {"status": "ok", "penalty": 0.5, "identity": IDENTITY, "digests": {"trial_spec": "spec", "dataset": "dataset"}}


@pytest.fixture
def trial(tmp_path):
    """The trial.json of a failed trial's files, where a benchmark's results are in tmp_path."""
    folder = tmp_path / "trials" / "mine" / "0"
    write_history(folder / "history.csv", [])
    write_model(folder / "model.keras", None)
    write_predictions(folder / "predictions.npz", {})
    write_trial(folder, FACTS)
    return folder / "trial.json"


def test_a_trial_is_read_with_its_files(trial, tmp_path):
    for source in (trial, PlannedTrial("mine", 0, "spec", tmp_path)):
        found = read_trial(source)
        assert (found.identity, found.is_finished) == (IDENTITY, True)
        for name in ("history.csv", "model.keras", "predictions.npz"):
            assert found.file(name) == trial.with_name(name)
    assert digest({"trial_spec": "spec", "dataset": "dataset"}) == IDENTITY


def test_predictions_are_read_by_split(trial):
    assert read_predictions(read_trial(trial)) == {}
    assert main_predictions(read_trial(trial)) is None
    valid, test = SplitOutputs(LOGITS, LABELS, ROWS), SplitOutputs(LOGITS[:7], LABELS[:7], ROWS[:7])
    arrays = written(trial.parent, {"valid": valid, "test": test}, LABELS > 4)
    write_trial(trial.parent, FACTS)
    found = read_predictions(read_trial(trial))
    assert list(found) == ["valid", "test"]
    for split, predictions in found.items():
        assert (predictions.split, predictions.penalty) == (split, 0.5)
        for name in ("labels", "predicted", "rows", "probabilities", "log_likelihood"):
            np.testing.assert_array_equal(getattr(predictions, name), arrays[f"{split}_{name}"])
    np.testing.assert_array_equal(found["valid"].in_train, LABELS > 4)
    assert found["test"].in_train is None
    assert list(read_predictions(read_trial(trial), "train", "test")) == ["test"]
    assert main_predictions(read_trial(trial)).split == "test"


def test_a_missing_or_damaged_trial_is_rejected(trial):
    whole = trial.read_text()
    for text in ("", "{}", "[]", whole[:-5], whole.replace("identity", "other")):
        trial.write_text(text)
        with pytest.raises(ResultError, match="damaged"):
            read_trial(trial)
    trial.unlink()
    with pytest.raises(ResultError, match=r"trial\.json is missing; create it with: snakemake"):
        read_trial(trial)


@pytest.mark.parametrize("name", ["history.csv", "model.keras", "predictions.npz"])
def test_a_missing_or_changed_file_of_a_trial_is_rejected(name, trial):
    path = trial.with_name(name)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ResultError, match=f"{name} is damaged"):
        read_trial(trial).file(name)
    path.unlink()
    with pytest.raises(ResultError, match=f"{name} is missing"):
        read_trial(trial).file(name)
