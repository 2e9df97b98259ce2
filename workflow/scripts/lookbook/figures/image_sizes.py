"""The sizes of a dataset's photographs before resizing."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lookbook.figures.style import STYLE, TRAIN, VALID, WIDTH, svg

BINS = 60  # per axis


def image_sizes_figure(heights: np.ndarray, widths: np.ndarray) -> str:
    """Draw a two-dimensional histogram of widths and heights, with lines at their means.

    The opacity grows with the logarithm of the number of images, so that a single image is visible.

    Args:
        heights: (N,), in pixels, of at least one image.
        widths: (N,), in pixels.

    Returns:
        an SVG document.
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
        axes.set_title(f"{len(widths):,} images: {extent('width', widths)}, {extent('height', heights)}")
        axes.legend(loc="lower right")
        return svg(figure)


def extent(name: str, values: np.ndarray) -> str:
    """Return the smallest and the largest value in words."""
    return f"{name} {values.min():,} to {values.max():,}"
