"""Where a document comes from, and how to cite the results."""

import re
from collections.abc import Iterator, Mapping

from lookbook.formatting import listed
from lookbook.report.blocks import Block, Listing, Paragraph
from lookbook.report.inline import Inline, code, join, web_link
from lookbook.report.inputs import Document, Report

# Key of CITATION.cff -> field of BibTeX.
FIELDS = {"version": "version", "date-released": "date", "doi": "doi", "repository-code": "url"}


def source(document: Document) -> Iterator[Block]:
    """Yield the citation of a document with its links, and the papers that it builds on."""
    entry = document.experiments[0].entry
    citation, links = entry["citation"] or "", entry["links"]
    if citation:
        yield Paragraph(["Source: ", linked(citation, links)], "small quiet")
    papers = [web_link(text, address) for text, address in links.items() if text not in citation]
    if papers:
        yield Paragraph(["Builds on ", join(papers), "."], "small quiet")


def linked(text: str, links: Mapping[str, str]) -> Inline:
    """Return a text in which the keys of ``links`` are links to their values."""
    if not links:
        return text
    pattern = "|".join(re.escape(key) for key in sorted(links, key=len, reverse=True))
    return [web_link(part, links[part]) if part in links else part for part in re.split(f"({pattern})", text)]


def how_to_cite(report: Report) -> Iterator[Block]:
    """Yield what CITATION.cff asks for, as a sentence and as BibTeX, with the commit of the run."""
    citation, commit = report.citation, report.benchmark.provenance.get("git_commit")
    if citation is None:
        return
    authors = [author_name(author) for author in citation["authors"]]
    version: list[Inline] = [f"version {citation['version']}"] if "version" in citation else []
    described = version + ([["commit ", code(commit)]] if commit else [])
    title = [citation["title"], *([" (", join(described), ")"] if described else [])]
    yield Paragraph(citation["message"])
    yield Paragraph([f"{listed(authors)}. ", title, ". Computer software."])
    fields = {"author": " and ".join(f"{{{name}}}" for name in authors), "title": citation["title"]}
    fields |= {field: str(citation[key]) for key, field in FIELDS.items() if key in citation}
    fields |= {"note": f"commit {commit}"} if commit else {}
    lines = "".join(f"  {field} = {{{value}}},\n" for field, value in fields.items())
    yield Listing(f"@software{{{citation['title'].lower()},\n{lines}}}")


def author_name(author: Mapping[str, str]) -> str:
    """Return the name of a person or of another entity in CITATION.cff."""
    parts = (author.get(key) for key in ("given-names", "name-particle", "family-names", "name", "name-suffix"))
    return " ".join(part for part in parts if part)
