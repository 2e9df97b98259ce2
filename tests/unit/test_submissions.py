"""The submission: an answer for every test image, from the mean of the trials' probabilities."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import submit

from lookbook.datasets import arrays, generated
from lookbook.errors import DatasetError
from lookbook.results.submissions import load_submission_images, unread_images, write_submission

DRAW = {"classes": None, "size": None, "proportions": None, "per_class": None, "before_split": True, "augment": "all"}
SPEC = {"model": {"class_name": "shake_shake", "config": {}}, "sampling": DRAW, "one_vs_all": None}


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def truth(dataset):
    return dict(rows(dataset / "drawn" / "solution.csv")[1:])


def test_a_submission_has_one_row_per_test_image_in_order(tmp_path):
    write_submission(
        tmp_path / "s.csv", ["img10.jpg", "img2.jpg"], ["gil", "moe_szyslak"], unread=["img3.jpg"], fallback="gil"
    )
    assert (tmp_path / "s.csv").read_text() == ("Id,Expected\nimg2.jpg,moe_szyslak\nimg3.jpg,gil\nimg10.jpg,gil\n")


def test_a_submission_that_would_be_refused_is_not_written(tmp_path):
    for arguments, options, message in (
        ((["a"], []), {}, "1 names and 0 classes"),
        ((["a", "a"], ["x", "y"]), {}, "more than one row"),
        (([], []), {"unread": ["a"]}, "no fallback"),
    ):
        with pytest.raises(ValueError, match=message):
            write_submission(tmp_path / "s.csv", *arguments, **options)
    assert not (tmp_path / "s.csv").exists()


def test_a_dataset_without_test_images_has_no_submission(tmp_path):
    with pytest.raises(DatasetError, match="no test images"):
        load_submission_images(tmp_path)


def test_files_beside_the_test_images_need_no_answer():
    names = ["t/testset/img7.jpg", "t/testset/Thumbs.db", "t/testset/._img8.jpg", "t/testset/IMG9.JPG"]
    skipped = [{"name": name, "reason": "corrupt"} for name in names]
    assert unread_images({"submission": {"skipped": skipped}}) == ["img7.jpg", "IMG9.JPG"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Drawn images whose training set has all 42 classes, and 60 test images, one of them unreadable."""
    folder = tmp_path_factory.mktemp("drawn")
    generated.draw_folder(folder / "drawn", total=300, tests=60)
    (folder / "drawn" / "testset" / "testset" / "img5.jpg").write_bytes(b"")
    generated.prepare("generated", folder, folder / "drawn")
    return folder


