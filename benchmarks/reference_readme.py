"""The section of README.md about the reference results."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from lookbook.formatting import markdown, plural, spread
from lookbook.report.inputs import Report
from lookbook.report.sections.claims import UNJUDGED, counts
from lookbook.results.predictions import SPLITS
from lookbook.statistics.claim_tests import UNDECIDED
from lookbook.statistics.published import VERDICTS
from results_file import table

MARKS = "<!-- reference -->\n", "<!-- end of reference -->"
LEAST_TRIALS = 2  # of an undecided claim that README.md shows
METRICS = {"accuracy": "accuracies", "loss": "losses"}


def readme_section(report: Report, trials: pd.DataFrame, claims: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Return the section of README.md about claims and published values.

    Args:
        report: the report of the reference results.
        trials: the trials.
        claims: the judged claims.
        summary: the rows of the experiments that have published values of their own.
    """
    judged = [row for row in claims.to_dict("records") if row["verdict"] not in UNJUDGED]
    decided = [row for row in judged if row["verdict"] != UNDECIDED]
    undecided = [row for row in judged if row["verdict"] == UNDECIDED and row["trials"] >= LEAST_TRIALS]
    lines = [
        documents_table(report),
        f"{plural(len(trials), 'trial')} of {plural(trials['experiment'].nunique(), 'experiment')} at the full "
        "protocol, compared with what the documents publish for them ([value by value](reports/reference/report.md)):",
        "",
        table(["published", *VERDICTS], verdicts(summary)),
        "`reproduced` values are equal within a margin, `compatible` ones are shown neither to be equal nor to differ, "
        "and `inconclusive` ones have fewer than two trials, or two equal ones "
        "([how](config/README.md#how-the-statistics-are-computed)).\n",
        f"Of {plural(len(claims), 'claim')} of the five documents, {counts(claims.to_dict('records'))}.\n",
    ]
    if decided:
        lines.append(claims_table(decided))
    if undecided:
        heading = f"<summary>{plural(len(undecided), 'undecided claim')}</summary>"
        lines.append(f"<details>\n{heading}\n\n{claims_table(undecided)}\n</details>")
    if further := len(judged) - len(decided) - len(undecided):
        link = "[claims.csv](reports/reference/claims.csv)"
        lines.append(f"\n{plural(further, 'further undecided claim')} with one trial so far: see {link}.")
    return "\n".join(lines) + "\n"


def documents_table(report: Report) -> str:
    """Return a Markdown table: of each document the highest published accuracy that has a result here, and ours."""
    rows = []
    for document in report.documents:
        claims = [row for row in report.claims if row["document"] == document.name]
        known = [e for e in document.experiments if e.accuracy.published is not None and e.has_own_published_values]
        if not known:
            continue
        best = max(known, key=lambda e: (e.n > 0, e.accuracy.published))
        ours = f"{best.accuracy.text}, {plural(best.n, 'trial')}: {best.accuracy.verdict}" if best.n else "not run"
        published = f"`{best.name}`: {spread(best.accuracy.published, best.accuracy.published_std)}"
        published += "" if best.split == "test" else f" ({SPLITS[best.split]})"
        rows.append([document.name, best.entry["citation"], published, ours, counts(claims)])
    header = ["document", "source", "highest published accuracy with a result here", "here", "its claims"]
    return table(header, rows)


def verdicts(summary: pd.DataFrame) -> list[list[str]]:
    """Return what is compared with published values, and how many of them have each verdict, as rows of a table."""
    rows = []
    for split, metric in product(reversed(SPLITS), METRICS):
        count = Counter(summary[f"{split}_{metric}_verdict"].dropna())
        if count:
            what = plural(count.total(), *(f"{SPLITS[split]} {word}" for word in (metric, METRICS[metric])))
            rows.append([what, *(str(count[verdict]) for verdict in VERDICTS)])
    return rows


def claims_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a Markdown table of judged claims."""
    cells = [[row["document"], markdown(row["claim"]), f"**{row['verdict']}**", row["evidence"]] for row in rows]
    return table(["document", "claim", "verdict", "evidence"], cells)


def with_section(text: str, section: str) -> str:
    """Return a text with another section between the two marks."""
    start, end = map(re.escape, MARKS)
    return re.sub(f"(?<={start}).*?(?={end})", lambda _: section, text, count=1, flags=re.DOTALL)
