"""Estimate the effects of factorial studies: each setting alone and in combination with others."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_trials, write_table
from lookbook.statistics.factorials import estimate_factorials

EXAMPLE = (
    "example: estimate_factorials.py --trials results/trials.csv --experiments results/experiments.json "
    "--output results/factorials.csv"
)


def main() -> None:
    """Read trials.csv and the studies in experiments.json, write factorials.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--output", type=Path, required=True, help="factorials.csv to write")
    arguments = parser.parse_args()

    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    write_table(estimate_factorials(trials, benchmark.experiments), arguments.output)


if __name__ == "__main__":
    try:
        main()
    except ResultError as error:
        sys.exit(f"error: {error}")
