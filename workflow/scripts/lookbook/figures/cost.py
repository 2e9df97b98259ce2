"""Accuracy against what it costs: the parameters of the network, and the seconds of a trial."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from lookbook.figures.style import CATEGORIES, PUBLISHED, WIDTH, message_figure, styled, svg

COSTS = {"parameters_mean": "parameters", "seconds_mean": "seconds per trial"}
Point = tuple[float, float]  # cost, accuracy


@styled()
def cost_figure(summary: pd.DataFrame, experiments: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw the mean accuracy of each experiment by each cost, the front of each dataset, and published accuracies.

    Experiments without a comparable accuracy (classifiers of one class, learning-rate range tests) are left out. A
    published accuracy stands at the cost of our network, because the documents state none of it; at the seconds, which
    depend on the machine, it is not drawn.

    Args:
        summary: as ``summarise`` returns it, with a row for each experiment.
        experiments: name to entry of experiments.json, of which ``dataset``, ``ensemble`` and ``figures`` are used.
    """
    rows = {row["experiment"]: row for row in summary.to_dict("records")}
    shown: dict[str, list[dict[Any, Any]]] = {}
    for name, entry in experiments.items():
        column = accuracy_column(rows[name])
        if column and not entry["ensemble"] and "learning_rate_range" not in entry["figures"]:
            found = rows[name] | {"accuracy": rows[name][f"{column}_mean"], "other": rows[name][f"{column}_published"]}
            shown.setdefault(entry["dataset"], []).append(found)
    if not shown:
        return message_figure("no finished trial")
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (cost, label) in zip(panels, COSTS.items(), strict=True):
        axes.set(xlabel=label, xscale="log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if cost == "seconds_mean" else (1,)))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(NullFormatter())
        for number, (dataset, points_of) in enumerate(shown.items()):
            color = CATEGORIES[number % len(CATEGORIES)]
            points = [(row[cost], row["accuracy"]) for row in points_of if pd.notna(row[cost]) and row[cost] > 0]
            draw(axes, points, dataset, color)
            other = [(row[cost], row["other"]) for row in points_of if pd.notna(row["other"]) and pd.notna(row[cost])]
            if other and cost == "parameters_mean":
                axes.plot(*zip(*other, strict=True), "D", color=PUBLISHED, markersize=4, fillstyle="none")
    panels[0].plot([], [], "D", color=PUBLISHED, markersize=4, fillstyle="none", label="published")
    panels[0].set_ylabel("accuracy")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, fontsize=8)
    return svg(figure)


def draw(axes: Axes, points: Sequence[Point], dataset: str, color: str) -> None:
    """Draw the points of a dataset, and join those of its front."""
    if points:
        axes.plot(*zip(*points, strict=True), "o", color=color, markersize=4, alpha=0.7, label=dataset)
        axes.plot(*zip(*front(points), strict=True), color=color, linewidth=1.4, drawstyle="steps-post")


def front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other one beats in accuracy at the same or a lower cost, by cost."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best


def accuracy_column(row: Mapping[Any, Any]) -> str | None:
    """Return the column of the main accuracy: that of the test images, else of the validation images."""
    columns = ("test_accuracy", "valid_accuracy")
    return next((column for column in columns if pd.notna(row[f"{column}_mean"])), None)
