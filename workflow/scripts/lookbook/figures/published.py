"""Our accuracies with their confidence intervals beside the published ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lookbook.figures.style import PUBLISHED, TRAIN, WIDTH, message_figure, styled, svg

Row = Mapping[Any, Any]


@styled()
def published_figure(summary: pd.DataFrame, experiments: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw our mean and its 95% interval beside the published value, one panel per document.

    The documents differ too much in range to share an axis. An experiment is shown by its test accuracy where one was
    published, else by its validation or training accuracy, which its label then names. Experiments without a published
    accuracy are not shown.

    Args:
        summary: as ``summarise`` returns it, with a row for each experiment.
        experiments: name to entry of experiments.json, of which ``document`` is used.
    """
    rows: dict[str, Row] = {row["experiment"]: row for row in summary.to_dict("records")}
    panels: dict[str, list[tuple[str, str]]] = {}
    for name, entry in experiments.items():
        split = published_split(rows[name])
        if split is not None:
            panels.setdefault(entry["document"], []).append((name, split))
    if not panels:
        return message_figure("nothing published to compare with")
    heights = [len(names) + 1.6 for names in panels.values()]
    figure = Figure(figsize=(WIDTH, 0.26 * sum(heights) + 0.5), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    entries: dict[str, Any] = {}  # of the legend, each label once
    for axes, (document, names) in zip(grid, panels.items(), strict=True):
        axes.set_title(document, fontweight="bold")
        draw_intervals(axes, rows, names)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    axes.set_xlabel("accuracy")
    figure.legend(entries.values(), entries, loc="outside upper right", ncols=4, fontsize=8, handletextpad=0.4)
    return svg(figure)


def published_split(row: Row) -> str | None:
    """Return the split whose published accuracy is compared: test, else validation, else training; None without any."""
    splits = ("test", "valid", "train")
    return next((split for split in splits if pd.notna(row[f"{split}_accuracy_published"])), None)


def draw_intervals(axes: Axes, rows: Mapping[str, Row], names: Sequence[tuple[str, str]]) -> None:
    """Draw the experiments, each with the split to compare, one below the other: our values above the published."""
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
