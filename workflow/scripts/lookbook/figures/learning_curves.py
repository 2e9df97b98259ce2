"""Learning curves: loss and accuracy by epoch, of every trial and their mean."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lookbook.figures.style import TEST, TRAIN, VALID, WIDTH, styled, svg
from lookbook.results.predictions import SPLITS

COLORS = {"train": TRAIN, "valid": VALID, "test": TEST}


@styled()
def learning_curves_figure(histories: Sequence[pd.DataFrame], published: pd.DataFrame | None = None) -> str:
    """Draw loss and accuracy by epoch: a thin line per trial, a thick one for the mean, a diamond per published value.

    Args:
        histories: the history of each trial, as ``read_history`` returns it; may be empty.
        published: the experiment's rows of epochs.csv, if there are any.
    """
    # Fixed margins: an automatic layout measures all texts, which doubles the time per figure.
    figure = Figure(figsize=(WIDTH, 2.9))
    left = 0.085
    figure.subplots_adjust(left=left, right=0.99, bottom=0.155, top=0.9, wspace=0.22)
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.set(xlabel="epoch", ylabel=metric)
        axes.xaxis.get_major_locator().set_params(integer=True)
        for split, color in COLORS.items():
            draw_trials(axes, [history.get(f"{split}_{metric}") for history in histories], split, color)
            if published is not None:
                values = published[published["column"] == f"{split}_{metric}"]
                if len(values):
                    label = f"published ({SPLITS[split]})"
                    axes.plot(values["epoch"], values["published"], "D", color=color, fillstyle="none", label=label)
        if not axes.lines:
            axes.text(0.5, 0.5, "no finished epoch", ha="center", transform=axes.transAxes)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        # At the left, because a narrow page shows the left part of the figure first.
        figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(left, 1), ncols=3, borderaxespad=0)
        figure.subplots_adjust(top=0.97 - 0.07 * -(-len(labels) // 3))
    return svg(figure)


def draw_trials(axes: Axes, trials: Sequence[pd.Series | None], split: str, color: str) -> pd.Series:
    """Draw one curve per trial and their mean, and return the mean by position; it is empty if no trial has a value.

    Trials stop at different epochs. The mean ends where fewer than half of the trials have a value, because from there
    on it would describe a minority of them.

    Args:
        trials: the values of each trial by position on the x axis; None or missing values where there are none.
        split: ``train``, ``valid`` or ``test``, for the legend.
    """
    curves = [values.dropna() for values in trials if values is not None and values.notna().any()]
    if not curves:
        return pd.Series(dtype=float)
    table = pd.concat(curves, axis=1).sort_index()
    # One line with a gap after each trial takes half as long to draw as a line per trial.
    x, y = np.append(table.index, np.nan), np.vstack([table, np.full(len(curves), np.nan)])
    axes.plot(np.tile(x, len(curves)), y.T.ravel(), color=color, alpha=0.35, linewidth=0.7)
    mean = table.mean(axis=1)[table.notna().sum(axis=1) >= len(curves) / 2]
    # A line through one point is invisible without a marker.
    axes.plot(mean.index, mean, color=color, linewidth=2, label=SPLITS[split], marker="o" if len(mean) < 3 else None)
    return mean
