"""Command, commit, hardware, versions and data of the run."""

from collections import Counter
from collections.abc import Iterator
from operator import itemgetter

from lookbook.report.blocks import Block, Code, Column, Inline, Styled, Table, join, section
from lookbook.report.formatting import MISSING, duration, plural
from lookbook.report.inputs import Report


@section("Provenance")
def provenance(report: Report) -> Iterator[Block]:
    rows, given = report.trials, report.benchmark.provenance
    datasets = {name: experiment.entry["dataset"] for name, experiment in report.experiments.items()}
    facts: dict[str, Inline] = {
        "Command": Code(given["command"]) if given.get("command") else MISSING,
        "Git commit": Code(given["git_commit"]) if given.get("git_commit") else MISSING,
        "Profile": report.benchmark.profile["name"],
        "Identity": Code(report.identity(report.experiments)),
        "Training time": f"{duration(report.seconds)}, {plural(len(rows), 'trial')}",
        "Date": tally([str(row["started"])[:10] for row in rows if row["started"]]),
        "Hardware": tally([row["device"] for row in rows]),
        "Precision": tally([row["precision"] for row in rows]),
        "Compilation": tally([row["compile"] for row in rows]),
        "Versions": tally([row["versions"] for row in rows]),
        "Data": tally([f"{datasets[row['experiment']]} {row['dataset_digest']}" for row in rows]),
    }
    columns = [Column(label, itemgetter(n), is_number=False) for n, label in enumerate(("Fact", "Value"))]
    yield Table("Provenance", list(facts.items()), columns)


def tally(values: list[str | None]) -> Inline:
    """Return each value with its number of trials, the most frequent first."""
    counts = Counter(value for value in values if value).most_common()
    lines: list[Inline] = [[value, " ", Styled(f"({plural(count, 'trial')})", "quiet")] for value, count in counts]
    return join(lines, "; ") if lines else MISSING
