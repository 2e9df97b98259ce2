"""The report from its templates: Markdown with figures beside it, HTML with everything inside."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lookbook.report import formatting


def render(context: dict[str, Any], templates: Path, name: str, output: Path) -> None:
    """Write one report.

    Args:
        context: as ``build_context`` returns it.
        templates: folder with the templates.
        name: file name of the template; ``.html.j2`` templates escape what they print.
        output: file to write; links to figures are relative to its folder.
    """
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=lambda template: template is not None and ".html" in template,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    environment.globals |= {function.__name__: function for function in FUNCTIONS}
    environment.globals["inline_svg"] = svg_inliner()
    environment.globals["relative"] = lambda path: Path(os.path.relpath(path, output.parent)).as_posix()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(environment.get_template(name).render(context), encoding="utf-8")


def svg_inliner() -> Callable[[Path, str], Markup]:
    """Return the function that puts SVG files into one page, each style sheet once.

    Matplotlib's rules and those for a dark page are the same in every figure, and one copy applies to the whole page:
    a hundred copies would be matched against each element a hundred times.
    """
    styles: set[str] = set()

    def once(style: re.Match[str]) -> str:
        known = style[0] in styles
        styles.add(style[0])
        return "" if known else style[0]

    def inline_svg(path: Path, label: str) -> Markup:
        """Return an SVG file as an element for HTML, with a text alternative.

        Identifiers get the file's name and folder in front: one page holds many figures, and matplotlib calls all
        their parts alike.

        Args:
            path: an SVG that matplotlib wrote; it is trusted.
            label: what the figure shows, for readers who do not see it.
        """
        text = path.read_text(encoding="utf-8")
        text = text[text.index("<svg ") :]
        text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
        text = re.sub(r"<style\b.*?</style>", once, text, flags=re.DOTALL)
        prefix = formatting.slug(f"{path.parent.name}-{path.stem}")
        text = re.sub(r'\bid="', f'id="{prefix}-', text)
        text = re.sub(r'((?:xlink:)?href="|url\()#', rf"\1#{prefix}-", text)
        return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1).strip())

    return inline_svg


def linked(sentence: str, names: Collection[str]) -> Markup:
    """Return a sentence for HTML: what stands in backticks becomes code, and a link where it is an experiment."""

    def element(name: re.Match[str]) -> str:
        link = f'<a href="#{formatting.slug(name[1])}"><code>{name[1]}</code></a>'
        return link if name[1] in names else f"<code>{name[1]}</code>"

    return Markup(re.sub(r"`([^`]+)`", element, str(escape(sentence))))


FILTERS: tuple[Callable[..., str], ...] = (
    formatting.code,
    formatting.duration,
    formatting.fixed,
    formatting.listed,
    linked,
    formatting.markdown,
    formatting.percent,
    formatting.probability,
    formatting.setting,
    formatting.signed,
    formatting.slug,
    formatting.thousands,
)
FUNCTIONS: tuple[Callable[..., str], ...] = (
    formatting.plural,
    formatting.signed_span,
    formatting.span,
    formatting.spread,
)
