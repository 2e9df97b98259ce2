"""Figures of a dataset: the number of images of each class, and the sizes of its photographs before resizing."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb

from lookbook.figures.style import TEXT, TRAIN, VALID, new_axes, styled, svg

BINS = 60  # of the sizes, per axis


@styled()
def class_counts_figure(counts: Sequence[int], classes: Sequence[str]) -> str:
    """Draw the number of images of each class as a bar, the largest class on top, with its ratio to the smallest."""
    labels = sorted(range(len(counts)), key=lambda label: -counts[label])
    sizes = [counts[label] for label in labels]
    figure, axes = new_axes(0.145 * len(sizes) + 0.8)
    bars = axes.barh(range(len(sizes)), sizes, color=TRAIN, height=0.75)
    axes.bar_label(bars, [f"{size:,}" for size in sizes], padding=3, fontsize=7, color=TEXT)
    axes.set_yticks(range(len(sizes)), [classes[label] for label in labels], size=7)
    axes.set_ylim(len(sizes) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("images")
    title = f"{sum(sizes):,} images in {len(sizes)} classes"
    if sizes[-1]:
        title += f"; the largest has {sizes[0] / sizes[-1]:,.0f} times the images of the smallest"
    axes.set_title(title)
    return svg(figure)


@styled()
def image_sizes_figure(heights: np.ndarray, widths: np.ndarray) -> str:
    """Draw a two-dimensional histogram of widths and heights, with lines at their means.

    The opacity grows with the logarithm of the number of images, so that a single image is visible. Heights and widths
    are (N,), in pixels, of at least one image.
    """
    limits = [[0, int(values.max()) * 1.02] for values in (widths, heights)]
    number, x, y = np.histogram2d(widths, heights, bins=BINS, range=limits)
    cells = np.zeros((BINS, BINS, 4))
    cells[..., :3] = to_rgb(TRAIN)
    cells[..., 3] = np.where(number > 0, 0.25 + 0.75 * np.log1p(number) / np.log1p(number.max()), 0).T
    figure, axes = new_axes(4.6)
    axes.imshow(cells, origin="lower", extent=(0, x[-1], 0, y[-1]), interpolation="none", aspect="auto", zorder=2)
    width, height = widths.mean(), heights.mean()
    axes.axvline(width, color=VALID, linewidth=1.2, zorder=3, label=f"mean width {width:.0f}")
    axes.axhline(height, color=VALID, linewidth=1.2, zorder=3, linestyle="--", label=f"mean height {height:.0f}")
    axes.set(xlabel="width in pixels", ylabel="height in pixels")
    extents = [f"{values.min():,} to {values.max():,}" for values in (widths, heights)]
    axes.set_title(f"{len(widths):,} images: width {extents[0]}, height {extents[1]}")
    axes.legend(loc="lower right")
    return svg(figure)
