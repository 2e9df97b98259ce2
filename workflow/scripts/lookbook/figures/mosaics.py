"""Grids of small images with captions. The images are one embedded PNG, drawn without interpolation."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from lookbook.figures.style import TEXT, VALID, WIDTH, styled, svg

POINTS = 72  # of an inch
LINE = 1.35  # height of a line of text, in font sizes
LARGEST = 64  # pixels per side; more would enlarge the report but not be visible


@styled()
def mosaic_figure(
    images: np.ndarray,
    captions: Sequence[str],
    *,
    columns: int,
    title: str,
    subtitle: str = "",
    headings: Sequence[str] = (),
    font_size: float = 6.5,
) -> str:
    """Draw images row by row, each with its caption below. Every image pixel is a square.

    Args:
        images: uint8 (N, H, W, 1 or 3), at least one; larger ones are reduced to 64 pixels per side.
        captions: N texts. The first line of each has the color of text, further lines are highlighted.
        columns: images per row.
        title, subtitle: lines above the grid, the second in the size of the captions; it may be empty.
        headings: of the columns; may be empty.
        font_size: of captions and headings, in points.
    """
    images = reduced(images)
    height, width = images.shape[1:3]
    scale = WIDTH * POINTS / (columns * (width + 2))  # points per pixel
    line = LINE * font_size / scale
    # Gaps are part of the embedded PNG, so they are whole pixels.
    below = math.ceil((max(len(caption.splitlines()) for caption in captions) + 0.5) * line)
    picture = mosaic(images, columns, right=2, below=below)
    above = (2.8 + 1.6 * bool(subtitle) + 1.8 * bool(headings)) * line
    figure = Figure(figsize=(WIDTH, (above + len(picture)) * scale / POINTS))
    axes = figure.add_axes((0, 0, 1, len(picture) / (above + len(picture))))
    axes.imshow(picture, interpolation="none", aspect="auto")
    axes.axis("off")
    for number, caption in enumerate(captions):
        row, column = divmod(number, columns)
        x, y = column * (width + 2) + width / 2 - 0.5, row * (height + below) + height
        for position, text in enumerate(caption.splitlines()):
            color = VALID if position else TEXT
            axes.text(x, y + position * line, text, size=font_size, color=color, ha="center", va="top")
    for column, text in enumerate(headings):
        x = column * (width + 2) + width / 2 - 0.5
        axes.text(x, -0.7 * line, text, size=font_size, ha="center", va="bottom")
    axes.text(-0.5, 1.3 * line - above, title, size=9, ha="left", va="center", parse_math=False)
    axes.text(-0.5, 3.1 * line - above, subtitle, size=font_size + 0.5, ha="left", va="center", parse_math=False)
    return svg(figure)


def mosaic(images: np.ndarray, columns: int, *, right: int, below: int) -> np.ndarray:
    """Arrange images row by row, with transparent pixels to the right of and below each.

    Images are uint8 (N, H, W, 1 or 3); the result is uint8 (rows * (H + below), columns * (W + right), 4).
    """
    count, height, width, _ = images.shape
    rows = -(-count // columns)
    cells = np.zeros((rows * columns, height + below, width + right, 4), np.uint8)
    cells[:count, :height, :width, :3] = images
    cells[:count, :height, :width, 3] = 255
    cells = cells.reshape(rows, columns, height + below, width + right, 4)
    return cells.transpose(0, 2, 1, 3, 4).reshape(rows * (height + below), columns * (width + right), 4)


def reduced(images: np.ndarray) -> np.ndarray:
    """Return uint8 images (N, H, W, C) with no side longer than ``LARGEST``, averaging the pixels of larger ones."""
    height, width, channels = images.shape[1:]
    factor = LARGEST / max(height, width)
    if factor >= 1:
        return images
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    smaller = [np.asarray(Image.fromarray(np.squeeze(i)).resize(size, Image.Resampling.BOX)) for i in images]
    return np.stack(smaller).reshape(-1, size[1], size[0], channels)
