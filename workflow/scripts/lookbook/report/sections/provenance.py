"""Command, commit, hardware, versions and data of the run."""

from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter

from lookbook.formatting import MISSING, duration, plural
from lookbook.report.blocks import Block, Column, Table
from lookbook.report.inline import Inline, code, quiet
from lookbook.report.inputs import Report

COLUMNS = {
    "Hardware": "device",
    "Threads": "threads",
    "Precision": "precision",
    "Compilation": "compile",
    "Versions": "versions",
}


def provenance(report: Report) -> Iterator[Block]:
    """Yield the table of the run's facts, with the number of trials of each value where it can differ."""
    rows, given = report.trials, report.benchmark.provenance
    datasets = {name: experiment.entry["dataset"] for name, experiment in report.experiments.items()}
    facts: dict[str, list[Inline]] = {
        "Command": [code(given["command"]) if given.get("command") else MISSING],
        "Git commit of the configuration": [code(given["git_commit"]) if given.get("git_commit") else MISSING],
        "Profile": [report.benchmark.profile["name"]],
        "Identity": [code(report.identity(report.experiments))],
        "Training time": [f"{duration(report.seconds)}, {plural(len(rows), 'trial')}"],
        "Date": tally([str(row["started"])[:10] for row in rows if row["started"]]),
        **{label: tally([_text(row[column]) for row in rows]) for label, column in COLUMNS.items()},
        "Data": tally([f"{datasets[row['experiment']]} {row['dataset_digest']}" for row in rows], _dataset),
    }
    columns = [Column(label, itemgetter(n), is_number=False) for n, label in enumerate(("Fact", "Value"))]
    yield Table("Provenance", [(label, value) for label, values in facts.items() for value in values], columns)


def tally(values: list[str | None], write: Callable[[str], Inline] = lambda value: value) -> list[Inline]:
    """Return each value with its number of trials, the most frequent first; ``write`` marks it up."""
    counts = Counter(value for value in values if value).most_common()
    return [[write(value), " ", quiet(f"({plural(count, 'trial')})")] for value, count in counts] or [MISSING]


def _dataset(value: str) -> Inline:
    """Return the name and the digest, which is code, so that it wraps on a narrow page."""
    name, _, digest = value.partition(" ")
    return [name, " ", code(digest)]


def _text(value: object) -> str | None:
    """Return a cell of trials.csv as text; a whole number may have become a float beside missing values."""
    return None if value is None else f"{value:g}" if isinstance(value, float | int) else str(value)
