"""Figures of predictions show the values of the files, and say so where there is nothing to show."""

import re

import numpy as np
import pytest
from small_benchmark import CLASSES, SIDE, finish, identity, outputs, picture, plan, run, texts, write_dataset

import plot_predictions
from lookbook.evaluation.classes import class_names
from lookbook.figures import predictions
from lookbook.figures.predictions import NO_PREDICTIONS, precision_recall_figure, prediction_figures, recall_curve
from lookbook.results.figures import read_figure
from lookbook.results.paths import PREDICTION_FIGURES
from lookbook.results.predictions import Predictions
from lookbook.results.trial import read_trial

SPEC = {"one_vs_all": None, "sampling": {"classes": None}}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("dataset"))


@pytest.fixture
def draw(tmp_path, dataset):
    """Return a function that writes trials with these outputs, None for a failed one, and draws them."""

    def drawn(*trials, split="test", spec=None, manifest=dataset):
        benchmark = plan(tmp_path, {"mine": len(trials)})
        for planned, values in zip(benchmark.trials(), trials, strict=True):
            splits = {} if values is None else {split: values}
            finish(planned, status="diverged" if values is None else "ok", outputs=splits)
        return prediction_figures([read_trial(planned) for planned in benchmark.trials()], spec or SPEC, manifest)

    return drawn


def test_the_matrix_is_in_percent_of_the_true_class_over_finished_trials(draw):
    first = outputs([0, 0, 1, 2], [0, 1, 1, 2], [0, 3, 1, 2])
    second = outputs([0, 0, 1, 2], [0, 0, 1, 0], [0, 3, 1, 2])
    figure = draw(first, second, None)["confusion_matrix"]
    numbers = [text for text in texts(figure) if re.fullmatch(r"\d+\.\d", text)]
    assert numbers == ["75.0", "25.0", "100.0", "50.0", "50.0"]
    assert [text for text in texts(figure) if text in CLASSES] == [*CLASSES, *CLASSES]
    assert any("4 test images, mean of 2 trials" in text for text in texts(figure))
    opacity = picture(figure)[..., 3] / 255
    np.testing.assert_allclose(opacity**2, [[0.75, 0.25, 0], [0, 1, 0], [0.5, 0, 0.5]], atol=0.01)


def test_a_matrix_of_many_classes_has_colors_only(monkeypatch, draw):
    monkeypatch.setattr(predictions, "MOST_NUMBERED", 2)
    assert "100.0" not in texts(draw(outputs())["confusion_matrix"])


def test_the_most_confident_mistakes_come_first(draw):
    mistakes = outputs([0, 1, 2, 0], [1, 1, 0, 2], [9, 1, 17, 6], sure=[0.6, 0.99, 0.75, 0.875])
    figure = draw(mistakes)["wrong_predictions"]
    captions = [text for text in texts(figure) if text.split()[0] in CLASSES]
    assert captions == ["ape", "cat 87.5%", "cat", "ape 75.0%", "ape", "bee 60.0%"]
    seen = picture(figure)
    shown = [seen[1, column * (SIDE + 2) + 1].tolist() for column in range(4)]
    assert shown == [[level] * 3 + [255] for level in (6, 17, 9)] + [[0, 0, 0, 0]]


def test_validation_images_come_from_the_training_images(draw):
    figures = draw(outputs([0], [1], [12]), split="valid")
    assert picture(figures["wrong_predictions"])[0, 0].tolist() == [112, 112, 112, 255]
    assert "validation images" in figures["confusion_matrix"]


def test_curves_and_wrong_predictions_are_of_the_first_finished_trial(draw):
    figures = draw(None, None, outputs(predicted=[1, 1, 2]), outputs())
    for name in ("precision_recall", "wrong_predictions"):
        assert any("trial 2" in text for text in texts(figures[name]))


def test_the_class_of_lowest_average_precision_comes_first(draw):
    # Of ape's two images one comes after a bee: precision 1 at recall 1/2, then 2/3.
    figure = draw(outputs([0, 1, 0], [0, 0, 0], [0, 1, 3], sure=[0.9, 0.7, 0.5]))["precision_recall"]
    assert [text for text in texts(figure) if text.split()[-1] in CLASSES] == ["0.500 bee", "0.833 ape"]


