"""SVG files that state the identity of what they show."""

import re
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.files import write_text

_IDENTITY = re.compile(r'<svg data-identity="([0-9a-f]*)" ')


def write_figure(path: Path, svg: str, identity: str) -> None:
    """Write an SVG document with the identity of what it shows (hexadecimal) as an attribute of its root."""
    write_text(path, svg.replace("<svg ", f'<svg data-identity="{identity}" ', 1))


def read_figure(path: Path, identity: str) -> str:
    """Return an SVG document.

    Raises:
        ResultError: the file is missing or states another identity.
    """
    remedy = f"draw it again with: snakemake --cores 1 --forcerun {path}"
    try:
        svg = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ResultError(f"{path} is missing; {remedy}") from None
    stated = _IDENTITY.search(svg)
    if stated is None or stated[1] != identity:
        raise ResultError(f"{path} does not show the present results; {remedy}")
    return svg
