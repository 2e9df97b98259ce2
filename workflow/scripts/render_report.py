"""Write the report twice: Markdown, and one self-contained HTML file that needs no network."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.report.context import build_context
from lookbook.report.experiment import read_scores
from lookbook.report.rendering import render
from lookbook.statistics.trials import read_table

EXAMPLE = (
    "example: render_report.py --experiments results/experiments.json --trials results/trials.csv "
    "--summary results/summary.csv --comparisons results/comparisons.csv --figures results/figures "
    "--templates reports/templates --markdown results/report/report.md --html results/report/report.html"
)


def main() -> None:
    """Read the tables and figures, write the report."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv")
    parser.add_argument("--summary", type=Path, required=True, help="summary.csv")
    parser.add_argument("--comparisons", type=Path, required=True, help="comparisons.csv")
    parser.add_argument("--figures", type=Path, required=True, help="folder with the figures")
    parser.add_argument("--templates", type=Path, required=True, help="folder with the templates")
    parser.add_argument("--markdown", type=Path, required=True, help="report.md to write")
    parser.add_argument("--html", type=Path, required=True, help="report.html to write")
    optional = parser.add_argument_group("left out of the report where absent")
    optional.add_argument("--ensembles", type=Path, help="ensembles.csv")
    optional.add_argument("--factorial", type=Path, help="factorial.csv")
    optional.add_argument("--published", type=Path, help="published.csv, for the scores in competitions")
    optional.add_argument("--trials-root", type=Path, help="folder with <experiment>/<trial>/metrics.json")
    optional.add_argument("--datasets-root", type=Path, help="folder with <dataset>/manifest.json")
    optional.add_argument("--submissions-root", type=Path, help="folder with <experiment>.csv")
    optional.add_argument(
        "--log-pattern",
        help="where a trial's log is (default: logs/train/{experiment}/{trial}.log beside trials.csv)",
    )
    arguments = parser.parse_args()

    beside_trials = arguments.trials.parent / "logs" / "train" / "{experiment}" / "{trial}.log"
    context = build_context(
        json.loads(arguments.experiments.read_text(encoding="utf-8")),
        read_table(arguments.trials),
        read_table(arguments.summary),
        read_table(arguments.comparisons),
        figures=arguments.figures,
        log_pattern=arguments.log_pattern or beside_trials.as_posix(),
        ensembles=read_table(arguments.ensembles) if arguments.ensembles else None,
        factorial=read_table(arguments.factorial) if arguments.factorial else None,
        scores=read_scores(arguments.published) if arguments.published else None,
        trials_root=arguments.trials_root,
        datasets_root=arguments.datasets_root,
        submissions_root=arguments.submissions_root,
    )
    render(context, arguments.templates, "report.md.j2", arguments.markdown)
    render(context, arguments.templates, "report.html.j2", arguments.html)


if __name__ == "__main__":
    main()
