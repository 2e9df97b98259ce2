"""Figures as SVG: the same bytes from the same data, text as text, and readable on light and on dark paper."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Rows = Mapping[str, Mapping[Any, Any]]

WIDTH = 7.6  # of every figure, in inches
INK, PAPER, FAINT = "#1f2328", "#ffffff", "#d8dee4"
TRAIN, VALID, PUBLISHED = "#3b6fb6", "#c2570c", "#1a7f5a"
# For many lines in one figure; each has a contrast of 3.8 or more on light and on dark paper.
CATEGORIES = (
    "#d0433a", "#3b78c4", "#1a8a5a", "#9465c9", "#96703f", "#0e8fa0", "#c8509f", "#878716", "#76808a", "#c2570c",
)  # fmt: skip
# Light colour -> its counterpart where the reader's system is dark.
DARK = {
    INK: "#e6edf3",
    PAPER: "#14181d",
    FAINT: "#343b44",
    TRAIN: "#7db0f5",
    VALID: "#f5a35c",
    PUBLISHED: "#5fd0a0",
}
STYLE: Any = {
    "svg.hashsalt": "lookbook",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "figure.facecolor": PAPER,
    "legend.frameon": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


def learning_curves(histories: Sequence[pd.DataFrame]) -> str:
    """Draw loss and accuracy by epoch: a thin line per trial, a thick one for the mean.

    Trials stop at different epochs. The mean is drawn as far as at least half of them run, because beyond that it
    describes the few that went on rather than the experiment.

    Args:
        histories: ``history.csv`` of every trial, as ``read_history`` returns it; may be empty.

    Returns:
        an SVG document.
    """
    with mpl.rc_context(STYLE):
        # Fixed margins: a layout that measures its texts takes half of the time, and there is a figure per experiment.
        figure = Figure(figsize=(WIDTH, 2.9))
        figure.subplots_adjust(left=0.085, right=0.99, bottom=0.155, top=0.96, wspace=0.22)
        for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            axes.set(xlabel="epoch", ylabel=metric)
            axes.xaxis.get_major_locator().set_params(integer=True)
            for split, colour in (("train", TRAIN), ("valid", VALID)):
                draw_trials(axes, [history.get(f"{split}_{metric}") for history in histories], split, colour)
            if not axes.lines:
                axes.text(0.5, 0.5, "no finished epoch", ha="center", transform=axes.transAxes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower right")
        return svg(figure)


def draw_trials(axes: Axes, trials: Sequence[pd.Series | None], split: str, colour: str) -> pd.Series:
    """Draw one curve per trial and their mean over the index, and return the mean; empty where no trial has figures."""
    curves = [values.dropna() for values in trials if values is not None and values.notna().any()]
    if not curves:
        return pd.Series(dtype=float)
    table = pd.concat(curves, axis=1).sort_index()
    # One line with a gap after each trial is drawn in half the time of a line per trial.
    x, y = np.append(table.index, np.nan), np.vstack([table, np.full(len(curves), np.nan)])
    axes.plot(np.tile(x, len(curves)), y.T.ravel(), color=colour, alpha=0.35, linewidth=0.7)
    mean = table.mean(axis=1)[table.notna().sum(axis=1) >= len(curves) / 2]
    label = {"train": "training", "valid": "validation"}[split]
    # A marker, so that a run of one epoch is visible at all.
    axes.plot(mean.index, mean, color=colour, linewidth=2, label=label, marker="o" if len(mean) < 3 else None)
    return mean


def read_histories(folder: Path, trials: int) -> list[pd.DataFrame]:
    """Return the history of each of an experiment's trials that has one; ``folder`` holds ``<trial>/history.csv``."""
    paths = [folder / str(trial) / "history.csv" for trial in range(trials)]
    return [read_history(path) for path in paths if path.exists()]


def read_history(path: Path) -> pd.DataFrame:
    """Read ``history.csv`` with the epoch as index; figures that are not finite become missing.

    A trial that failed before its first epoch has a file without rows, or without anything.
    """
    if not path.stat().st_size:
        return pd.DataFrame()
    return pd.read_csv(path).set_index("epoch").replace([np.inf, -np.inf], np.nan)


