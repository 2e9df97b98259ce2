"""Inline elements of the report's texts, independent of the format.

reports/templates/blocks.html.j2 and blocks.md.j2 have one macro per kind of element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias


@dataclass(frozen=True)
class Mark:
    """An inline element; the macro of the templates that ``kind`` names prints it."""

    kind: str
    text: Inline
    attribute: str = ""


# A plain string is literal text; a sequence is the concatenation of its parts.
Inline: TypeAlias = str | Mark | Sequence["Inline"]

code = partial(Mark, "code")  # Text in a fixed-width font.
strong = partial(Mark, "strong")
quiet = partial(Mark, "quiet")  # Muted text in HTML.
chip = partial(Mark, "chip")  # Words on a colored background in HTML; the attribute is a CSS class.
link = partial(Mark, "link")  # The attribute is an anchor of the HTML report; plain text in Markdown.
experiment_link = partial(Mark, "experiment_link")  # An experiment's name; HTML links it to the experiment's card.
web_link = partial(Mark, "web_link")  # The attribute is an address.
file_link = partial(Mark, "file_link")  # A file's name; the attribute is its path.


def sentence(text: str) -> Inline:
    """Return a text in which backticks enclose names."""
    return [experiment_link(part) if position % 2 else part for position, part in enumerate(text.split("`"))]


def join(parts: Iterable[Inline], separator: str = ", ") -> Inline:
    """Return the parts with a separator between them."""
    return [piece for part in parts for piece in (separator, part)][1:]
