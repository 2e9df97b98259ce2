"""The learning-rate range test: the loss while the learning rate rises from epoch to epoch.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3 (there with the accuracy instead of the
loss).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lookbook.figures.learning_curves import draw_trials
from lookbook.figures.style import PUBLISHED, TEXT, TRAIN, VALID, message_figure, new_axes, styled, svg
from lookbook.results.predictions import SPLITS

HEADROOM = 1.15  # upper limit of the y axis as a multiple of the first loss; a diverging loss leaves the figure
SMOOTHED = 3  # points of the moving average whose slope is compared


@styled()
def learning_rate_range_figure(histories: Sequence[pd.DataFrame]) -> str:
    """Draw training and validation loss against the learning rate: a thin line per trial, a thick one for the mean.

    Two learning rates are marked: that of the lowest mean validation loss, and that of its steepest descent, which is
    the usual suggestion. Without validation images they are those of the training loss.

    Args:
        histories: the history of each trial, as ``read_history`` returns it; may be empty.
    """
    # Where a learning rate repeats, its last epoch counts.
    by_rate = [history.groupby("learning_rate").last() for history in histories if "learning_rate" in history]
    figure, axes = new_axes(3.6)
    means = {
        split: draw_trials(axes, [history.get(f"{split}_loss") for history in by_rate], split, color)
        for split, color in (("train", TRAIN), ("valid", VALID))
    }
    split = "train" if means["valid"].empty else "valid"
    loss = means[split]
    if loss.empty:
        return message_figure("no finished epoch")
    lowest, steepest = float(loss.index[int(np.argmin(loss))]), steepest_descent(loss)
    axes.axvline(lowest, color=TEXT, linewidth=1, label=f"lowest {SPLITS[split]} loss at {lowest:.2g}")
    if steepest is not None:
        label = f"its steepest descent at {steepest:.2g}"
        axes.axvline(steepest, color=PUBLISHED, linewidth=1, linestyle="--", label=label)
    first, smallest = float(loss.iloc[0]), min(float(mean.min()) for mean in means.values() if not mean.empty)
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
    axes.set_ylim(max(smallest - 0.1 * (first - smallest), 0), HEADROOM * first)
    axes.tick_params(which="minor", size=0)
    # Above the axes, where it covers no curve.
    figure.legend(loc="outside upper left", ncols=4, fontsize=8)
    return svg(figure)


def steepest_descent(loss: pd.Series) -> float | None:
    """Return the learning rate of the steepest descent before the lowest loss; None if the loss does not fall.

    The slope is that of the smoothed loss by the logarithm of the learning rate.

    Args:
        loss: indexed by ascending learning rate; at least one row.
    """
    smooth = loss.rolling(SMOOTHED, center=True, min_periods=1).mean()
    if len(smooth) < 2:
        return None
    slope = np.gradient(smooth, np.log10(smooth.index.to_numpy(float)))[: int(np.argmin(smooth)) + 1]
    return float(smooth.index[int(np.argmin(slope))]) if slope.min() < 0 else None