def published_figure(summary: pd.DataFrame, documents: dict[str, list[str]]) -> str:
    """Draw our mean and its 95% interval beside the published value, a panel per document.

    Documents differ too much in range to share an axis. The figure of an experiment is its test accuracy, else its
    validation or training accuracy, whichever was published, and the label says so.

    Args:
        summary: as ``summarise`` returns it.
        documents: document to its experiments, in order.

    Returns:
        an SVG document; experiments without published accuracy are not in it.
    """
    rows: Rows = {row["experiment"]: row for row in summary.to_dict("records")}
    panels = {
        document: [(name, split) for name in names if (split := published_split(rows[name])) is not None]
        for document, names in documents.items()
        if any(published_split(rows[name]) for name in names)
    }
    if not panels:
        return message_figure("nothing published to compare with")
    with mpl.rc_context(STYLE):
        heights = [len(names) + 1.6 for names in panels.values()]
        figure = Figure(figsize=(WIDTH, 0.26 * sum(heights) + 0.5), layout="constrained")
        grid = list(figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0])
        for axes, (document, names) in zip(grid, panels.items(), strict=True):
            axes.set_title(document, fontweight="bold")
            draw_intervals(axes, rows, names)
        grid[-1].set_xlabel("accuracy")
        handles, labels = legend_entries(grid)
        figure.legend(handles, labels, loc="outside upper right", ncols=4, fontsize=8, handletextpad=0.4)
        return svg(figure)


def legend_entries(grid: Sequence[Axes]) -> tuple[list[Any], list[str]]:
    """Return handles and labels of all panels, each label once."""
    entries: dict[str, Any] = {}
    for axes in grid:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    return list(entries.values()), list(entries)


def published_split(row: Mapping[Any, Any]) -> str | None:
    """Return the split whose accuracy was published: test before validation before training."""
    splits = ("test", "valid", "train")
    return next((split for split in splits if pd.notna(row[f"{split}_accuracy_published"])), None)


def draw_intervals(axes: Axes, rows: Rows, names: Sequence[tuple[str, str]]) -> None:
    """Draw one line per experiment, the first on top: ours above, published just below it."""
    for position, (name, split) in enumerate(names):
        row, column = rows[name], f"{split}_accuracy"
        mean, low, high = (row[f"{column}_{part}"] for part in ("mean", "ci_low", "ci_high"))
        published, std = row[f"{column}_published"], row[f"{column}_published_std"]
        above, below = [position - 0.14] * 2, [position + 0.14] * 2
        if pd.notna(low):
            axes.plot([low, high], above, color=TRAIN, linewidth=2.2, label="our 95% interval")
        axes.plot(mean, above[0], "o", color=TRAIN, markersize=5, label="our mean")
        if pd.notna(std):
            ends = [published - std, published + std]
            axes.plot(ends, below, color=PUBLISHED, linewidth=1, label="published mean ± SD")
        axes.plot(published, below[0], "D", color=PUBLISHED, markersize=4.5, fillstyle="none", label="published value")
    labels = [name if split == "test" else f"{name} ({split})" for name, split in names]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.06)


def message_figure(text: str) -> str:
    """Return an SVG document that says why there is nothing to draw."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1))
        figure.text(0.5, 0.5, text, ha="center", va="center")
        return svg(figure)


def svg(figure: Figure) -> str:
    """Return the figure as an SVG document without dates and with short numbers, which a dark theme recolours.

    A renderer that ignores style sheets shows the light version: the colours stay written in every element.
    """
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d\.\d{2})\d+", r"\1", tag[0]), buffer.getvalue())
    rules = "".join(
        f'svg.lookbook [style*="{part}: {light}"]{{{part}:{dark}!important}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    return re.sub(r"(<svg )([^>]*>)", rf'\1class="lookbook" \2{style}', text, count=1)
