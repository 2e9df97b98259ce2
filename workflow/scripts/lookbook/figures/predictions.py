"""What an experiment's trials predicted: confusion matrix, precision-recall curves, the worst mistakes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve

from lookbook.datasets.arrays import Dataset, load
from lookbook.figures.mosaics import mosaic_figure
from lookbook.figures.style import CATEGORIES, FAINT, INK, STYLE, TRAIN, WIDTH, message_figure, svg
from lookbook.sampling.rows import kept_classes
from lookbook.statistics.trials import FINISHED

FIGURES = ("confusion_matrix", "precision_recall", "wrong_predictions")
NAMED = {"test": "test", "valid": "validation"}  # the splits that are drawn, in order of preference
MOST_NUMBERS = 12  # classes up to which numbers in the cells of a matrix can be read
GALLERY = 5  # rows and columns of the gallery
HIGHLIGHTED = 5  # best and worst classes that are coloured where there are more classes than colours
LEVELS = 200  # of recall at which a curve is drawn
NOTHING = "no finished trial with predictions of test or validation images"


@dataclass(frozen=True)
class Predictions:
    """One trial's predictions of one split.

    Attributes:
        trial: its number.
        spec: its resolved experiment.
        split: ``test`` or ``valid``.
        probabilities: float16 (N, C).
        labels: uint8 (N,).
        predicted: uint8 (N,).
        rows: int32 (N,), positions of the images in the data set's arrays of their origin.
    """

    trial: int
    spec: Mapping[str, Any]
    split: str
    probabilities: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    rows: np.ndarray

    @property
    def is_wrong(self) -> np.ndarray:
        """bool (N,): another class than the true one was predicted."""
        return self.predicted != self.labels


def draw_predictions(folder: Path, trials: int, dataset: Path) -> dict[str, str]:
    """Return the SVG documents of an experiment by name: confusion_matrix, precision_recall, wrong_predictions.

    They show the test split, or the validation split where there is none. The matrix is of all finished trials; a
    curve and a gallery are of the probabilities of one model, so they show the first finished trial.

    Args:
        folder: holds ``<trial>/trial.json`` and ``<trial>/predictions.npz``.
        trials: how many trials the experiment has.
        dataset: the prepared data set that they were trained on; not read where no trial finished.

    Raises:
        DatasetError: the data set is missing or damaged.
    """
    finished = [found for trial in range(trials) if (found := read_predictions(folder / str(trial), trial))]
    if not finished:
        return dict.fromkeys(FIGURES, message_figure(NOTHING))
    data = load(dataset)
    names = class_names(finished[0].spec, data)
    return {
        "confusion_matrix": confusion_figure(finished, names),
        "precision_recall": precision_recall_figure(finished[0], names),
        "wrong_predictions": gallery_figure(finished[0], names, data),
    }


def read_predictions(folder: Path, trial: int) -> Predictions | None:
    """Return a trial's predictions of its test split, else of its validation split; None where it has no usable ones.

    Raises:
        KeyError: the trial finished and its ``predictions.npz`` lacks an array; train it again.
    """
    try:
        facts = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if facts["status"] not in FINISHED:
        return None
    with np.load(folder / "predictions.npz") as arrays:
        for split in NAMED:
            if f"{split}_labels" not in arrays or not arrays[f"{split}_labels"].size:
                continue
            parts = {part: arrays[f"{split}_{part}"] for part in ("probabilities", "labels", "predicted", "rows")}
            usable = np.isfinite(parts["probabilities"]).all()
            return Predictions(trial, facts["spec"], split, **parts) if usable else None
    return None


def class_names(spec: Mapping[str, Any], data: Dataset) -> list[str]:
    """Return a name for each output of the network of a resolved experiment, which may keep some classes only."""
    if spec["one_vs_all"] is not None:
        return ["others", data.classes[spec["one_vs_all"]]]
    if spec["sampling"]["classes"] is None:
        return list(data.classes)
    return [data.classes[label] for label in kept_classes(spec, data.train_labels)]


def confusion_figure(finished: Sequence[Predictions], names: Sequence[str]) -> str:
    """Draw how often each true class was taken for which, in percent of the true class, over all trials together.

    The colour's strength is the square root of the share, so that rare confusions are seen as well.
    """
    labels = np.concatenate([trial.labels for trial in finished])
    predicted = np.concatenate([trial.predicted for trial in finished])
    share = confusion_matrix(labels, predicted, labels=range(len(names)), normalize="true")
    numbered = len(names) <= MOST_NUMBERS
    size = 9 if numbered else 5.5
    # An image of one colour and many opacities reads on light and on dark paper.
    cells = np.empty((*share.shape, 4))
    cells[..., :3], cells[..., 3] = to_rgb(TRAIN), np.sqrt(share)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 6.2 if numbered else WIDTH), layout="constrained")
        axes = figure.subplots()
        axes.imshow(cells, interpolation="none", aspect="auto" if numbered else "equal")
        axes.grid(visible=False)
        turn = 45 if numbered else 90
        axes.set_xticks(range(len(names)), names, rotation=turn, ha="right", rotation_mode="anchor", size=size)
        axes.set_yticks(range(len(names)), names, size=size)
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.set_title(f"percent of each true class, {described(finished)}")
        axes.tick_params(axis="x", pad=6)
        if numbered:
            for row, column in np.argwhere(share >= 0.0005).tolist():
                value = share[row, column]
                # White and the paper are two colours: these cells stay as they are in the dark.
                colour = "#fefefe" if value > 0.6 else INK
                axes.text(column, row, f"{100 * value:.1f}", color=colour, size=8, ha="center", va="center")
        return svg(figure)


def described(finished: Sequence[Predictions]) -> str:
    """Return which images and trials a figure shows, in words."""
    images = f"{len(finished[0].labels):,} {NAMED[finished[0].split]} images"
    trials = f"trial {finished[0].trial}" if len(finished) == 1 else f"mean of {len(finished)} trials"
    return f"{images}, {trials}"


def precision_recall_figure(trial: Predictions, names: Sequence[str]) -> str:
    """Draw precision against recall for each class, with the average precision; worst class first.

    Every class against all others, ranked by its probability. Of many classes the five worst and best are coloured.
    """
    present = np.unique(trial.labels).tolist()
    curves = {label: recall_curve(trial.labels == label, trial.probabilities[:, label]) for label in present}
    ranked = sorted(present, key=lambda label: curves[label][2])
    middle = ranked[HIGHLIGHTED:-HIGHLIGHTED] if len(ranked) > len(CATEGORIES) else []
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4), layout="constrained")
        axes = figure.subplots()
        for number, label in enumerate(label for label in ranked if label not in middle):
            style, text = "-" if number % 2 == 0 else "--", f"{curves[label][2]:.3f} {names[label]}"
            axes.plot(*curves[label][:2], style, color=CATEGORIES[number], linewidth=1.6, label=text)
        for number, label in enumerate(middle):
            others = f"{len(middle)} other classes" if number == 0 else None
            axes.plot(*curves[label][:2], color=FAINT, linewidth=0.8, label=others, zorder=1)
        axes.set(xlabel="recall", ylabel="precision", xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
        axes.set_title(f"each class against all others, {described([trial])}")
        figure.legend(loc="outside right upper", title="average precision", fontsize=8, alignment="left")
        return svg(figure)


def recall_curve(is_class: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return 200 levels of recall, the precision that reaches each, and the average precision: the area below.

    Args:
        is_class: bool (N,), at least one of them true.
        scores: (N,), any float type.
    """
    scores = scores.astype(np.float32)
    precision, recall, _ = precision_recall_curve(is_class, scores, drop_intermediate=True)
    # Recall falls from 1 to 0: the last point that still reaches a level has the highest threshold that does.
    levels = np.linspace(0, 1, LEVELS + 1)[1:]
    reaches = np.searchsorted(-recall, -levels, side="right") - 1
    return levels, precision[reaches], float(average_precision_score(is_class, scores))


