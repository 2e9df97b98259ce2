"""The figures of a benchmark, which state the identity of what they show.

An SVG file states it in the attribute ``data-identity``. ``best_network.json`` names the experiment of which the
figures of the best network are drawn.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.files import write_text
from lookbook.results.reading import check_identity, read_json, reading, remedy, write_json

_IDENTITY = re.compile(r'<svg data-identity="([0-9a-f]*)" ')


def write_figure(path: Path, svg: str, identity: str) -> None:
    """Write an SVG document with the identity of what it shows (hexadecimal) as an attribute of its root."""
    write_text(path, svg.replace("<svg ", f'<svg data-identity="{identity}" ', 1))


def write_figures(folder: Path, figures: Mapping[str, str], identity: str) -> None:
    """Write SVG documents that show the same, each as ``<name>.svg``."""
    for name, svg in figures.items():
        write_figure(folder / f"{name}.svg", svg, identity)


def read_figure(path: Path, identity: str) -> str:
    """Return an SVG document.

    Raises:
        ResultError: the file is missing, damaged, or states another identity.
    """
    with reading(path):
        svg = path.read_text(encoding="utf-8")
        # Figures are large, and the identity stands at their start: a truncated one has it.
        if not (svg.startswith(("<?xml", "<svg ")) and svg.rstrip().endswith("</svg>")) or "\0" in svg:
            raise ValueError("it is not a whole SVG document")
    stated = _IDENTITY.search(svg)
    if stated is None or stated[1] != identity:
        raise ResultError(f"{path} does not show the present results; {remedy(path)}")
    return svg


def write_best_network(path: Path, experiment: str | None, identity: str) -> None:
    """Write the name of the best network's experiment, None if no network has a test accuracy."""
    write_json(path, {"experiment": experiment, "identity": identity})


def read_best_network(path: Path, identity: str) -> str | None:
    """Return the name of the best network's experiment, None if no network has a test accuracy.

    Raises:
        ResultError: the file is missing or damaged, or states another identity.
    """
    content = read_json(path, "experiment", "identity")
    check_identity(path, content["identity"], identity)
    return content["experiment"]
