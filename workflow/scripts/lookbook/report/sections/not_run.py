"""The experiments without trials, grouped by the reason."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Name, Paragraph, join, section
from lookbook.report.inputs import Report


def reasons(report: Report) -> dict[str, list[Name]]:
    """Return each reason and its experiments."""
    groups: dict[str, list[Name]] = {}
    for name, experiment in report.experiments.items():
        if not experiment.n:
            reason = experiment.entry["unavailable"] or experiment.entry["note"] or "No trial was planned."
            groups.setdefault(reason, []).append(Name(name))
    return groups


@section("Not run", reasons)
def not_run(report: Report) -> Iterator[Block]:
    yield from (Paragraph([reason, " (", join(names), ")"]) for reason, names in reasons(report).items())
