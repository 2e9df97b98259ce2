"""Figures of predictions show what the arrays say, and say so where there is nothing to show."""

import base64
import io
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import plot_predictions
from lookbook.datasets import arrays
from lookbook.figures import mosaics
from lookbook.figures import predictions as prediction_figures
from lookbook.figures.predictions import FIGURES, NOTHING, best_experiment, class_names, draw_predictions

CLASSES = ("ape", "bee", "cat")
SIDE = 6


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Write images of which each has one gray level, its number."""
    folder = tmp_path_factory.mktemp("dataset")
    parts = {}
    for split, count, offset in (("train", 30, 100), ("test", 20, 0)):
        levels = np.arange(offset, offset + count, dtype=np.uint8)
        parts[f"{split}_images"] = np.broadcast_to(levels[:, None, None, None], (count, SIDE, SIDE, 1)).copy()
        parts[f"{split}_labels"] = (np.arange(count) % len(CLASSES)).astype(np.uint8)
    arrays.write(folder, name="levels", classes=CLASSES, source="made up", **parts)
    return folder


def write_trial(folder, *, status="ok", split="test", labels=(0, 1, 2), predicted=(0, 1, 2), rows=(0, 1, 2), **more):
    """Write a trial; `sure` is the probability of each predicted class, the others share the rest."""
    folder.mkdir(parents=True)
    count, outputs = len(labels), more.get("outputs", len(CLASSES))
    sure = np.broadcast_to(more.get("sure", 0.9), count)[:, None]
    probabilities = np.repeat((1 - sure) / (outputs - 1), outputs, axis=1)
    probabilities[np.arange(count), list(predicted)] = sure[:, 0]
    parts = {
        f"{split}_probabilities": probabilities.astype(np.float16),
        f"{split}_labels": np.array(labels, np.uint8),
        f"{split}_predicted": np.array(predicted, np.uint8),
        f"{split}_rows": np.array(rows, np.int32),
    }
    np.savez(folder / "predictions.npz", **(parts if status in ("ok", "collapsed") else {}))
    spec = {"one_vs_all": None, "sampling": {"classes": None}} | more.get("spec", {})
    (folder / "trial.json").write_text(json.dumps({"status": status, "spec": spec}))


def texts(figure):
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def picture(figure):
    """Return the one embedded PNG as RGBA, in the order in which it is seen."""
    (encoded,) = re.findall(r"data:image/png;base64,([^\"]*)", figure)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))


def test_the_matrix_is_in_percent_of_the_true_class_over_finished_trials(tmp_path, dataset):
    write_trial(tmp_path / "0", labels=[0, 0, 1, 2], predicted=[0, 1, 1, 2], rows=[0, 3, 1, 2])
    write_trial(tmp_path / "1", labels=[0, 0, 1, 2], predicted=[0, 0, 1, 0], rows=[0, 3, 1, 2])
    write_trial(tmp_path / "2", status="diverged")
    figure = draw_predictions(tmp_path, 4, dataset)["confusion_matrix"]
    numbers = [text for text in texts(figure) if re.fullmatch(r"\d+\.\d", text)]
    assert numbers == ["75.0", "25.0", "100.0", "50.0", "50.0"]
    assert [text for text in texts(figure) if text in CLASSES] == [*CLASSES, *CLASSES]
    assert any("4 test images, mean of 2 trials" in text for text in texts(figure))
    opacity = picture(figure)[..., 3] / 255
    np.testing.assert_allclose(opacity**2, [[0.75, 0.25, 0], [0, 1, 0], [0.5, 0, 0.5]], atol=0.01)


def test_a_matrix_of_many_classes_has_colours_only(monkeypatch, tmp_path, dataset):
    monkeypatch.setattr(prediction_figures, "MOST_NUMBERS", 2)
    write_trial(tmp_path / "0")
    assert "100.0" not in texts(draw_predictions(tmp_path, 1, dataset)["confusion_matrix"])


def test_the_gallery_shows_the_surest_mistakes_first(tmp_path, dataset):
    write_trial(
        tmp_path / "0", labels=[0, 1, 2, 0], predicted=[1, 1, 0, 2], rows=[9, 1, 17, 6], sure=[0.6, 0.99, 0.75, 0.875]
    )
    figure = draw_predictions(tmp_path, 1, dataset)["wrong_predictions"]
    captions = [text for text in texts(figure) if text.split()[0] in CLASSES]
    assert captions == ["ape", "cat 87.5%", "cat", "ape 75.0%", "ape", "bee 60.0%"]
    seen = picture(figure)
    shown = [seen[1, column * (SIDE + 2) + 1].tolist() for column in range(4)]
    assert shown == [[level] * 3 + [255] for level in (6, 17, 9)] + [[0, 0, 0, 0]]


def test_the_gallery_of_validation_images_takes_them_from_the_training_set(tmp_path, dataset):
    write_trial(tmp_path / "0", split="valid", labels=[0], predicted=[1], rows=[12])
    figures = draw_predictions(tmp_path, 1, dataset)
    assert picture(figures["wrong_predictions"])[0, 0].tolist() == [112, 112, 112, 255]
    assert "validation images" in figures["confusion_matrix"]


def test_curves_and_gallery_are_of_the_first_finished_trial(tmp_path, dataset):
    write_trial(tmp_path / "0", status="out_of_memory")
    write_trial(tmp_path / "2", predicted=[1, 1, 2])
    write_trial(tmp_path / "3")
    figures = draw_predictions(tmp_path, 4, dataset)
    for name in ("precision_recall", "wrong_predictions"):
        assert any("trial 2" in text for text in texts(figures[name]))


def test_average_precision_ranks_the_worst_class_first(tmp_path, dataset):
    # Of ape's two images one comes after a bee: precision 1 at recall 1/2, then 2/3.
    write_trial(tmp_path / "0", labels=[0, 1, 0], predicted=[0, 0, 0], rows=[0, 1, 3], sure=[0.9, 0.7, 0.5])
    figure = draw_predictions(tmp_path, 1, dataset)["precision_recall"]
    assert [text for text in texts(figure) if text.split()[-1] in CLASSES] == ["0.500 bee", "0.833 ape"]


def test_a_curve_holds_the_precision_of_the_highest_threshold_that_reaches_each_recall():
    recall, precision, average = prediction_figures.recall_curve(
        np.array([True, False, True]), np.array([0.9, 0.7, 0.5])
    )
    assert recall[0] > 0
    assert recall[-1] == 1
    np.testing.assert_allclose(precision[recall <= 0.5], 1)
    np.testing.assert_allclose(precision[recall > 0.5], 2 / 3)
    assert average == pytest.approx((1 + 2 / 3) / 2)


def test_of_many_classes_five_worst_and_five_best_are_named():
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 20
    probabilities = generator.uniform(0, 1, (300, 20))
    probabilities[np.arange(300), labels] += np.linspace(0, 0.9, 20)[labels]
    trial = prediction_figures.Predictions(0, {}, "test", probabilities, labels, probabilities.argmax(1), labels)
    figure = prediction_figures.precision_recall_figure(trial, [f"class{label}" for label in range(20)])
    named = [int(text.split("class")[1]) for text in texts(figure) if re.fullmatch(r"\d\.\d{3} class\d+", text)]
    assert len(named) == 10
    assert set(named[:5]) <= set(range(8))
    assert set(named[5:]) <= set(range(12, 20))
    assert "10 other classes" in texts(figure)


def test_without_a_wrong_image_the_gallery_says_so(tmp_path, dataset):
    write_trial(tmp_path / "0")
    assert (
        "no wrong prediction among 3 test images, trial 0"
        in draw_predictions(tmp_path, 1, dataset)["wrong_predictions"]
    )


@pytest.mark.parametrize("statuses", [[], ["failed", "diverged"]])
def test_without_a_finished_trial_every_figure_says_so_and_no_data_set_is_read(statuses, tmp_path):
    for number, status in enumerate(statuses):
        write_trial(tmp_path / str(number), status=status)
    figures = draw_predictions(tmp_path, 3, tmp_path / "nowhere")
    assert set(figures) == set(FIGURES)
    assert all(NOTHING in figure for figure in figures.values())


def test_a_trial_with_training_images_only_or_without_numbers_is_not_drawn(tmp_path):
    write_trial(tmp_path / "0", split="train")
    write_trial(tmp_path / "1", sure=float("nan"))
    assert NOTHING in draw_predictions(tmp_path, 2, tmp_path / "nowhere")["confusion_matrix"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"one_vs_all": None, "sampling": {"classes": None}}, list(CLASSES)),
        ({"one_vs_all": 1, "sampling": {"classes": None}}, ["others", "bee"]),
        ({"one_vs_all": None, "sampling": {"classes": 2}}, ["ape", "bee"]),
    ],
)
def test_outputs_are_named_by_what_the_experiment_keeps(spec, expected, dataset):
    assert class_names(spec, arrays.load(dataset)) == expected


def test_a_one_vs_all_classifier_is_drawn(tmp_path, dataset):
    spec = {"one_vs_all": 1}
    write_trial(tmp_path / "0", labels=[0, 1, 0], predicted=[0, 0, 1], outputs=2, spec=spec)
    assert "others" in texts(draw_predictions(tmp_path, 1, dataset)["confusion_matrix"])


def test_the_same_predictions_give_the_same_bytes(tmp_path, dataset):
    write_trial(tmp_path / "0", predicted=[1, 1, 0])
    assert draw_predictions(tmp_path, 1, dataset) == draw_predictions(tmp_path, 1, dataset)


def test_the_best_has_the_highest_mean_accuracy_among_the_named():
    accuracies = {"a": 0.8, "b": 0.9, "c": float("nan"), "d": 0.95, "e": 0.9}
    assert best_experiment(accuracies, ["a", "c", "b", "e"]) == "b"
    assert best_experiment(accuracies, ["c", "absent"]) is None


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["plot_predictions.py", *map(str, arguments)])
    plot_predictions.main()


def test_the_script_draws_the_best_of_several(monkeypatch, tmp_path, dataset):
    write_trial(tmp_path / "trials" / "good" / "0", predicted=[0, 1, 0])
    table = pd.DataFrame({"experiment": ["good", "bad", "better"], "test_accuracy_mean": [0.9, 0.5, 0.95]})
    table.to_csv(tmp_path / "summary.csv", index=False)
    entries = {name: {"trials": 1, "dataset": dataset.name} for name in ("good", "bad", "better")}
    (tmp_path / "experiments.json").write_text(json.dumps({"experiments": entries}))
    common = ["--trials-root", tmp_path / "trials", "--best", tmp_path / "summary.csv", "--output", tmp_path / "out"]
    more = ["--experiments", tmp_path / "experiments.json", "--datasets-root", dataset.parent]
    run(monkeypatch, *common, *more, "--among", '["bad", "good"]')
    assert json.loads((tmp_path / "out" / "best.json").read_text()) == {"experiment": "good"}
    assert "cat" in texts((tmp_path / "out" / "wrong_predictions.svg").read_text())
    run(monkeypatch, *common, *more, "--among", "[]")
    assert json.loads((tmp_path / "out" / "best.json").read_text()) == {"experiment": None}
    assert NOTHING in (tmp_path / "out" / "confusion_matrix.svg").read_text()


def test_the_script_says_what_an_option_needs(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "--trials-root", tmp_path, "--output", tmp_path, "--experiment", "a", "--trials", 1)
    assert "--experiment needs --dataset" in capsys.readouterr().err


def test_large_images_are_reduced_to_their_means_and_small_ones_left_alone():
    images = np.zeros((2, 128, 256, 3), np.uint8)
    images[:, :, 1::2] = 200
    assert (mosaics.reduced(images) == 100).all()
    assert mosaics.reduced(images).shape == (2, 32, 64, 3)
    assert (mosaics.reduced(images[:, :64, :64]) == images[:, :64, :64]).all()
    gray = np.full((1, 100, 100, 1), 7, np.uint8)
    assert mosaics.reduced(gray).shape == (1, 64, 64, 1)
