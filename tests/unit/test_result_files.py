"""The files that a trial leaves behind."""

import csv
import json

import keras
import numpy as np
import pytest

from lookbook.results import trial as results

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(0, 4, (50, 10)).astype(np.float32)
LABELS = GENERATOR.integers(0, 10, 50).astype(np.uint8)
ROWS = np.arange(100, 150)


@pytest.fixture
def predictions(tmp_path):
    train = results.Predictions(LOGITS, LABELS, ROWS)
    test = results.Predictions(LOGITS[:7], LABELS[:7], ROWS[:7])
    return written(tmp_path, {"train": train, "test": test})


def written(folder, *arguments) -> dict[str, np.ndarray]:
    """Return what is in the file that is written of these predictions."""
    results.write_predictions(folder, *arguments)
    with np.load(folder / "predictions.npz") as arrays:
        return dict(arrays)


def test_predictions_hold_answers_labels_and_rows_of_each_split(predictions):
    assert {name: (array.dtype.name, array.shape) for name, array in predictions.items()} == {
        "train_probabilities": ("float16", (50, 10)),
        "train_predicted": ("uint8", (50,)),
        "train_labels": ("uint8", (50,)),
        "train_rows": ("int32", (50,)),
        "train_log_likelihood": ("float32", (50,)),
        "test_probabilities": ("float16", (7, 10)),
        "test_predicted": ("uint8", (7,)),
        "test_labels": ("uint8", (7,)),
        "test_rows": ("int32", (7,)),
        "test_log_likelihood": ("float32", (7,)),
    }


def test_probabilities_are_the_softmax_of_the_logits(predictions):
    expected = keras.ops.convert_to_numpy(keras.ops.softmax(LOGITS))
    np.testing.assert_allclose(predictions["train_probabilities"], expected, atol=1e-3)
    assert predictions["train_probabilities"].astype(np.float64).sum(1) == pytest.approx(np.ones(50), abs=2e-3)


def test_log_likelihoods_are_those_of_the_true_class_and_exact(predictions):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert -predictions["train_log_likelihood"].mean() == pytest.approx(float(loss(LABELS, LOGITS)), rel=1e-5)
    true = predictions["train_probabilities"][np.arange(50), LABELS].astype(np.float64)
    np.testing.assert_allclose(np.exp(predictions["train_log_likelihood"]), true, rtol=1e-3, atol=1e-6)


def test_a_log_likelihood_survives_where_its_probability_vanishes(tmp_path):
    logits = np.array([[0.0, 1000.0]], np.float32)
    arrays = written(tmp_path, {"test": results.Predictions(logits, LABELS[:1] * 0, ROWS[:1])})
    assert arrays["test_probabilities"].tolist() == [[0.0, 1.0]]
    assert arrays["test_log_likelihood"].tolist() == [-1000.0]


def test_a_prediction_is_that_of_the_logits_where_rounded_probabilities_tie(tmp_path):
    logits = np.array([[0.0, 1e-5, 0.0]], np.float32)
    arrays = written(tmp_path, {"test": results.Predictions(logits, LABELS[:1] * 0, ROWS[:1])})
    assert len(set(arrays["test_probabilities"][0].tolist())) == 1
    assert arrays["test_predicted"].tolist() == [1]


def test_rows_are_where_the_images_stand_in_the_data_set(predictions):
    np.testing.assert_array_equal(predictions["train_rows"], ROWS)


def test_predictions_say_which_validation_images_are_trained_on_where_images_are_drawn(tmp_path):
    answers = results.Predictions(LOGITS[:3], LABELS[:3], ROWS[:3])
    leak = np.array([True, False, True])
    assert written(tmp_path, {"valid": answers}, leak)["valid_in_train"].tolist() == [True, False, True]
    assert "valid_in_train" not in written(tmp_path, {"valid": answers})
    assert "valid_in_train" not in written(tmp_path, {"test": answers}, leak[:0])


def test_predictions_of_no_split_are_an_empty_archive(tmp_path):
    assert written(tmp_path, {}) == {}


def test_history_has_one_row_an_epoch_and_empty_cells_without_validation(tmp_path):
    row = {"epoch": 1, "step": 5, "learning_rate": 0.1, "seconds": 1.5, "train_loss": 2.0, "train_accuracy": 0.5}
    full = row | {"epoch": 2, "valid_loss": 1.0, "valid_accuracy": 0.25}
    results.write_history(tmp_path, [row, full])
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == results.HISTORY_COLUMNS
    assert (rows[0]["valid_loss"], rows[1]["valid_loss"]) == ("", "1.0")


def test_history_keeps_every_digit(tmp_path):
    results.write_history(tmp_path, [{"epoch": 1, "train_loss": 0.1 + 0.2}])
    with (tmp_path / "history.csv").open(newline="") as file:
        assert float(next(csv.DictReader(file))["train_loss"]) == 0.1 + 0.2


def test_the_model_of_a_trial_without_one_is_an_empty_file(tmp_path):
    results.write_model(tmp_path, None)
    assert (tmp_path / "model.keras").read_bytes() == b""


def test_a_saved_model_is_whole_and_alone(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    results.write_model(tmp_path, model)
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def strictly(text: str):
    def refuse(constant: str):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_trial_json_is_json(tmp_path):
    results.write_trial(tmp_path, {"status": "ok", "penalty": 0.5})
    assert strictly((tmp_path / "trial.json").read_text()) == {"status": "ok", "penalty": 0.5}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_trial_json_of_a_diverged_trial_is_json_too(value, tmp_path):
    results.write_trial(tmp_path, {"status": "diverged", "penalty": value})
    assert strictly((tmp_path / "trial.json").read_text())["status"] == "diverged"
