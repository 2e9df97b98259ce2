"""Plot our accuracies with their confidence intervals beside the published ones, one panel per document."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.figures.published import published_figure
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.tables import identity_of, read_derived, read_trials

EXAMPLE = (
    "example: plot_published.py --summary results/summary.csv --trials results/trials.csv "
    "--experiments results/experiments.json --output results/figures/published.svg"
)


def main() -> None:
    """Read the summary and write an SVG file."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--summary", type=Path, required=True, help="summary.csv")
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv, which the summary was made from")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--output", type=Path, required=True, help="SVG file to write")
    arguments = parser.parse_args()

    try:
        benchmark = read_benchmark(arguments.experiments)
        trials = read_trials(arguments.trials, benchmark)
        svg = published_figure(read_derived(arguments.summary, trials), benchmark.experiments)
    except ResultError as error:
        sys.exit(f"error: {error}")
    write_figure(arguments.output, svg, identity_of(trials, benchmark.experiments))


if __name__ == "__main__":
    main()