def test_a_curve_holds_the_precision_of_the_highest_threshold_that_reaches_each_recall():
    recall, precision, average = recall_curve(np.array([True, False, True]), np.array([0.9, 0.7, 0.5]))
    assert recall[0] > 0
    assert recall[-1] == 1
    np.testing.assert_allclose(precision[recall <= 0.5], 1)
    np.testing.assert_allclose(precision[recall > 0.5], 2 / 3)
    assert average == pytest.approx((1 + 2 / 3) / 2)


def test_of_many_classes_the_five_lowest_and_the_five_highest_are_named():
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 20
    probabilities = generator.uniform(0, 1, (300, 20))
    probabilities[np.arange(300), labels] += np.linspace(0, 0.9, 20)[labels]
    drawn = Predictions("test", labels, probabilities.argmax(1), labels, probabilities, labels)
    figure = precision_recall_figure(drawn, [f"class{label}" for label in range(20)], "300 test images")
    named = [int(text.split("class")[1]) for text in texts(figure) if re.fullmatch(r"\d\.\d{3} class\d+", text)]
    assert len(named) == 10
    assert set(named[:5]) <= set(range(8))
    assert set(named[5:]) <= set(range(12, 20))
    assert "10 other classes" in texts(figure)


def test_without_a_wrong_prediction_the_figure_says_so(draw):
    assert "no wrong prediction among 3 test images, trial 0" in draw(outputs())["wrong_predictions"]


@pytest.mark.parametrize("trials", [[], [None, None]])
def test_without_a_finished_trial_every_figure_says_so_and_no_dataset_is_read(trials, draw, tmp_path):
    figures = draw(*trials, manifest=tmp_path / "absent" / "manifest.json")
    assert tuple(figures) == PREDICTION_FIGURES
    assert all(NO_PREDICTIONS in figure for figure in figures.values())


def test_a_trial_with_training_images_only_is_not_drawn(draw):
    assert NO_PREDICTIONS in draw(outputs(), split="train")["confusion_matrix"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_trial_without_finite_probabilities_is_not_drawn(draw):
    assert NO_PREDICTIONS in draw(outputs(sure=float("nan")))["confusion_matrix"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SPEC, list(CLASSES)),
        (SPEC | {"one_vs_all": 1}, ["others", "bee"]),
        (SPEC | {"sampling": {"classes": 2}}, ["ape", "bee"]),
        (SPEC | {"sampling": {"classes": 1}}, ["bee"]),
    ],
)
def test_outputs_are_named_by_the_classes_that_the_experiment_keeps(spec, expected):
    counts = [2, 3, 1] if spec["sampling"]["classes"] == 1 else [3, 3, 3]
    assert class_names(spec, {"classes": CLASSES, "class_counts": {"train": counts}}) == expected


def test_a_one_vs_all_classifier_is_drawn(draw):
    figures = draw(outputs([0, 1, 0], [0, 0, 1], classes=2), spec=SPEC | {"one_vs_all": 1})
    assert "others" in texts(figures["confusion_matrix"])


def test_the_same_predictions_give_the_same_bytes(draw):
    assert draw(outputs(predicted=[1, 1, 0])) == draw(outputs(predicted=[1, 1, 0]))


def test_the_script_draws_an_experiment_and_refuses_damaged_predictions_and_another_dataset(tmp_path, dataset):
    options = {"experiments": tmp_path / "experiments.json", "experiment": "mine"}
    options |= {"manifest": dataset, "output": tmp_path / "out"}
    benchmark = plan(tmp_path, {"mine": 1}, spec=SPEC)
    (planned,) = benchmark.trials()
    finish(planned, outputs={"test": outputs()})
    run(plot_predictions, **options)
    for name in PREDICTION_FIGURES:
        read_figure(tmp_path / "out" / f"{name}.svg", identity(benchmark))
    planned.file("predictions.npz").write_bytes(planned.file("predictions.npz").read_bytes()[:-9])
    with pytest.raises(SystemExit, match=r"error: .*predictions\.npz is damaged"):
        run(plot_predictions, **options)
    finish(planned, outputs={"test": outputs()}, dataset="another digest")
    with pytest.raises(SystemExit, match=r"error: .* was trained on another version of levels"):
        run(plot_predictions, **options)
