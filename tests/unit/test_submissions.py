"""The submission: a class for every test image, from the mean of the trials' probabilities."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookbook.datasets import arrays, generated
from lookbook.datasets.competition_layout import unread_images
from lookbook.errors import DatasetError, ResultError
from lookbook.results.benchmark import write_benchmark
from lookbook.results.submissions import read_submission, write_submission
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import read_trial, write_trial
from lookbook.runtime import predict

SCRIPT = Path(arrays.__file__).parents[2] / "write_submission.py"
SAMPLING = {"classes": None, "size": None, "proportions": None, "per_class": None, "before_split": True}
SPEC = {"model": {"class_name": "shake_shake", "config": {}}, "sampling": SAMPLING, "one_vs_all": None}


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_submission_has_one_row_per_test_image_in_order(tmp_path):
    answers = {"img10.jpg": "gil", "img2.jpg": "moe_szyslak", "img3.jpg": "gil"}
    write_submission(tmp_path / "new" / "s.csv", answers, identity="a1")
    text = (tmp_path / "new" / "s.csv").read_text()
    assert text == "Id,Expected\nimg2.jpg,moe_szyslak\nimg3.jpg,gil\nimg10.jpg,gil\n"


def test_a_submission_is_read_only_if_it_is_undamaged_and_made_from_the_present_trials(tmp_path):
    path = tmp_path / "s.csv"
    with pytest.raises(ResultError, match=r"s\.json is missing; create it with: snakemake"):
        read_submission(path, "a1")
    write_submission(path, {"img0.jpg": "gil"}, identity="a1")
    assert read_submission(path, "a1") == path
    with pytest.raises(ResultError, match=r"s\.csv was made from other trials"):
        read_submission(path, "b2")
    path.write_text("Id,Expected\n")
    with pytest.raises(ResultError, match=r"s\.csv is damaged"):
        read_submission(path, "a1")
    path.unlink()
    with pytest.raises(ResultError, match=r"s\.csv is missing"):
        read_submission(path, "a1")
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(ResultError, match=r"s\.json is damaged"):
        read_submission(path, "a1")


def test_files_beside_the_test_images_need_no_row():
    names = ["testset/img7.jpg", "testset/Thumbs.db", "testset/._img8.jpg", "testset/IMG9.JPG"]
    skipped = [{"name": name, "reason": "corrupt"} for name in names]
    assert unread_images({"submission": {"skipped": skipped}}) == ["img7.jpg", "IMG9.JPG"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Generated images whose training set has all 42 classes, and 60 test images, one of them unreadable."""
    folder = tmp_path_factory.mktemp("images")
    generated.draw_folder(folder / "originals", total=300, tests=60)
    (folder / "originals" / "testset" / "testset" / "img5.jpg").write_bytes(b"")
    generated.prepare("generated", folder, [folder / "originals"])
    return folder


@pytest.fixture(scope="module")
def data(folder):
    return arrays.load(folder / "manifest.json")


@pytest.fixture(scope="module")
def solution(folder):
    """The true classes of the test images by file name."""
    return dict(rows(folder / "originals" / "solution.csv")[1:])


