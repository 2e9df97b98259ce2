"""What a data set of photographs looks like: images per class, and their sizes before they were resized."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lookbook.figures.style import INK, STYLE, TRAIN, VALID, WIDTH, svg

BINS = 60  # of a size, on either axis


def class_counts_figure(counts: Sequence[int], classes: Sequence[str]) -> str:
    """Draw the images per class as bars, the largest class on top, each with its number.

    Args:
        counts: C numbers of images.
        classes: C names.

    Returns:
        an SVG document; its title says how many times larger the largest class is than the smallest.
    """
    order = sorted(range(len(counts)), key=lambda label: -counts[label])
    sizes = [counts[label] for label in order]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.145 * len(sizes) + 0.8), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(range(len(sizes)), sizes, color=TRAIN, height=0.75)
        axes.bar_label(bars, [f"{size:,}" for size in sizes], padding=3, fontsize=7, color=INK)
        axes.set_yticks(range(len(sizes)), [classes[label] for label in order], size=7)
        axes.set_ylim(len(sizes) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_axisbelow(True)
        axes.set_xlabel("images")
        axes.set_title(f"{sum(sizes):,} images in {len(sizes)} classes{imbalance(sizes)}")
        return svg(figure)


def imbalance(sizes: Sequence[int]) -> str:
    """Return how much larger the first class is than the last, in words; nothing where that has no meaning."""
    return f"; the largest has {sizes[0] / sizes[-1]:,.0f} times the images of the smallest" if sizes[-1] else ""


def image_sizes_figure(heights: np.ndarray, widths: np.ndarray) -> str:
    """Draw how many images have which width and height, with the means as lines.

    The colour's strength grows with the logarithm of the number, so that a single image is seen.

    Args:
        heights: (N,), pixels before resizing, N of 1 or more.
        widths: (N,).
    """
    limits = [[0, int(values.max()) * 1.02] for values in (widths, heights)]
    number, x, y = np.histogram2d(widths, heights, bins=BINS, range=limits)
    cells = np.zeros((BINS, BINS, 4))
    cells[..., :3] = to_rgb(TRAIN)
    cells[..., 3] = np.where(number > 0, 0.25 + 0.75 * np.log1p(number) / np.log1p(number.max()), 0).T
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.imshow(cells, origin="lower", extent=(0, x[-1], 0, y[-1]), interpolation="none", aspect="auto", zorder=2)
        mean = widths.mean(), heights.mean()
        axes.axvline(mean[0], color=VALID, linewidth=1.2, zorder=3, label=f"mean width {mean[0]:.0f}")
        axes.axhline(mean[1], color=VALID, linewidth=1.2, zorder=3, linestyle="--", label=f"mean height {mean[1]:.0f}")
        axes.set(xlabel="width in pixels", ylabel="height in pixels")
        axes.set_title(f"{len(widths):,} images: {spread('width', widths)}, {spread('height', heights)}")
        axes.legend(loc="lower right")
        return svg(figure)


def spread(name: str, values: np.ndarray) -> str:
    """Return the range of a size in words."""
    return f"{name} {values.min():,} to {values.max():,}"