def gallery_figure(trial: Predictions, names: Sequence[str], data: Dataset) -> str:
    """Draw the wrong predictions of greatest confidence: true class, predicted class, its probability."""
    wrong = np.flatnonzero(trial.is_wrong)
    if not wrong.size:
        return message_figure(f"no wrong prediction among {described([trial])}")
    confidence = trial.probabilities[wrong, trial.predicted[wrong]].astype(np.float32)
    order = np.argsort(-confidence, kind="stable")[: GALLERY**2]
    origin = data.test_images if trial.split == "test" else data.train_images
    captions = [
        f"{names[trial.labels[number]]}\n{names[trial.predicted[number]]} {share:.1%}"
        for number, share in zip(wrong[order], confidence[order], strict=True)
    ]
    return mosaic_figure(
        np.stack([origin[row] for row in trial.rows[wrong[order]]]),
        captions,
        columns=GALLERY,
        title=f"the surest of {wrong.size:,} wrong predictions among {described([trial])}: true class, then predicted",
    )


def best_experiment(accuracies: Mapping[str, float], among: Sequence[str]) -> str | None:
    """Return the experiment of highest accuracy, the first of equal ones; None where none has a figure.

    Args:
        accuracies: experiment to its mean test accuracy, NaN where it has none.
        among: names that may win.
    """
    known = [name for name in among if np.isfinite(accuracies.get(name, np.nan))]
    return max(known, key=lambda name: accuracies[name], default=None)
