"""The precision-recall curves of one trial."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from lookbook.figures.style import CATEGORIES, GRID, new_axes, styled, svg
from lookbook.results.predictions import Predictions

HIGHLIGHTED = 5  # best and worst classes in color where there are more classes than colors
LEVELS = 200  # of recall at which a curve is drawn


@styled()
def precision_recall_figure(predictions: Predictions, names: Sequence[str], described: str) -> str:
    """Draw precision against recall for each class against all others, ranked by the probability of the class.

    The legend lists the classes by average precision, lowest first. Where there are more classes than colors, only the
    five lowest and the five highest are listed and drawn in color.

    Args:
        predictions: of one trial.
        names: of the classes.
        described: the images and the trial in words, for the title.
    """
    present = np.unique(predictions.labels).tolist()
    curves = {
        label: recall_curve(predictions.labels == label, predictions.probabilities[:, label]) for label in present
    }
    ranked = sorted(present, key=lambda label: curves[label][2])
    middle = ranked[HIGHLIGHTED:-HIGHLIGHTED] if len(ranked) > len(CATEGORIES) else []
    figure, axes = new_axes(4)
    for number, label in enumerate(label for label in ranked if label not in middle):
        style, text = "-" if number % 2 == 0 else "--", f"{curves[label][2]:.3f} {names[label]}"
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

    Args:
        is_class: bool (N,), at least one of them true.
        scores: (N,), any float type.

    Returns:
        200 levels of recall, the precision at the highest threshold that reaches each, and the average precision.
    """
    scores = scores.astype(np.float32)
    precision, recall, _ = precision_recall_curve(is_class, scores, drop_intermediate=True)
    # Recall descends from 1 to 0: of the points that reach a level, the last has the highest threshold.
    levels = np.linspace(0, 1, LEVELS + 1)[1:]
    reaches = np.searchsorted(-recall, -levels, side="right") - 1
    return levels, precision[reaches], float(average_precision_score(is_class, scores))
