"""The confusion matrix of an experiment."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from sklearn.metrics import confusion_matrix

from lookbook.figures.style import TEXT, TRAIN, WIDTH, new_axes, styled, svg
from lookbook.results.predictions import Predictions

MOST_NUMBERED = 12  # classes up to which the numbers in the cells are legible


@styled()
def confusion_matrix_figure(predictions: Sequence[Predictions], names: Sequence[str], described: str) -> str:
    """Draw how often each class is predicted for each true class, in percent of the true class over all trials.

    The opacity of a cell is the square root of the share, so that rare confusions are visible.

    Args:
        predictions: of one trial or more, all for the same split.
        names: of the classes.
        described: the images and trials in words, for the title.
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
