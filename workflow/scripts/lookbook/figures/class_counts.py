"""The number of images of each class of a dataset."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from lookbook.figures.style import STYLE, TEXT, TRAIN, WIDTH, svg


def class_counts_figure(counts: Sequence[int], classes: Sequence[str]) -> str:
    """Draw the number of images of each class as a bar, the largest class on top.

    Args:
        counts: C numbers of images.
        classes: C names.

    Returns:
        an SVG document. Its title gives the ratio of the largest class to the smallest.
    """
    labels = sorted(range(len(counts)), key=lambda label: -counts[label])
    sizes = [counts[label] for label in labels]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.145 * len(sizes) + 0.8), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(range(len(sizes)), sizes, color=TRAIN, height=0.75)
        axes.bar_label(bars, [f"{size:,}" for size in sizes], padding=3, fontsize=7, color=TEXT)
        axes.set_yticks(range(len(sizes)), [classes[label] for label in labels], size=7)
        axes.set_ylim(len(sizes) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_axisbelow(True)
        axes.set_xlabel("images")
        axes.set_title(f"{sum(sizes):,} images in {len(sizes)} classes{imbalance(sizes)}")
        return svg(figure)


def imbalance(sizes: Sequence[int]) -> str:
    """Return the ratio of the first class to the last in words, or an empty string where the last has no images."""
    return f"; the largest has {sizes[0] / sizes[-1]:,.0f} times the images of the smallest" if sizes[-1] else ""
