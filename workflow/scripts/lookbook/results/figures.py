"""The figures of a benchmark, which state the identity of what they show.

An SVG file states it in the attribute ``data-identity``. ``best_network.json`` names the experiment of which the
figures of the best network are drawn.
"""

import json
import re
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.files import write_json, write_text

_IDENTITY = re.compile(r'<svg data-identity="([0-9a-f]*)" ')


def write_figure(path: Path, svg: str, identity: str) -> None:
    """Write an SVG document with the identity of what it shows (hexadecimal) as an attribute of its root."""
    write_text(path, svg.replace("<svg ", f'<svg data-identity="{identity}" ', 1))


def read_figure(path: Path, identity: str) -> str:
    """Return an SVG document.

    Raises:
        ResultError: the file is missing or states another identity.
    """
    try:
        svg = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ResultError(f"{path} is missing; {_remedy(path)}") from None
    stated = _IDENTITY.search(svg)
    if stated is None or stated[1] != identity:
        raise ResultError(f"{path} does not show the present results; {_remedy(path)}")
    return svg


def write_best_network(path: Path, experiment: str | None, identity: str) -> None:
    """Write the name of the best network's experiment, None if no network has a test accuracy."""
    write_json(path, {"experiment": experiment, "identity": identity})


def read_best_network(path: Path, identity: str) -> str | None:
    """Return the name of the best network's experiment, None if no network has a test accuracy.

    Raises:
        ResultError: the file is missing or damaged, or states another identity.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        experiment, stated = content["experiment"], content["identity"]
    except FileNotFoundError:
        raise ResultError(f"{path} is missing; {_remedy(path)}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ResultError(f"{path} is damaged ({type(error).__name__}: {error}); {_remedy(path)}") from None
    if stated != identity:
        raise ResultError(f"{path} does not show the present results; {_remedy(path)}")
    return experiment


def _remedy(path: Path) -> str:
    return f"draw it again with: snakemake --cores 1 --forcerun {path}"
