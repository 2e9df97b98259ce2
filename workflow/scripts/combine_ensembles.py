"""Combine trials into ensembles: the trials of each experiment, and one-vs-all classifiers of all classes."""

import argparse
import sys
from pathlib import Path

from lookbook.errors import ConfigError, ResultError
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import write_table
from lookbook.statistics.ensembles import combine_ensembles

EXAMPLE = "example: combine_ensembles.py --experiments results/experiments.json --output results/ensembles.csv"


def main() -> None:
    """Read trial.json and predictions.npz of every planned trial, write ensembles.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json; trials/ is in its folder")
    parser.add_argument("--output", type=Path, required=True, help="ensembles.csv to write")
    arguments = parser.parse_args()

    write_table(combine_ensembles(read_benchmark(arguments.experiments)), arguments.output)


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, ResultError) as error:
        sys.exit(f"error: {error}")
