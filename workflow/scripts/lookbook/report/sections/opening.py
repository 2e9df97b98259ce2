"""The totals of the run, what each document claims, what was found, and how to read the results."""

from collections import Counter
from collections.abc import Iterator

from lookbook.formatting import duration, plural, slug
from lookbook.report.blocks import Block, Details, Group, Heading, Items, Paragraph, Tiles
from lookbook.report.findings import findings
from lookbook.report.inline import Inline, code, link, sentence, strong
from lookbook.report.inputs import Document, Report
from lookbook.statistics.published import COMPATIBLE, REPRODUCED

GUIDE = """
Every experiment is trained several times with different seeds. A value is the mean over its finished trials ± their
sample standard deviation; the 95% interval of the mean is Student's t interval. The loss includes weight penalties.
The difference is our value minus the published one, with its 95% interval: Welch's interval if the document reports a
mean and a standard deviation over several trials (population standard deviations, which are converted), the prediction
interval for one further trial if it reports a single value. The verdict is "reproduced" if the interval lies within the
margin of the profile (by default 0.01 for accuracies and 0.03 for losses). Otherwise our value is "higher" or "lower"
than the published one if the interval does not contain zero, and "compatible" if it does: the trials show neither that
the values are equal nor that they differ. The verdict is "inconclusive" with fewer than two trials, or two equal ones.
Each value is compared on its own, so about one in twenty differs by chance alone.
"""


def overview(report: Report) -> Iterator[Block]:
    """Yield the totals, below notices if the run has not ended or cannot be compared with the published results."""
    experiments, failures = report.experiments.values(), len(report.failures)
    if report.n_pending:
        title = strong("This report is partial.")
        rest = f" It was rendered before the run ended: {plural(report.n_pending, 'trial')} of {len(report.trials)}"
        yield Paragraph([title, f"{rest} had no results yet."], "notice")
    if not report.comparable:
        profile = report.benchmark.profile
        note = f" {profile['note'].rstrip('. ')}." if profile["note"] else ""
        title = strong("Not comparable with the published results.")
        rest = f" profile.{note} It shows that everything runs; run the full benchmark for comparable results."
        yield Paragraph([title, " This is the ", code(profile["name"]), rest], "notice")
    if missing := sum(row["gpu_missing"] == "True" or row["gpu_missing"] is True for row in report.trials):
        title = strong(f"{plural(missing, 'trial')} requested a GPU and trained on the CPU.")
        yield Paragraph([title, " The backend found none; the log of the trial has its device."], "notice")
    absent = sum(not experiment.n for experiment in experiments)
    done, planned = sum(e.n_ok for e in experiments), sum(e.n for e in experiments)
    failed = "trial without results" if failures == 1 else "trials without results"
    not_run: Inline = [", ", link(f"{absent} not run", "not-run")] if absent else ""
    tiles: list[tuple[str, Inline]] = [
        (str(len(experiments)), ["experiments", not_run]),
        (f"{done} of {planned}", "trials finished"),
        (str(failures), link(failed, "failures") if failures else failed),
    ]
    if report.comparable:
        # Each published value counts once, also where further experiments are compared with it.
        compared = (e for e in experiments if e.accuracy.verdict and e.has_own_published_values)
        verdicts = Counter(experiment.accuracy.verdict for experiment in compared)
        tiles += [
            (f"{verdicts[word]} of {verdicts.total()}", f"accuracies {word}") for word in (REPRODUCED, COMPATIBLE)
        ]
    yield Tiles([*tiles, (duration(report.seconds), "of training in total")])


def in_short(report: Report) -> Iterator[Block]:
    """Yield the summary of each document and a guide to the results."""
    if not report.documents:
        yield Paragraph("No experiment is part of this run.")
    yield Group([Group(list(summary(document)), "finding") for document in report.documents], "findings")
    yield Details("How to read the results", [Paragraph(GUIDE)], level=3)


def summary(document: Document) -> Iterator[Block]:
    """Yield the claim and the findings of a document."""
    yield Heading(link(document.name, f"document-{slug(document.name)}"), 3)
    if claim := document.experiments[0].entry["claim"]:
        yield Paragraph([strong("Claim of the document:"), " ", claim])
    if found := findings(document):
        yield Paragraph(strong("Found here:"))
        yield Items([sentence(text) for text in found])
