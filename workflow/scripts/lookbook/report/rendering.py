"""The report as files: Markdown with its figures beside it, and HTML with everything inside."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lookbook.files import write_text
from lookbook.report.blocks import Block, Cell, Chip, Code, Column, FileLink, Heading, Inline, Link, Name, Styled, Table
from lookbook.report.formatting import code, markdown, slug


@dataclass(frozen=True)
class Page:
    """What inline elements refer to: the names of the experiments with a card, and the folder of the report."""

    names: Collection[str]
    folder: Path

    def relative(self, path: Path) -> str:
        """Return a path relative to the report."""
        return Path(os.path.relpath(path, self.folder)).as_posix()


def render(header: Sequence[Block], body: Sequence[Block], names: Collection[str], templates: Path, path: Path) -> None:
    """Write one report with the templates ``report.<format>.j2`` and ``blocks.<format>.j2``.

    Args:
        header: the blocks above the navigation.
        body: the blocks below it.
        names: the experiments that have a card in the body.
        templates: folder of the templates.
        path: file to write; its suffix, ``.html`` or ``.md``, is the format.
    """
    page, suffix = Page(names, path.parent), path.suffix
    is_html = suffix == ".html"
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    write_inline = html_inline if is_html else markdown_inline

    def render_blocks(blocks: Sequence[Block]) -> Markup:
        """Return blocks as the macros of their names print them."""
        return Markup("".join(getattr(macros, type(block).__name__)(block) for block in blocks))

    environment.globals |= {
        "blocks": render_blocks,
        "inline": lambda text: write_inline(text, page),
        "rows": rows,
        "inline_svg": svg_inliner(),
        "relative": page.relative,
        "code": code,
        "markdown": markdown,
    }
    macros = environment.get_template(f"blocks{suffix}.j2").module
    navigation = [block for block in body if isinstance(block, Heading) and block.level == 2]
    template = environment.get_template(f"report{suffix}.j2")
    write_text(path, template.render(header=header, body=body, navigation=navigation))


def rows(table: Table) -> Iterator[list[tuple[Column, Cell]]]:
    """Yield the cells of each row of a table with their columns."""
    for subject in table.subjects:
        items = [(column, column.cell(subject)) for column in table.columns]
        yield [(column, item if isinstance(item, Cell) else Cell(item)) for column, item in items]


def html_inline(text: Inline, page: Page) -> Markup:
    """Return an inline text as HTML."""
    match text:
        case str():
            return escape(text)
        case Name(name) if name in page.names:
            return Markup('<a href="#{}"><code>{}</code></a>').format(slug(name), name)
        case Name(name) | Code(name):
            return Markup("<code>{}</code>").format(name)
        case Link(content, anchor):
            return Markup('<a href="#{}">{}</a>').format(anchor, html_inline(content, page))
        case FileLink(path):
            return Markup("<code>{}</code>").format(page.relative(path))
        case Styled(content, "strong"):
            return Markup("<strong>{}</strong>").format(html_inline(content, page))
        case Styled(content):
            return Markup('<span class="quiet">{}</span>').format(html_inline(content, page))
        case Chip(words, kind):
            return Markup('<span class="chip {}">{}</span>').format(kind, words)
    return Markup("").join(html_inline(part, page) for part in text)


def markdown_inline(text: Inline, page: Page) -> str:
    """Return an inline text as Markdown for a single line."""
    match text:
        case str() | Chip():
            return markdown(text if isinstance(text, str) else text.text)
        case Code(name) | Name(name):
            return code(name)
        case FileLink(path):
            return f"[{markdown(path.name)}]({page.relative(path)})"
        case Styled(content, "strong"):
            return f"**{markdown_inline(content, page)}**"
        case Link(content) | Styled(content):
            return markdown_inline(content, page)
    return "".join(markdown_inline(part, page) for part in text)


def svg_inliner() -> Callable[[str, Path, str], Markup]:
    """Return the function that puts SVG files into one page, each style sheet once.

    The style sheets of all figures are equal, and each applies to the whole page: with one copy per figure the browser
    would match every element a hundred times.
    """
    styles: set[str] = set()

    def once(style: re.Match[str]) -> str:
        known = style[0] in styles
        styles.add(style[0])
        return "" if known else style[0]

    def inline_svg(svg: str, path: Path, label: str) -> Markup:
        """Return an SVG document as an element for HTML, with a text alternative.

        Identifiers are prefixed by the file's folder and name, because Matplotlib uses the same ones in each figure.

        Args:
            svg: the document, written by Matplotlib; it is trusted.
            path: its file.
            label: what the figure shows.
        """
        text = svg[svg.index("<svg ") :]
        text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
        text = re.sub(r"<style\b.*?</style>", once, text, flags=re.DOTALL)
        prefix = slug(f"{path.parent.name}-{path.stem}")
        text = re.sub(r'\bid="', f'id="{prefix}-', text)
        text = re.sub(r'((?:xlink:)?href="|url\()#', rf"\1#{prefix}-", text)
        return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1).strip())

    return inline_svg
