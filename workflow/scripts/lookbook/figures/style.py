"""What all figures share: colors, Matplotlib's settings, and the SVG document.

A function that draws a figure is decorated with ``@styled()`` and returns an SVG document. Equal data gives equal
bytes, text stays text, and every figure is readable on a light and on a dark background.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 7.6  # of every figure, in inches
TEXT, BACKGROUND, GRID = "#1f2328", "#ffffff", "#d8dee4"
TRAIN, VALID, TEST, PUBLISHED = "#3b6fb6", "#c2570c", "#8250c4", "#1a7f5a"
# For many lines in one figure; each has a contrast of at least 3.8 to a light and to a dark background.
CATEGORIES = (
    "#d0433a", "#3b78c4", "#1a8a5a", "#9465c9", "#96703f", "#0e8fa0", "#c8509f", "#878716", "#76808a", "#c2570c",
)  # fmt: skip
# Color on a light background to its counterpart on a dark one.
DARK = {
    TEXT: "#e6edf3",
    BACKGROUND: "#14181d",
    GRID: "#343b44",
    TRAIN: "#7db0f5",
    VALID: "#f5a35c",
    TEST: "#c3a0f5",
    PUBLISHED: "#5fd0a0",
}
STYLE: Any = {
    "svg.hashsalt": "lookbook",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": GRID,
    "axes.facecolor": BACKGROUND,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "figure.facecolor": BACKGROUND,
    "legend.frameon": False,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}


@contextmanager
def styled() -> Iterator[None]:
    """Apply ``STYLE`` while a figure is drawn and converted to SVG."""
    with mpl.rc_context(STYLE):
        yield


def new_axes(height: float) -> tuple[Figure, Axes]:
    """Return a figure of the common width and the given height in inches, and its only axes."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots()


@styled()
def message_figure(text: str) -> str:
    """Draw one line of text, for where there is nothing else to draw."""
    figure = Figure(figsize=(WIDTH, 1))
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return svg(figure)


def svg(figure: Figure) -> str:
    """Return the figure as an SVG document without a date and with at most two decimals in its coordinates.

    A style sheet replaces the colors where the reader's system prefers a dark theme. Every element keeps its light
    color as well, for renderers that ignore style sheets. The rules name no ancestor, because the markers of a line are
    copies outside the tree of the document, where none would match.
    """
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d\.\d{2})\d+", r"\1", tag[0]), buffer.getvalue())
    rules = "".join(
        f'[style*="{part}: {light}"]{{{part}:{dark}!important}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    return re.sub(r"(<svg )([^>]*>)", rf'\1class="lookbook" \2{style}', text, count=1)