def nearest_mean(dataset, labels):
    """Return kernel and bias of a linear classifier of the 4 x 4 middle pixels, which are easy to tell apart."""
    data = arrays.load(dataset)
    features = data.train_images[:, 24:40, 24:40].reshape(-1, 4, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(-1, 48)
    means = np.array([features[data.train_labels == label].mean(axis=0) for label in labels])
    return 2 * means.T, -(means**2).sum(axis=1)


def write_trial(folder, status="ok", spec=SPEC, linear=None, scale=1e-3):
    """Write a trial's model, raw pixels to logits, and its trial.json; without weights, an empty model."""
    import keras

    from lookbook.models.shake_shake import ShakeShake

    folder.mkdir(parents=True)
    (folder / "trial.json").write_text(json.dumps({"status": status, "spec": spec}))
    if linear is None:
        (folder / "model.keras").write_bytes(b"")
        return
    kernel, bias = linear
    logits = keras.layers.Dense(len(bias))
    pixels = tensor = keras.Input((64, 64, 3))
    for layer in (keras.layers.Cropping2D(24), keras.layers.AveragePooling2D(4), keras.layers.Flatten(), logits):
        tensor = layer(tensor)
    # Twice the same is the same when mixed; but Keras does not know this layer by itself.
    model = keras.Model(pixels, ShakeShake()([tensor, tensor]))
    logits.set_weights([scale * kernel, scale * bias])
    model.save(folder / "model.keras")


def score(submission, dataset):
    answers, true = dict(rows(submission)[1:]), truth(dataset)
    assert answers.keys() == true.keys()
    return sum(answers[name] == label for name, label in true.items()) / len(true)


def test_the_command_answers_every_test_image_better_than_chance(dataset, tmp_path):
    labels = range(42)
    write_trial(tmp_path / "trials" / "exp" / "0", linear=nearest_mean(dataset, labels))
    write_trial(tmp_path / "trials" / "exp" / "1", status="failed")
    write_trial(tmp_path / "trials" / "exp" / "2", status="collapsed", linear=nearest_mean(dataset, labels))
    write_trial(tmp_path / "trials" / "exp" / "3", linear=(np.zeros((48, 42)), np.eye(42)[7]), scale=1e9)
    command = [sys.executable, submit.__file__, "--trials-root", tmp_path / "trials", "--experiment", "exp"]
    command += ["--trials", "3", "--dataset", dataset, "--output", tmp_path / "new" / "s.csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "exp, 2 of 3 trials" in done.stderr
    assert "100%" in done.stderr
    written = rows(tmp_path / "new" / "s.csv")
    assert written[0] == ["Id", "Expected"]
    assert [row[0] for row in written[1:]] == [f"img{number}.jpg" for number in range(60)]
    assert score(tmp_path / "new" / "s.csv", dataset) > 4 / 42
    data = arrays.load(dataset)
    assert dict(written)["img5.jpg"] == data.classes[np.bincount(data.train_labels).argmax()]


def test_probabilities_and_not_votes_or_logits_are_averaged(tmp_path):
    for number, logits in enumerate(([2.0, 0.0, 0.0], [0.0, 4.0, -50.0], [0.0, -50.0, 0.1])):
        write_trial(tmp_path / str(number), linear=(np.zeros((48, 3)), np.array(logits)), scale=1)
    images = np.zeros((submit.BATCH + 1, 64, 64, 3), np.uint8)
    mean = submit.mean_probabilities([tmp_path / str(number) / "model.keras" for number in range(3)], images)
    first = np.exp([2.0, 0, 0]) / np.exp([2.0, 0, 0]).sum()
    second = np.array([1, np.exp(4), 0]) / (1 + np.exp(4))
    third = np.array([1, 0, np.exp(0.1)]) / (1 + np.exp(0.1))
    assert mean.shape == (submit.BATCH + 1, 3)
    np.testing.assert_allclose(mean, np.tile((first + second + third) / 3, (len(mean), 1)), atol=1e-6)


def test_a_network_of_some_classes_answers_with_those(dataset, tmp_path):
    data = arrays.load(dataset)
    largest = np.sort(np.argsort(-np.bincount(data.train_labels), kind="stable")[:6])
    write_trial(tmp_path / "0", spec=SPEC | {"sampling": DRAW | {"classes": 6}}, linear=nearest_mean(dataset, largest))
    assert submit.submit([tmp_path / "0"], dataset, tmp_path / "s.csv") == 1
    answers, true = dict(rows(tmp_path / "s.csv")[1:]), truth(dataset)
    kept = {data.classes[label] for label in largest}
    assert set(answers.values()) <= kept
    asked = [name for name, label in true.items() if label in kept]
    assert sum(answers[name] == true[name] for name in asked) / len(asked) > 2 / 6


def test_networks_that_do_not_tell_the_classes_apart_are_refused(dataset, tmp_path):
    two = (np.zeros((48, 2)), np.zeros(2))
    for number, spec in enumerate((SPEC, SPEC | {"one_vs_all": 3})):
        write_trial(tmp_path / str(number), spec=spec, linear=two)
        with pytest.raises(DatasetError, match="does not tell the 42 classes"):
            submit.submit([tmp_path / str(number)], dataset, tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_where_no_trial_finished_nothing_is_answered(dataset, tmp_path):
    write_trial(tmp_path / "0", status="out_of_memory")
    assert submit.submit([tmp_path / "0", tmp_path / "1"], dataset, tmp_path / "s.csv") == 0
    assert rows(tmp_path / "s.csv") == [["Id", "Expected"]]
