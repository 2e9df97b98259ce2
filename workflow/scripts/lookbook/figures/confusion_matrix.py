"""The confusion matrix of an experiment."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from lookbook.figures.predictions import Predictions, describe
from lookbook.figures.style import STYLE, TEXT, TRAIN, WIDTH, svg

MOST_NUMBERED = 12  # classes up to which the numbers in the cells are legible


def confusion_matrix_figure(predictions: Sequence[Predictions], names: Sequence[str]) -> str:
    """Draw how often each class is predicted for each true class, in percent of the true class over all trials.

    The opacity of a cell is the square root of the share, so that rare confusions are visible.

    Args:
        predictions: of one trial or more, all for the same split.
        names: of the classes.

    Returns:
        an SVG document.
    """
    labels = np.concatenate([trial.labels for trial in predictions])
    predicted = np.concatenate([trial.predicted for trial in predictions])
    share = confusion_matrix(labels, predicted, labels=range(len(names)), normalize="true")
    numbered = len(names) <= MOST_NUMBERED
    size = 9 if numbered else 5.5
    # One color with varying opacity is legible on a light and on a dark background.
    cells = np.empty((*share.shape, 4))
    cells[..., :3], cells[..., 3] = to_rgb(TRAIN), np.sqrt(share)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 6.2 if numbered else WIDTH), layout="constrained")
        axes = figure.subplots()
        axes.imshow(cells, interpolation="none", aspect="auto" if numbered else "equal")
        axes.grid(visible=False)
        angle = 45 if numbered else 90
        axes.set_xticks(range(len(names)), names, rotation=angle, ha="right", rotation_mode="anchor", size=size)
        axes.set_yticks(range(len(names)), names, size=size)
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.set_title(f"percent of each true class, {describe(predictions)}")
        axes.tick_params(axis="x", pad=6)
        if numbered:
            for row, column in np.argwhere(share >= 0.0005).tolist():
                value = share[row, column]
                # Not #ffffff: the style sheet replaces that background color in a dark theme.
                color = "#fefefe" if value > 0.6 else TEXT
                axes.text(column, row, f"{100 * value:.1f}", color=color, size=8, ha="center", va="center")
        return svg(figure)
