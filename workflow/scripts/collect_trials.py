"""Collect the trials of a benchmark in one table, one row per trial."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import write_table
from lookbook.statistics.trials import collect_trials

EXAMPLE = "example: collect_trials.py --experiments results/experiments.json --output results/trials.csv"


def main() -> None:
    """Read trial.json and metrics.json of every planned trial, write trials.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json; trials/ is in its folder")
    parser.add_argument("--output", type=Path, required=True, help="trials.csv to write")
    arguments = parser.parse_args()

    write_table(collect_trials(read_benchmark(arguments.experiments)), arguments.output)


if __name__ == "__main__":
    try:
        main()
    except ResultError as error:
        sys.exit(f"error: {error}")
