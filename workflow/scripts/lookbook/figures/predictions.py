"""Figures of an experiment's predictions: confusion matrix, precision-recall curves, wrong predictions.

The functions that draw them take the names of the classes, and in words the images and trials that the title names.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from lookbook.datasets.arrays import Dataset, load
from lookbook.errors import ResultError
from lookbook.evaluation.classes import class_names
from lookbook.figures.mosaics import mosaic_figure
from lookbook.figures.style import CATEGORIES, GRID, TEXT, TRAIN, WIDTH, message_figure, new_axes, styled, svg
from lookbook.results.paths import PREDICTION_FIGURES
from lookbook.results.predictions import Predictions, main_predictions
from lookbook.results.trial import Trial, remedy

MOST_NUMBERED = 12  # classes up to which the numbers in the cells of a confusion matrix are legible
HIGHLIGHTED = 5  # best and worst classes in color where there are more classes than colors
LEVELS = 200  # of recall at which a curve is drawn
SIDE = 5  # rows and columns of the mosaic of wrong predictions
NO_PREDICTIONS = "no finished trial with predictions of test or validation images"


def prediction_figures(trials: Sequence[Trial], spec: Mapping[str, Any], manifest: Path) -> dict[str, str]:
    """Return the SVG documents of an experiment by their name in ``PREDICTION_FIGURES``.

    They show the test split, or the validation split where there is none. The confusion matrix shows all finished
    trials. Precision-recall curves and wrong predictions need the probabilities of one network: those of the first
    finished trial.

    Args:
        trials, spec: the experiment's.
        manifest: manifest.json of the dataset that it was trained on. It is not opened where no trial finished.

    Raises:
        DatasetError: the dataset is missing or damaged.
        ResultError: the predictions of a finished trial are missing or damaged, or a trial was trained on other images.
    """
    candidates = ((trial.facts["trial"], main_predictions(trial)) for trial in trials if trial.is_finished)
    shown = {number: found for number, found in candidates if found is not None and found.is_defined}
    if not shown:
        return no_prediction_figures()
    data = load(manifest)
    for trial in trials:
        if trial.facts["digests"]["dataset"] != data.digest:
            raise ResultError(f"{trial.path} was trained on another version of {data.name}; {remedy(trial.path)}")
    names, (number, first) = class_names(spec, data.manifest), next(iter(shown.items()))
    images = f"{len(first.labels):,} {'test' if first.split == 'test' else 'validation'} images"
    one = f"{images}, trial {number}"
    every = one if len(shown) == 1 else f"{images}, mean of {len(shown)} trials"
    return {
        "confusion_matrix": confusion_matrix_figure(list(shown.values()), names, every),
        "precision_recall": precision_recall_figure(first, names, one),
        "wrong_predictions": wrong_predictions_figure(first, names, one, data),
    }


def no_prediction_figures() -> dict[str, str]:
    """Return the same figures for where there are no predictions: they say so."""
    return dict.fromkeys(PREDICTION_FIGURES, message_figure(NO_PREDICTIONS))


@styled()
def confusion_matrix_figure(predictions: Sequence[Predictions], names: Sequence[str], described: str) -> str:
    """Draw how often each class is predicted for each true class, in percent of the true class over all trials.

    The opacity of a cell is the square root of the share, so that rare confusions are visible. The predictions are of
    one trial or more, all for the same split.
    """
    labels = np.concatenate([trial.labels for trial in predictions])
    predicted = np.concatenate([trial.predicted for trial in predictions])
    share = confusion_matrix(labels, predicted, labels=range(len(names)), normalize="true")
    # One color with varying opacity is legible on a light and on a dark background.
    cells = np.empty((*share.shape, 4))
    cells[..., :3], cells[..., 3] = to_rgb(TRAIN), np.sqrt(share)
    numbered = len(names) <= MOST_NUMBERED
    height, angle, size = (6.2, 45, 9.0) if numbered else (WIDTH, 90, 5.5)
    figure, axes = new_axes(height)
    axes.imshow(cells, interpolation="none", aspect="auto" if numbered else "equal")
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), names, rotation=angle, ha="right", rotation_mode="anchor", size=size)
    axes.set_yticks(range(len(names)), names, size=size)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.set_title(f"percent of each true class, {described}")
    axes.tick_params(axis="x", pad=6)
    for row, column in np.argwhere(share >= 0.0005).tolist() if numbered else ():
        # Not #ffffff: the style sheet replaces that background color in a dark theme.
        color = "#fefefe" if share[row, column] > 0.6 else TEXT
        axes.text(column, row, f"{100 * share[row, column]:.1f}", color=color, size=8, ha="center", va="center")
    return svg(figure)


@styled()
def precision_recall_figure(predictions: Predictions, names: Sequence[str], described: str) -> str:
    """Draw precision against recall for each class against all others, ranked by the probability of the class.

    The legend lists the classes by average precision, lowest first. Where there are more classes than colors, only the
    five lowest and the five highest are listed and drawn in color. A class has the same color in every figure.
    """
    present = np.unique(predictions.labels).tolist()
    curves = {
        label: recall_curve(predictions.labels == label, predictions.probabilities[:, label]) for label in present
    }
    ranked = sorted(present, key=lambda label: curves[label][2])
    middle = ranked[HIGHLIGHTED:-HIGHLIGHTED] if len(ranked) > len(CATEGORIES) else []
    figure, axes = new_axes(4)
    for label in (label for label in ranked if label not in middle):
        # Classes that share a color, where there are more classes than colors, differ in style.
        turn, number = divmod(label, len(CATEGORIES))
        style, text = ("-", "--")[(turn + number) % 2], f"{curves[label][2]:.3f} {names[label]}"
        axes.plot(*curves[label][:2], style, color=CATEGORIES[number], linewidth=1.6, label=text)
    for number, label in enumerate(middle):
        others = f"{len(middle)} other classes" if number == 0 else None
        axes.plot(*curves[label][:2], color=GRID, linewidth=0.8, label=others, zorder=1)
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axes.set_title(f"each class against all others, {described}")
    figure.legend(loc="outside right upper", title="average precision", fontsize=8, alignment="left")
    return svg(figure)


def recall_curve(is_class: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the precision at fixed levels of recall.

    ``is_class`` is bool (N,), at least one of them true, and ``scores`` are floats (N,).

    Returns:
        200 levels of recall, the precision at the highest threshold that reaches each, and the average precision.
    """
    scores = scores.astype(np.float32)
    precision, recall, _ = precision_recall_curve(is_class, scores, drop_intermediate=True)
    # Recall descends from 1 to 0: of the points that reach a level, the last has the highest threshold.
    levels = np.linspace(0, 1, LEVELS + 1)[1:]
    reaches = np.searchsorted(-recall, -levels, side="right") - 1
    return levels, precision[reaches], float(average_precision_score(is_class, scores))


def wrong_predictions_figure(predictions: Predictions, names: Sequence[str], described: str, data: Dataset) -> str:
    """Draw the images of the wrong predictions of highest confidence: true class, predicted class, its probability."""
    wrong = np.flatnonzero(~predictions.correct)
    if not wrong.size:
        return message_figure(f"no wrong prediction among {described}")
    confidence = predictions.probabilities[wrong, predictions.predicted[wrong]]
    first = np.argsort(-confidence, kind="stable")[: SIDE**2]
    images = data.test_images if predictions.split == "test" else data.train_images
    shown = [name.replace("_", " ") for name in names]
    captions = [
        f"{shown[predictions.labels[number]]}\n{shown[predictions.predicted[number]]} {share:.1%}"
        for number, share in zip(wrong[first], confidence[first], strict=True)
    ]
    return mosaic_figure(
        np.stack([images[row] for row in predictions.rows[wrong[first]]]),
        captions,
        columns=SIDE,
        title=f"the most confident of {wrong.size:,} wrong predictions among {described}: true class, then predicted",
    )
