"""The content of a report, independent of its format: sections, their blocks, and inline elements in texts.

reports/templates/blocks.html.j2 and blocks.md.j2 have one macro per block, of the same name; rendering.py writes the
inline elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from lookbook.report.formatting import slug


@dataclass(frozen=True)
class Code:
    """Text in a fixed-width font."""

    text: str


@dataclass(frozen=True)
class Name:
    """The name of an experiment; HTML links it to the experiment's card."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link to an anchor of the HTML report; plain text in Markdown."""

    text: Inline
    anchor: str


@dataclass(frozen=True)
class FileLink:
    """The path of a file, relative to the report."""

    path: Path


@dataclass(frozen=True)
class Styled:
    """Emphasized or, in HTML, muted text."""

    text: Inline
    style: Literal["strong", "quiet"] = "strong"


@dataclass(frozen=True)
class Chip:
    """Words on a colored background in HTML; ``kind`` is a CSS class."""

    text: str
    kind: str = ""


# A plain string is literal text; a sequence is the concatenation of its parts.
Inline: TypeAlias = str | Code | Name | Link | FileLink | Styled | Chip | Sequence["Inline"]


def sentence(text: str) -> Inline:
    """Return a text in which backticks enclose names."""
    return [Name(part) if position % 2 else part for position, part in enumerate(text.split("`"))]


def join(parts: Iterable[Inline], separator: str = ", ") -> Inline:
    """Return the parts with a separator between them."""
    return [piece for part in parts for piece in (separator, part)][1:]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``style`` holds CSS classes. Markdown quotes one of style "notice"."""

    text: Inline
    style: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading; one of level 2 is an entry of the navigation."""

    text: Inline
    level: int
    anchor: str = ""


@dataclass(frozen=True)
class Cell:
    """A table's cell: its text, further lines (in parentheses in Markdown), and the value that sorts it."""

    text: Inline
    small: Sequence[Inline] = ()
    value: str | float | None = None


@dataclass(frozen=True)
class Column:
    """A table's column: its label, and what its cell shows of a row's subject; numbers are aligned to the right."""

    label: str
    cell: Callable[[Any], Cell | Inline]
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    """A table. The first column has the headers of the rows.

    Attributes:
        label: what the table shows, for screen readers.
        subjects: what the rows show, one each.
        columns: the columns.
        caption: printed above the table.
        style: "compact", or "headline" or "failures" for a table of full width.
        is_sortable: whether a click on a header sorts the rows by the values of the cells.
    """

    label: str
    subjects: Iterable[Any]
    columns: Sequence[Column]
    caption: str = ""
    style: str = "compact"
    is_sortable: bool = False


@dataclass(frozen=True)
class Figure:
    """An SVG file and its content: inline in HTML, a link in Markdown; ``label`` is its text alternative."""

    path: Path
    svg: str
    label: str
    caption: str = ""


@dataclass(frozen=True)
class Items:
    """A list, or a single line of items."""

    items: Sequence[Inline]
    style: str = ""
    is_inline: bool = False


@dataclass(frozen=True)
class Tiles:
    """Numbers with their labels: tiles in HTML, one sentence in Markdown."""

    tiles: Sequence[tuple[str, Inline]]


@dataclass(frozen=True)
class Listing:
    """Preformatted text."""

    text: str


@dataclass(frozen=True)
class Group:
    """Blocks that HTML lays out together; ``style`` holds CSS classes."""

    blocks: Sequence[Block]
    style: str


@dataclass(frozen=True)
class Details:
    """Blocks that HTML folds.

    Attributes:
        summary: what HTML shows while the blocks are folded.
        blocks: the content.
        is_open: whether HTML shows the content at first.
        level: makes the summary a heading of that level and the block a card. Without it Markdown omits the summary.
        anchor, gist: the identifier of a card, and a text at the right of its heading, both for HTML.
        in_markdown: whether Markdown, which cannot fold, has the content.
    """

    summary: Inline
    blocks: Sequence[Block]
    is_open: bool = False
    level: int | None = None
    anchor: str = ""
    gist: str = ""
    in_markdown: bool = True


Block: TypeAlias = Paragraph | Heading | Table | Figure | Items | Tiles | Listing | Group | Details


@dataclass(frozen=True)
class Section:
    """A section of the whole report or of each document; both are its subject.

    Attributes:
        title: its heading, "" for none.
        condition: whether it applies to a subject; otherwise it is omitted.
        content: returns its blocks.
    """

    title: str
    condition: Callable[[Any], Any]
    content: Callable[[Any], Iterable[Block]]

    def blocks(self, subject: Any, *, level: int, prefix: str = "") -> Iterator[Block]:
        """Yield the heading, with ``prefix`` in its anchor, and the content; nothing if the section does not apply."""
        if self.condition(subject):
            if self.title:
                yield Heading(self.title, level, prefix + slug(self.title))
            yield from self.content(subject)


def section(title: str = "", condition: Callable[[Any], Any] = lambda subject: True) -> Callable[..., Section]:
    """Return a decorator that makes a section of the function that yields its blocks."""
    return lambda content: Section(title, condition, content)
