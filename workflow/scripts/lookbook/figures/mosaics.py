"""Grids of small images with captions. The images are one embedded PNG, drawn without interpolation."""

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from lookbook.figures.style import TEXT, VALID, WIDTH, styled, svg

POINTS = 72  # of an inch
LINE = 1.35  # height of a line of text, in font sizes
LETTER = 0.6  # width of a letter, in font sizes
FONT_SIZE = 10  # of all texts, in points; on a narrow page the report shows a point as a pixel
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
) -> str:
    """Draw images row by row, each with its caption below. Every image pixel is a square.

    Args:
        images: uint8 (N, H, W, 1 or 3), at least one; larger ones are reduced to 64 pixels per side.
        captions: N texts. The first line of each has the color of text, further lines are highlighted. Lines that are
            wider than an image are wrapped.
        columns: images per row.
        title, subtitle: texts above the grid, wrapped; the second may be empty.
        headings: of the columns, wrapped; may be empty.
    """
    images = reduced(images)
    height, width = images.shape[1:3]
    scale = WIDTH * POINTS / (columns * (width + 2))  # points per pixel
    line = LINE * FONT_SIZE / scale
    letters = int(WIDTH * POINTS / columns / (LETTER * FONT_SIZE))  # that fit above or below an image
    below_images = [caption_lines(caption, letters) for caption in captions]
    # Gaps are part of the embedded PNG, so they are whole pixels.
    below = math.ceil((max(map(len, below_images)) + 0.5) * line)
    picture = mosaic(images, columns, right=2, below=below)
    top = [part for text in (title, subtitle) for part in wrap(text, columns * letters)]
    wrapped = [wrap(text, letters) for text in headings]
    above = (len(top) + max(map(len, wrapped), default=0) + 1) * line
    figure = Figure(figsize=(WIDTH, (above + len(picture)) * scale / POINTS))
    axes = figure.add_axes((0, 0, 1, len(picture) / (above + len(picture))))
    axes.imshow(picture, interpolation="none", aspect="auto")
    axes.axis("off")

    def write(x: float, y: float, text: str, color: str = TEXT, place: Any = "center") -> None:
        axes.text(x, y, text, size=FONT_SIZE, color=color, ha=place, va="top", parse_math=False)

    for number, lines in enumerate(below_images):
        row, column = divmod(number, columns)
        x, y = column * (width + 2) + width / 2 - 0.5, row * (height + below) + height
        for position, (text, color) in enumerate(lines):
            write(x, y + position * line, text, color)
    for column, parts in enumerate(wrapped):
        for position, text in enumerate(parts):
            write(column * (width + 2) + width / 2 - 0.5, (position - len(parts) - 0.3) * line, text)
    for position, text in enumerate(top):
        write(-0.5, (position + 0.2) * line - above, text, place="left")
    return svg(figure)


def caption_lines(caption: str, letters: int) -> list[tuple[str, str]]:
    """Return the lines of a caption, of at most so many letters where a word permits it, each with its color."""
    lines = enumerate(caption.splitlines())
    return [(part, VALID if position else TEXT) for position, text in lines for part in wrap(text, letters)]


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
