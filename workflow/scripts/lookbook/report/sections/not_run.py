"""The experiments without trials, grouped by the reason."""

from collections.abc import Iterator

from lookbook.report.blocks import Block, Name, Paragraph, Section, join
from lookbook.report.inputs import Report


def reasons(report: Report) -> dict[str, list[Name]]:
    """Return each reason and its experiments."""
    groups: dict[str, list[Name]] = {}
    for name, experiment in report.experiments.items():
        if not experiment.n:
            reason = experiment.entry["unavailable"] or experiment.entry["note"] or "No trial was planned."
            groups.setdefault(reason, []).append(Name(name))
    return groups


def content(report: Report) -> Iterator[Block]:
    """Yield one paragraph per reason."""
    yield from (Paragraph([reason, " (", join(names), ")"]) for reason, names in reasons(report).items())


SECTION = Section("Not run", content, reasons, "not-run")
