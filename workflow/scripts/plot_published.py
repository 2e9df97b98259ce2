"""Draw our accuracies with their intervals beside the published ones, a panel per document."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.figures.style import published_figure
from lookbook.report.context import names_by_document
from lookbook.statistics.trials import read_table

EXAMPLE = (
    "example: plot_published.py --summary results/summary.csv --experiments results/experiments.json "
    "--output results/figures/published.svg"
)


def main() -> None:
    """Read the summary, write an SVG."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--summary", type=Path, required=True, help="summary.csv")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--output", type=Path, required=True, help="SVG to write")
    arguments = parser.parse_args()

    experiments = json.loads(arguments.experiments.read_text(encoding="utf-8"))["experiments"]
    figure = published_figure(read_table(arguments.summary), names_by_document(experiments))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(figure, encoding="utf-8")


if __name__ == "__main__":
    main()
