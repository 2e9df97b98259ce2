"""The report of the reference results: the sections of a run's report that need no files of the trials."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lookbook.config.validation import ROOT
from lookbook.figures.published import published_figure
from lookbook.report.blocks import Block, Paragraph
from lookbook.report.experiment import Experiment
from lookbook.report.inline import code, experiment_link, join, web_link
from lookbook.report.inputs import Report
from lookbook.report.reference import Reference
from lookbook.report.registry import body
from lookbook.report.rendering import write_report
from lookbook.report.sections.opening import overview
from lookbook.results.benchmark import Benchmark
from lookbook.results.figures import write_figure
from lookbook.results.paths import figure_file
from lookbook.results.tables import records
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.factorials import estimate_factorials

SHOWN = {
    *("In short", "Claims"),
    *("", "Text, code and published", "Images on both sides of the split", "Factorial studies"),
    *("Ours and published", "Collapsed trials", "Not run"),
}
TEXT = (
    "These are the reference results of the project. All trials have the full budgets. They were trained on several "
    "machines and at several commits; "
)
NOT_RUN = "These experiments have no reference result yet. benchmarks/reference.py adds the trials of a run."


def reference_report(
    folder: Path,
    benchmark: Mapping[str, Any],
    trials: pd.DataFrame,
    claims: pd.DataFrame,
    summary: pd.DataFrame,
) -> Report:
    """Return what the report of reference results shows.

    Args:
        folder: the folder of the report, with its figures in ``figures``.
        benchmark: the content of experiments.json of the full benchmark.
        trials: the trials.
        claims: the judged claims.
        summary: the rows of all experiments, also of those without trials.
    """
    count = trials["experiment"].value_counts()
    entries = {
        name: {**entry, "trials": int(count.get(name, 0)), "unavailable": NOT_RUN}
        for name, entry in benchmark["experiments"].items()
    }
    rows = {row["experiment"]: row for row in records(summary)}
    compared = {row["experiment"]: row for row in records(compare_with_bases(trials, entries))}
    return Report(
        benchmark=Benchmark(folder, benchmark["profile"], {}, entries),
        table=trials,
        experiments={name: Experiment(name, entry, rows[name], compared.get(name)) for name, entry in entries.items()},
        epochs=(),
        claims=records(claims.round(10)),  # the values of claims.csv
        ensembles=(),
        factorials=records(estimate_factorials(trials, entries)),
        curves=(),
        times=(),
        manifests={},
        log_pattern="",
        reference=Reference(),
    )


def write_reference_report(report: Report, path: Path) -> None:
    """Write the report as Markdown, and the figure in it."""
    names = report.experiments
    summary = pd.DataFrame([experiment.row for experiment in names.values()])
    svg = published_figure(summary, report.benchmark.experiments)
    write_figure(Path(figure_file(report.benchmark.results, "published")), svg, report.identity(names))
    above, below = list(opening(report)), list(body(report, SHOWN))
    write_report(path, ROOT / "reports" / "templates", above, below, names)


def opening(report: Report) -> Iterator[Block]:
    """Yield what the results are, and which of them are of other settings than the present ones."""
    link = web_link("README.md of this folder", "README.md")
    yield Paragraph([TEXT, link, " has the hardware, the versions, the commits and the commands."])
    yield from overview(report)
    changed = [name for name, experiment in report.experiments.items() if experiment.row["changed_keys"]]
    if changed:
        names = join(map(experiment_link, changed))
        yield Paragraph(["Settings that have changed since the training, see ", code("summary.csv"), ": ", names, "."])
