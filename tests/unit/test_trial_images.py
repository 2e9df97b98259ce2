"""Trials that do not go through every image once: a class against all others, drawn images, copies, repetition."""

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lookbook.config.experiments import schema, with_defaults
from lookbook.datasets import arrays
from lookbook.runtime import trial
from lookbook.training.setup import set_up

COUNT, CLASSES = 90, 3
BRIGHTNESS = {"class_name": "brightness", "config": {"delta": 0.2}}
BALANCED = {"per_class": 40, "augment": "copies"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    """A prepared data set of 50, 30 and 10 images, each class brighter in a row of its own."""
    folder = tmp_path_factory.mktemp("drawn")
    labels = np.r_[np.repeat([0, 1, 2], [50, 30, 10]), np.arange(12) % 3].astype(np.uint8)
    images = np.random.default_rng(0).integers(0, 120, (len(labels), 6, 5, 1), dtype=np.uint8)
    images[np.arange(len(labels)), 2 * labels] += 120
    train, test = slice(0, COUNT), slice(COUNT, None)
    arrays.write(
        folder,
        name="drawn",
        classes=["a", "b", "c"],
        source="drawn",
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )
    return folder


def order_of(**keys: Any) -> dict[str, Any]:
    """Return an order in which every key that is not given has its default; a fifth is held out."""
    given = {"model": {"class_name": "mlp", "config": {"units": [16], "activation": "relu"}}}
    given |= {"split": {"validation": 0.2}, "training": {"batch_size": 12, "epochs": 3}, "compile": "graph"}
    spec = with_defaults(given | keys, schema("experiment"))
    return {"experiment": "mine", "trial": 0, "seed": 1, "spec": spec, "source": "source"}


@pytest.fixture
def run(dataset, tmp_path):
    """Return a function that runs a trial and returns what it says of itself, its predictions and its history."""

    def run(order: dict, folder: str = "trial", say=lambda line: None, **more) -> tuple[dict, dict, list[dict]]:
        written = trial.run(order, dataset, tmp_path / folder, tmp_path / f"{folder}.npz", threads=1, say=say, **more)
        with np.load(tmp_path / folder / "predictions.npz") as archive:
            predictions = dict(archive)
        with (tmp_path / folder / "history.csv").open(newline="") as file:
            return written, predictions, list(csv.DictReader(file))

    return run


def predicted_by(model: Path, images: np.ndarray) -> np.ndarray:
    """Return the probabilities that a saved model gives, with plain Keras."""
    logits = keras.models.load_model(model).predict(images.astype("float32"), verbose=0)
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


def test_a_class_is_told_from_all_others(run, dataset):
    training = {"batch_size": 12, "epochs": 40}
    written, predictions, _ = run(order_of(one_vs_all=1, training=training))
    data = arrays.load(dataset)
    assert written["status"] == "ok"
    for split, labels in (("train", data.train_labels), ("valid", data.train_labels), ("test", data.test_labels)):
        expected = labels[predictions[f"{split}_rows"]] == 1
        assert predictions[f"{split}_labels"].tolist() == expected.tolist()
        assert predictions[f"{split}_probabilities"].shape == (len(expected), 2)
        assert np.mean(predictions[f"{split}_predicted"] == expected) > 0.9
    assert written["parameters"] == 30 * 16 + 16 + 16 * 2 + 2


def test_fewer_classes_have_fewer_logits_and_labels_from_zero(run, dataset):
    _, predictions, _ = run(order_of(sampling={"classes": 2}))
    data = arrays.load(dataset)
    assert predictions["test_probabilities"].shape == (8, 2)
    np.testing.assert_array_equal(predictions["test_labels"], data.test_labels[predictions["test_rows"]])


def test_drawn_copies_are_trained_on_and_clean_images_are_what_counts(run, dataset, tmp_path):
    written, predictions, history = run(order_of(sampling=BALANCED, augmentation=[BRIGHTNESS]))
    data = arrays.load(dataset)
    assert written["status"] == "ok"
    assert written["images"] == {"train": 96, "valid": 24, "test": 12}
    assert written["images_per_epoch"] == 96
    assert [row["step"] for row in history] == ["8", "16", "24"]
    rows = predictions["train_rows"]
    assert len(set(rows)) < len(rows)
    drawn = np.bincount(data.train_labels[np.r_[rows, predictions["valid_rows"]]])
    assert drawn.tolist() == [40, 40, 40]
    leak = np.isin(predictions["valid_rows"], rows)
    np.testing.assert_array_equal(predictions["valid_in_train"], leak)
    assert 0 < leak.sum() < len(leak)
    expected = predicted_by(tmp_path / "trial" / "model.keras", data.train_images[rows])
    np.testing.assert_allclose(predictions["train_probabilities"], expected, atol=2e-3)


def test_a_trial_with_drawn_copies_that_is_killed_goes_on_with_the_same_copies(run):
    order = order_of(sampling=BALANCED, augmentation=[BRIGHTNESS])

    class Killed(BaseException):
        """Stands for the signal that ends a process."""

    def kill(line: str) -> None:
        if line.startswith("epoch 1/"):
            raise Killed

    lines: list[str] = []
    with pytest.raises(Killed):
        run(order, "killed", kill)
    resumed, whole = run(order, "killed", lines.append), run(order, "whole")
    assert "goes on after epoch 1 from its checkpoint" in lines
    for key, expected in whole[1].items():
        np.testing.assert_array_equal(resumed[1][key], expected, err_msg=key)


def test_multiplicity_sees_more_images_in_as_many_updates(run):
    once, _, plain = run(order_of(augmentation=[BRIGHTNESS]), "once")
    training = {"batch_size": 36, "epochs": 3, "multiplicity": 3}
    thrice, predictions, repeated = run(order_of(augmentation=[BRIGHTNESS], training=training), "thrice")
    assert [row["step"] for row in repeated] == [row["step"] for row in plain] == ["6", "12", "18"]
    assert (once["images_per_epoch"], thrice["images_per_epoch"]) == (72, 216)
    assert once["images"] == thrice["images"]
    assert len(set(predictions["train_rows"])) == len(predictions["train_rows"]) == 72


def test_without_augmentation_multiplicity_changes_nothing(run):
    """A batch of every image twice has the mean loss, and so the gradient, of the batch of every image once."""
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
    training = {"batch_size": 24, "epochs": 3, "multiplicity": 2}
    once, twice = run(order_of(optimizer=sgd), "once"), run(order_of(optimizer=sgd, training=training), "twice")
    np.testing.assert_allclose(twice[1]["test_log_likelihood"], once[1]["test_log_likelihood"], rtol=1e-4)
    for ours, theirs in zip(twice[2], once[2], strict=True):
        assert float(ours["train_loss"]) == pytest.approx(float(theirs["train_loss"]), rel=1e-4)


def test_fewer_steps_make_a_shorter_epoch_with_other_images_each_time(run):
    training = {"batch_size": 12, "epochs": 5, "steps_per_epoch": 2}
    rise = {"class_name": "ExponentialRange", "config": {"initial_learning_rate": 1e-3, "final_learning_rate": 0.1}}
    optimizer = {"class_name": "SGD", "config": {"learning_rate": rise}}
    written, _, history = run(order_of(training=training, optimizer=optimizer))
    assert (written["images_per_epoch"], written["steps"], written["images"]["train"]) == (24, 10, 72)
    assert [row["step"] for row in history] == ["2", "4", "6", "8", "10"]
    # Ten steps from end to end; after an epoch the optimizer shows the rate of the step to come.
    expected = [1e-3 * 100 ** (min(step, 9) / 9) for step in (2, 4, 6, 8, 10)]
    assert [float(row["learning_rate"]) for row in history] == pytest.approx(expected, rel=1e-4)
    assert all(row["valid_loss"] for row in history)


def test_copies_made_before_are_trained_on_in_place_of_the_images(run, dataset, tmp_path):
    data = arrays.load(dataset)
    source = np.tile(np.arange(COUNT, dtype=np.int32), 2)
    # Copies that show nothing teach how often each class comes, and no weight of a pixel.
    copies = np.zeros_like(data.train_images[source]), source
    adam = {"class_name": "Adam", "config": {"learning_rate": 0.05}}
    order = order_of(copies={"number": 2, "operations": 4}, optimizer=adam)
    written, predictions, history = run(order, copies=copies)
    assert written["status"] == "ok"
    assert (written["images_per_epoch"], written["images"]["train"]) == (144, 72)
    assert [row["step"] for row in history] == ["12", "24", "36"]
    shares = np.bincount(data.train_labels[predictions["train_rows"]]) / 72
    assert float(history[-1]["train_accuracy"]) == pytest.approx(shares.max())
    before = set_up(order["spec"], order["seed"], data, None, copies).model.get_weights()
    after = keras.models.load_model(tmp_path / "trial" / "model.keras").get_weights()
    np.testing.assert_array_equal(after[0], before[0])
    assert not np.array_equal(after[-1], before[-1])
    # What is predicted is the images themselves.
    expected = predicted_by(tmp_path / "trial" / "model.keras", data.train_images[predictions["train_rows"]])
    np.testing.assert_allclose(predictions["train_probabilities"], expected, atol=2e-3)


def test_a_trial_on_copies_that_gets_none_says_so(run):
    written, predictions, _ = run(order_of(copies={"number": 2, "operations": 4}))
    assert written["status"] == "failed"
    assert "copies of the images are made before training" in written["error"]
    assert predictions == {}
