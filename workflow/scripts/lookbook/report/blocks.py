"""The blocks of a report, independent of the format.

reports/templates/blocks.html.j2 and blocks.md.j2 have one macro per block, of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from lookbook.report.inline import Inline

OPEN_ROWS = 12  # A longer table is folded.


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
    """A table's column: its label, and what its cell shows of a row's subject; numbers are aligned to the right.

    Attributes:
        details: the columns that have the further lines of the cells in Markdown, whose cells should fit on one line;
            None puts these lines in parentheses.
        in_markdown: whether Markdown has the column itself, or only its details.
    """

    label: str
    cell: Callable[[Any], Cell | Inline]
    is_number: bool = True
    details: Sequence[Column] | None = None
    in_markdown: bool = True


def value_column(label: str, key: str, write: Callable[[Any], Inline] = str, *, is_number: bool = True) -> Column:
    """Return a column that shows the value of a key of each row, and sorts the rows by it."""
    return Column(label, lambda row: Cell(write(row[key]), value=row[key]), is_number)


@dataclass(frozen=True)
class Table:
    """A table. The first column has the headers of the rows.

    Attributes:
        label: what the table shows, for screen readers.
        subjects: what the rows show, one each.
        style: "compact", or "headline", "failures" or "claims" for a table of full width.
        is_sortable: whether a click on a header sorts the rows by the values of the cells.
    """

    label: str
    subjects: Sequence[Any]
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
    """Preformatted text; ``style`` holds CSS classes."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Leaderboard:
    """The interactive table and comparison of all experiments, for HTML only.

    Attributes:
        data: what reports/templates/leaderboard.js and compare.js show, as ``lookbook.report.data`` returns it.
        text: what stands above the table.
    """

    data: Mapping[str, Any]
    text: Inline


@dataclass(frozen=True)
class Group:
    """Blocks that HTML lays out together; ``style`` holds CSS classes."""

    blocks: Sequence[Block]
    style: str


@dataclass(frozen=True)
class Folded:
    """Blocks that only Markdown has, folded, in place of details that only HTML has."""

    summary: Inline
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Details:
    """Blocks that HTML folds.

    Attributes:
        summary: what HTML shows while the blocks are folded.
        is_open: whether HTML shows the blocks at first.
        level: makes the summary a heading of that level and the block a card. Without it Markdown omits the summary.
        anchor, gist: the identifier of a card, and a text at the right of its heading, both for HTML.
        in_markdown: whether Markdown has the blocks, which are not folded there.
    """

    summary: Inline
    blocks: Sequence[Block]
    is_open: bool = False
    level: int | None = None
    anchor: str = ""
    gist: str = ""
    in_markdown: bool = True


def table_details(summary: str, table: Table) -> Details:
    """Return a table that HTML folds if it is long."""
    return Details(summary, [table], is_open=len(table.subjects) <= OPEN_ROWS)


Block: TypeAlias = (
    Paragraph | Heading | Table | Figure | Items | Tiles | Listing | Leaderboard | Group | Folded | Details
)
