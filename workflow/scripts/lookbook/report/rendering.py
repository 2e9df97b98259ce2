"""The report as files: Markdown with its figures beside it, and HTML with everything inside."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lookbook.files import write_text
from lookbook.formatting import MISSING, code, markdown, slug, two_lines
from lookbook.report.blocks import Block, Cell, Column, Heading, Table
from lookbook.report.inline import Inline, Mark
from lookbook.report.inputs import Report
from lookbook.report.registry import body
from lookbook.report.sections.opening import overview


def render(report: Report, templates: Path, paths: Iterable[Path]) -> None:
    """Write a report to each path, whose suffix, ``.html`` or ``.md``, is its format.

    The folder ``templates`` has ``report.<format>.j2`` and ``blocks.<format>.j2``.

    Raises:
        ResultError: a file that a section shows is missing, damaged or was made from other trials.
    """
    above, below = list(overview(report)), list(body(report))
    for path in paths:
        write_report(path, templates, above, below, report.experiments)


def write_report(
    path: Path, templates: Path, above: Iterable[Block], below: Sequence[Block], names: Iterable[str]
) -> None:
    """Write the blocks above and below the navigation to a file, see ``render``; ``names`` are the experiments."""
    navigation = [block for block in below if isinstance(block, Heading) and block.level == 2]
    template = create_environment(templates, path, names).get_template(f"report{path.suffix}.j2")
    write_text(path, template.render(header=above, body=below, navigation=navigation))


def create_environment(templates: Path, path: Path, names: Iterable[str]) -> Environment:
    """Return Jinja's environment for a report that is written to ``path`` and has a card of each named experiment."""
    is_html = path.suffix == ".html"
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    literal, concatenate = (escape, Markup().join) if is_html else (markdown, "".join)

    def inline(text: Inline) -> str:
        """Return an inline text in the format of the report, in one line."""
        if isinstance(text, str):
            return literal(text)
        if isinstance(text, Mark):
            return getattr(macros, text.kind)(text)
        return concatenate(map(inline, text))

    def blocks(content: Iterable[Block]) -> str:
        """Return blocks as the macros of their names print them."""
        return concatenate(getattr(macros, type(block).__name__)(block) for block in content)

    environment.globals |= {
        "blocks": blocks,
        "inline": inline,
        "rows": rows,
        "on_one_line": on_one_line,
        "anchor": anchor,
        "inline_svg": svg_inliner(),
        "json": script_json,
        "breakable": lambda text: escape(text).replace("_", Markup("_<wbr>")),
        "relative": lambda file: Path(os.path.relpath(file, path.parent)).as_posix(),
        "names": names,
        "slug": slug,
        "code_span": code,
        "markdown": markdown,
        "two_lines": two_lines,
    }
    macros = environment.get_template(f"blocks{path.suffix}.j2").module
    return environment


def rows(table: Table) -> Iterator[list[tuple[Column, Cell]]]:
    """Yield the cells of each row of a table with their columns."""
    for subject in table.subjects:
        items = [(column, column.cell(subject)) for column in table.columns]
        yield [(column, item if isinstance(item, Cell) else Cell(item)) for column, item in items]


def on_one_line(table: Table) -> Table:
    """Return a table for Markdown: columns of their own have the further lines of a cell, where a column has any.

    Such columns without a value in any row are left out, and so are the columns that Markdown does not have.
    """

    def cut(column: Column) -> Column:
        def cell(subject: Any) -> Inline:
            item = column.cell(subject)
            return item.text if isinstance(item, Cell) else item

        return column if column.details is None else replace(column, cell=cell)

    def has_values(column: Column) -> bool:
        return any(column.cell(subject) not in ("", MISSING) for subject in table.subjects)

    def parts(column: Column) -> Iterator[Column]:
        if column.in_markdown:
            yield cut(column)
        yield from filter(has_values, column.details or ())

    return replace(table, columns=[part for column in table.columns for part in parts(column)])


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def script_json(value: Any) -> Markup:
    """Return a value as JSON that may stand in an HTML script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", r"\u003c"))


def svg_inliner() -> Callable[[str, Path, str], Markup]:
    """Return the function that puts SVG files into one page, each style sheet once.

    The style sheets of all figures are equal, and each applies to the whole page: with one copy per figure the browser
    would match every element a hundred times.
    """
    known: set[str] = set()

    def inline_svg(svg: str, path: Path, label: str) -> Markup:
        """Return an SVG document, which is trusted, as an element for HTML with ``label`` as its text alternative.

        Identifiers are prefixed by the file's folder and name, because Matplotlib uses the same ones in each figure.
        """
        text = svg[svg.index("<svg ") :]
        text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
        styles = set(re.findall(r"<style\b.*?</style>", text, flags=re.DOTALL))
        for style in styles & known:
            text = text.replace(style, "")
        known.update(styles)
        prefix = slug(f"{path.parent.name}-{path.stem}")
        text = re.sub(r'\bid="', f'id="{prefix}-', text)
        text = re.sub(r'((?:xlink:)?href="|url\()#', rf"\1#{prefix}-", text)
        return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1).strip())

    return inline_svg
