"""The claims of the documents, each with its verdict and the evidence."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from lookbook.formatting import MISSING, listed, percent, plural, signed, slug, span, thousands
from lookbook.report.blocks import Block, Column, Details, Paragraph, Table
from lookbook.report.inline import code, join, link, sentence, strong
from lookbook.report.inputs import Report, Row
from lookbook.statistics.claims import NOT_RUN, RATE_TESTS, VERDICTS
from lookbook.statistics.published import NOT_COMPARABLE

TEXT = """
A claim is supported if the whole 95% interval of the tested quantity agrees with it, contradicted if no part of the
interval does, and undecided otherwise; fewer than three trials decide nothing. The quantity is the advantage of one
experiment over the next, the difference from a stated value, or a share of trials, those of several experiments
together. Each claim is judged on its own. Trials of two experiments are compared in pairs of equal seeds where both
split the same images in the same way, else as independent groups. How many trials would decide is computed for the
estimate and the spread of these trials, with 80% power.
"""


def writer(row: Row) -> Callable[[float | None], str]:
    """Return how the tested quantity of a claim is written."""
    return percent if row["test"] in RATE_TESTS else signed


# The evidence in Markdown, whose cells have at most two lines.
EVIDENCE = (
    Column("Experiments", lambda row: join([code(name) for name in row["names"].split()]), is_number=False),
    Column("Estimate", lambda row: writer(row)(row["estimate"])),
    Column("95% interval", lambda row: span(row["ci_low"], row["ci_high"], writer(row))),
    Column("Trials", lambda row: thousands(row["trials"])),
    Column("Would decide", lambda row: thousands(row["trials_needed"]) if row["trials_needed"] else MISSING),
)
COLUMNS = (
    Column("Document", lambda row: link(row["document"], f"document-{slug(row['document'])}"), is_number=False),
    Column("Claim", lambda row: row["claim"], is_number=False),
    Column("Verdict", lambda row: strong(row["verdict"]), is_number=False),
    Column("Evidence", lambda row: sentence(row["evidence"]), is_number=False, details=EVIDENCE, in_markdown=False),
)
CAPTION = "What the documents claim, in other words; claims.csv has the place of each claim in its document"
UNJUDGED = (NOT_RUN, NOT_COMPARABLE)


def claims(report: Report) -> Iterator[Block]:
    """Yield the judged claims as a table, and the others as a folded one.

    Where the budgets are reduced, the verdicts are those of the reference results, as far as these have them.
    """
    if not report.claims:
        return
    rows, source = judged_rows(report), ""
    if uses_reference(report):
        source = f" The verdicts are those of the reference results ({report.reference.devices}), not of this run."
    judged = [row for row in rows if row["verdict"] not in UNJUDGED]
    others = [row for row in rows if row["verdict"] in UNJUDGED]
    yield Paragraph(f"{plural(len(rows), 'claim')} of the documents: {counts(rows)}.{source}")
    if judged:
        yield Paragraph(TEXT, "small quiet")
        yield Table("Claims of the documents", judged, COLUMNS, CAPTION, "claims")
    if others:
        table = Table("Claims without a verdict", others, COLUMNS, CAPTION, "claims")
        yield Details(f"{plural(len(others), 'claim')} without a verdict", [table], level=3, in_markdown=False)


def uses_reference(report: Report) -> bool:
    """Return whether the verdicts are those of the reference results, because the budgets of the run are reduced."""
    return not report.comparable and bool(report.reference.rows)


def judged_rows(report: Report) -> Sequence[Row]:
    """Return the claims with their verdicts, which are those of the reference results where it has them and counts."""
    known = {(row["document"], row["claim"]): row for row in report.reference.claims if uses_reference(report)}
    return [known.get((row["document"], row["claim"]), row) for row in report.claims]


def counts(rows: Sequence[Row]) -> str:
    """Return how many claims have each verdict: 2 supported, 5 undecided and 33 not run."""
    found = Counter(row["verdict"] for row in rows)
    return listed([f"{found[verdict]} {verdict}" for verdict in VERDICTS if found[verdict]])