def nearest_mean(data, labels):
    """Return kernel and bias of a linear classifier of the 4 x 4 middle pixels."""
    features = data.train_images[:, 24:40, 24:40].reshape(-1, 4, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(-1, 48)
    means = np.array([features[data.train_labels == label].mean(axis=0) for label in labels])
    return 2 * means.T, -(means**2).sum(axis=1)


def trial_of(folder, data, status="ok", spec=SPEC, linear=None, scale=1e-3):
    """Write a trial: its model from raw pixels to logits, an empty file without weights, and its trial.json."""
    folder.mkdir(parents=True)
    for name in ("history.csv", "model.keras", "predictions.npz"):
        (folder / name).write_bytes(b"")
    if linear is not None:
        save_model(folder / "model.keras", *linear, scale)
    number, digests = int(folder.name), {"trial_spec": f"spec {folder.name}", "dataset": data.digest}
    facts = {"experiment": "exp", "trial": number, "status": status, "spec": spec, "digests": digests}
    write_trial(folder, facts | {"identity": f"identity {number}"})
    return read_trial(folder / "trial.json")


def save_model(path, kernel, bias, scale):
    import keras

    from lookbook.models.shake_shake import ShakeShake

    logits = keras.layers.Dense(len(bias))
    pixels = tensor = keras.Input((64, 64, 3))
    for layer in (keras.layers.Cropping2D(24), keras.layers.AveragePooling2D(4), keras.layers.Flatten(), logits):
        tensor = layer(tensor)
    # Mixing two equal branches changes nothing, but plain Keras does not know this layer.
    model = keras.Model(pixels, ShakeShake()([tensor, tensor]))
    logits.set_weights([scale * kernel, scale * bias])
    model.save(path)


def test_the_command_predicts_every_test_image_better_than_chance(folder, data, solution, tmp_path):
    linear, results = nearest_mean(data, range(42)), tmp_path / "results"
    other = (np.zeros((48, 42)), np.eye(42)[7])
    trials = [
        trial_of(results / "trials" / "exp" / "0", data, linear=linear),
        trial_of(results / "trials" / "exp" / "1", data, status="failed"),
        trial_of(results / "trials" / "exp" / "2", data, status="collapsed", linear=linear),
    ]
    trial_of(results / "trials" / "exp" / "3", data, linear=other, scale=1e9)  # not part of the benchmark
    digests = [f"spec {number}" for number in range(3)]
    content = {"profile": {}, "provenance": {}, "experiments": {"exp": {"trial_digests": digests}}}
    write_benchmark(results / "experiments.json", content)
    command = [sys.executable, SCRIPT, "--experiments", results / "experiments.json", "--experiment", "exp"]
    command += ["--manifest", folder / "manifest.json", "--output", tmp_path / "new" / "s.csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "exp, 2 of 3 trials" in done.stderr
    assert "100%" not in done.stderr  # progress bars appear in a terminal only
    written = rows(read_submission(tmp_path / "new" / "s.csv", identity_of_trials(trials)))
    assert written[0] == ["Id", "Expected"]
    assert [row[0] for row in written[1:]] == [f"img{number}.jpg" for number in range(60)]
    # The middle of an image tells more than chance and less than its class.
    assert 4 / 42 < sum(solution[name] == label for name, label in written[1:]) / 60 < 0.95
    assert dict(written)["img5.jpg"] == data.classes[np.bincount(data.train_labels).argmax()]
    (results / "trials" / "exp" / "1" / "trial.json").write_text(json.dumps({}))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_probabilities_and_not_classes_or_logits_are_averaged(tmp_path):
    for number, logits in enumerate(([2.0, 0.0, 0.0], [0.0, 4.0, -50.0], [0.0, -50.0, 0.1])):
        save_model(tmp_path / f"{number}.keras", np.zeros((48, 3)), np.array(logits), 1)
    images = np.zeros((predict.BATCH + 1, 64, 64, 3), np.uint8)
    mean = predict.mean_probabilities([tmp_path / f"{number}.keras" for number in range(3)], images)
    first = np.exp([2.0, 0, 0]) / np.exp([2.0, 0, 0]).sum()
    second = np.array([1, np.exp(4), 0]) / (1 + np.exp(4))
    third = np.array([1, 0, np.exp(0.1)]) / (1 + np.exp(0.1))
    assert mean.shape == (predict.BATCH + 1, 3)
    np.testing.assert_allclose(mean, np.tile((first + second + third) / 3, (len(mean), 1)), atol=1e-6)


def test_a_file_that_is_not_a_model_is_an_error(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"x")
    with pytest.raises(ResultError, match=r"model\.keras: Keras cannot load the model"):
        predict.load_model(tmp_path / "model.keras")


def test_a_network_of_some_classes_predicts_only_these(data, solution, tmp_path):
    largest = np.sort(np.argsort(-np.bincount(data.train_labels), kind="stable")[:6])
    spec = SPEC | {"sampling": SAMPLING | {"classes": 6}}
    trial = trial_of(tmp_path / "0", data, spec=spec, linear=nearest_mean(data, largest))
    assert predict.submit(tmp_path / "s.csv", [trial], data) == 1
    predicted, kept = dict(rows(tmp_path / "s.csv")[1:]), {data.classes[label] for label in largest}
    assert set(predicted.values()) <= kept
    of_kept = [name for name, label in solution.items() if label in kept]
    assert sum(predicted[name] == solution[name] for name in of_kept) / len(of_kept) > 2 / 6


def test_trials_of_other_classes_or_other_images_are_refused(data, tmp_path):
    two = (np.zeros((48, 2)), np.zeros(2))
    for number, spec in enumerate((SPEC, SPEC | {"one_vs_all": 3})):
        trial = trial_of(tmp_path / str(number), data, spec=spec, linear=two)
        with pytest.raises(ResultError, match="does not distinguish the 42 kept classes"):
            predict.submit(tmp_path / "s.csv", [trial], data)
    trial.facts["digests"]["dataset"] = "another"
    with pytest.raises(ResultError, match="used other images"):
        predict.submit(tmp_path / "s.csv", [trial], data)
    (tmp_path / "0" / "model.keras").write_bytes(b"other weights")
    with pytest.raises(ResultError, match=r"model\.keras is damaged"):
        predict.submit(tmp_path / "s.csv", [read_trial(tmp_path / "0" / "trial.json")], data)
    assert not (tmp_path / "s.csv").exists()


def test_if_no_trial_finished_the_submission_has_only_its_header(data, tmp_path):
    trials = [trial_of(tmp_path / str(number), data, status="out_of_memory") for number in range(2)]
    assert predict.submit(tmp_path / "s.csv", trials, data) == 0
    assert rows(read_submission(tmp_path / "s.csv", identity_of_trials(trials))) == [["Id", "Expected"]]


def test_a_dataset_without_test_images_is_an_error(tmp_path):
    generated.prepare_small("generated_small_gray", tmp_path, per_class={"train": 1, "test": 1})
    with pytest.raises(DatasetError, match="no test images for a submission"):
        predict.submit(tmp_path / "s.csv", [], arrays.load(tmp_path / "manifest.json"))
