"""Write the report as Markdown and as one HTML file that needs no network."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import DatasetError, ResultError
from lookbook.report.inputs import TABLES, read_report
from lookbook.report.rendering import render

EXAMPLE = (
    "example: render_report.py --experiments results/experiments.json --trials results/trials.csv --summary "
    "results/summary.csv --comparisons results/comparisons.csv --ensembles results/ensembles.csv --factorials "
    "results/factorials.csv --published config/published.csv --manifests resources/datasets/*/manifest.json "
    "--templates reports/templates --markdown results/report/report.md --html results/report/report.html"
)


def main() -> None:
    """Read the results, write both reports."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument(
        "--experiments", type=Path, required=True, help="experiments.json; its folder has the figures and trials"
    )
    for name in TABLES:
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{name}.csv")
    parser.add_argument("--manifests", type=Path, nargs="*", default=[], help="manifest.json of each dataset")
    parser.add_argument("--templates", type=Path, required=True, help="folder of the templates")
    parser.add_argument(
        "--log-pattern",
        default="logs/train/{experiment}/{trial}.log",
        help="path of a trial's log (default: %(default)s)",
    )
    parser.add_argument("--markdown", type=Path, required=True, help="report.md to write")
    parser.add_argument("--html", type=Path, required=True, help="report.html to write")
    arguments = parser.parse_args()

    tables = {name: getattr(arguments, name) for name in TABLES}
    try:
        report = read_report(
            arguments.experiments, tables, manifests=arguments.manifests, log_pattern=arguments.log_pattern
        )
        render(report, arguments.templates, (arguments.markdown, arguments.html))
    except (DatasetError, ResultError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
