"""The totals of the run, and a notice if its results cannot be compared with the published ones."""

from collections import Counter
from collections.abc import Iterator

from lookbook.report.blocks import Block, Code, Inline, Link, Paragraph, Styled, Tiles, section
from lookbook.report.formatting import duration
from lookbook.report.inputs import Report


@section()
def overview(report: Report) -> Iterator[Block]:
    experiments, failures = report.experiments.values(), len(report.failures)
    if not report.comparable:
        profile = report.benchmark.profile
        note = f" {profile['note'].rstrip('. ')}." if profile["note"] else ""
        title = Styled("Not comparable with the published results.")
        rest = f" profile.{note} It shows that everything runs; run the full benchmark for comparable results."
        yield Paragraph([title, " This is the ", Code(profile["name"]), rest], "notice")
    absent = sum(not experiment.n for experiment in experiments)
    done, planned = (sum(getattr(experiment, count) for experiment in experiments) for count in ("n_ok", "n"))
    failed = "trial without results" if failures == 1 else "trials without results"
    not_run: Inline = [", ", Link(f"{absent} not run", "not-run")] if absent else ""
    tiles: list[tuple[str, Inline]] = [
        (str(len(experiments)), ["experiments", not_run]),
        (f"{done} of {planned}", "trials finished"),
        (str(failures), Link(failed, "failures") if failures else failed),
    ]
    if report.comparable:
        verdicts = Counter(experiment.accuracy.verdict for experiment in experiments if experiment.accuracy.verdict)
        tiles.append((f"{verdicts['agrees']} of {verdicts.total()}", "accuracies agree"))
    yield Tiles([*tiles, (duration(report.seconds), "of training in total")])
