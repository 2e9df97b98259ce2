"""Trials that do not train on each image once: one class against all others, resampled images, augmented copies."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_trials import (
    CPU,
    DATA,
    Killed,
    history_in,
    kill_after_epoch,
    predictions_in,
    run,
    tiny_spec,
    trial_spec_of,
    write_tiny,
)

from lookbook.config.digests import unused_files
from lookbook.sampling import rows
from lookbook.training import fit, optimizers
from lookbook.training.setup import set_up

BRIGHTNESS = {"class_name": "RandomBrightness", "config": {"factor": 0.2}}
RESAMPLED = {"sampling": {"per_class": 40, "augment": "resampled"}, "augmentation": [BRIGHTNESS]}
COPIES = {"augmented_copies": 2, "augmentation": [BRIGHTNESS]}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def train(manifest, tmp_path):
    """Return a function that trains an experiment and returns trial.json, its predictions and its history."""

    def train(folder: str = "trial", log=lambda line: None, **keys: Any) -> tuple[dict, dict, list[dict]]:
        written = run(trial_spec_of(tiny_spec(**keys)), manifest, tmp_path / folder, log)
        return written, predictions_in(tmp_path / folder), history_in(tmp_path / folder)

    return train


def predicted_by(model: Path, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of a saved model, computed with plain Keras."""
    logits = keras.models.load_model(model).predict(images.astype("float32"), verbose=0)
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


def test_one_class_is_classified_against_all_others(train):
    written, predictions, _ = train(one_vs_all=1, training={"batch_size": 12, "epochs": 40})
    assert written["status"] == "ok"
    for split, labels in (("train", DATA.train_labels), ("valid", DATA.train_labels), ("test", DATA.test_labels)):
        expected = labels[predictions[f"{split}_rows"]] == 1
        assert predictions[f"{split}_labels"].tolist() == expected.tolist()
        assert predictions[f"{split}_probabilities"].shape == (len(expected), 2)
        assert np.mean(predictions[f"{split}_predicted"] == expected) > 0.9
    assert written["parameters"] == 30 * 16 + 16 + 16 * 2 + 2


def test_resampled_images_are_trained_on_and_the_datasets_images_are_predicted(train, tmp_path):
    written, predictions, history = train(**RESAMPLED)
    assert written["status"] == "ok"
    assert written["images"] == {"train": 96, "valid": 24, "test": 12}
    assert written["images_per_epoch"] == 96
    assert [row["step"] for row in history] == ["8", "16", "24"]
    train_rows = predictions["train_rows"]
    assert len(set(train_rows)) < len(train_rows)
    sampled = np.bincount(DATA.train_labels[np.r_[train_rows, predictions["valid_rows"]]])
    assert sampled.tolist() == [40, 40, 40]
    in_train = np.isin(predictions["valid_rows"], train_rows)
    np.testing.assert_array_equal(predictions["valid_in_train"], in_train)
    assert 0 < in_train.sum() < len(in_train)
    expected = predicted_by(tmp_path / "trial" / "model.keras", DATA.train_images[train_rows])
    np.testing.assert_allclose(predictions["train_probabilities"], expected, atol=2e-3)


@pytest.mark.parametrize("keys", [RESAMPLED, COPIES], ids=["resampled", "copies"])
def test_a_killed_trial_resumes_with_the_same_augmented_images(keys, train):
    lines: list[str] = []
    with pytest.raises(Killed):
        train("killed", kill_after_epoch, **keys)
    resumed, whole = train("killed", lines.append, **keys), train("whole", **keys)
    assert "resuming after epoch 1" in lines
    for key, expected in whole[1].items():
        np.testing.assert_array_equal(resumed[1][key], expected, err_msg=key)


def test_without_augmentation_multiplicity_changes_nothing(train):
    """A batch with every image twice has the same mean loss and gradient as the batch with every image once."""
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
    training = {"batch_size": 24, "epochs": 3, "multiplicity": 2}
    once, twice = train("once", optimizer=sgd), train("twice", optimizer=sgd, training=training)
    np.testing.assert_allclose(twice[1]["test_log_likelihood"], once[1]["test_log_likelihood"], rtol=1e-4)
    for ours, theirs in zip(twice[2], once[2], strict=True):
        assert float(ours["train_loss"]) == pytest.approx(float(theirs["train_loss"]), rel=1e-4)


def test_fewer_steps_make_a_shorter_epoch_with_other_images_each_time(train):
    training = {"batch_size": 12, "epochs": 5, "steps_per_epoch": 2}
    rise = {"class_name": "ExponentialRange", "config": {"initial_learning_rate": 1e-3, "final_learning_rate": 0.1}}
    written, _, history = train(training=training, optimizer={"class_name": "SGD", "config": {"learning_rate": rise}})
    assert (written["images_per_epoch"], written["steps"], written["images"]["train"]) == (24, 10, 72)
    assert [row["step"] for row in history] == ["2", "4", "6", "8", "10"]
    # Ten steps from end to end; after an epoch the optimizer has the rate of the next step.
    expected = [1e-3 * 100 ** (min(step, 9) / 9) for step in (2, 4, 6, 8, 10)]
    assert [float(row["learning_rate"]) for row in history] == pytest.approx(expected, rel=1e-4)
    assert all(row["valid_loss"] for row in history)


def test_augmented_copies_are_trained_on_and_the_datasets_images_are_predicted(train, tmp_path):
    # A black image has no gradient for the first kernel: only the copies are trained on.
    black = {"class_name": "RandomBrightness", "config": {"factor": [-1.0, -1.0]}}
    adam = {"class_name": "Adam", "config": {"learning_rate": 0.05}}
    keys = {"augmented_copies": 2, "augmentation": [black], "optimizer": adam}
    written, predictions, history = train(**keys)
    assert written["status"] == "ok", written["error"]
    assert (written["images_per_epoch"], written["images"]["train"]) == (144, 72)
    assert [row["step"] for row in history] == ["12", "24", "36"]
    shares = np.bincount(DATA.train_labels[predictions["train_rows"]]) / 72
    assert float(history[-1]["train_accuracy"]) == pytest.approx(shares.max())
    before = set_up(tiny_spec(**keys), 1, DATA, CPU).model.get_weights()
    after = keras.models.load_model(tmp_path / "trial" / "model.keras").get_weights()
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.array_equal(after[-1], before[-1])
    expected = predicted_by(tmp_path / "trial" / "model.keras", DATA.train_images[predictions["train_rows"]])
    np.testing.assert_allclose(predictions["train_probabilities"], expected, atol=2e-3)


def test_a_training_runs_nothing_of_the_files_that_its_code_digest_leaves_out(train, monkeypatch):
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
    unused = {f"{path.parent.name}.{path.stem}" for path in unused_files(tiny_spec(optimizer=sgd))}
    assert unused == {"sampling.balancing", "training.averaging", "training.early_stopping", "training.schedules"}
    for module in (rows, fit, optimizers):
        for name, value in list(vars(module).items()):
            if getattr(value, "__module__", "").removeprefix("lookbook.") in unused:
                monkeypatch.setattr(module, name, None)
    assert fit.EarlyStopping is None
    assert train(optimizer=sgd)[0]["status"] == "ok"
