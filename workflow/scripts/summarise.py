"""Summarise trials: one row per experiment with its published values, and each experiment compared with its base."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_trials, write_table
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.published import read_published
from lookbook.statistics.summary import summarise

EXAMPLE = (
    "example: summarise.py --trials results/trials.csv --experiments results/experiments.json "
    "--published config/published.csv --summary results/summary.csv --comparisons results/comparisons.csv"
)


def main() -> None:
    """Read trials.csv and published.csv, write summary.csv and comparisons.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--published", type=Path, required=True, help="published.csv")
    parser.add_argument("--summary", type=Path, required=True, help="summary.csv to write")
    parser.add_argument("--comparisons", type=Path, required=True, help="comparisons.csv to write")
    arguments = parser.parse_args()

    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    published, comparable = read_published(arguments.published), benchmark.profile["comparable"]
    write_table(summarise(trials, benchmark.experiments, published, comparable=comparable), arguments.summary)
    write_table(compare_with_bases(trials, benchmark.experiments), arguments.comparisons)


if __name__ == "__main__":
    try:
        main()
    except ResultError as error:
        sys.exit(f"error: {error}")
