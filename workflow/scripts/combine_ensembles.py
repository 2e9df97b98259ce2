"""Combine trials into ensembles: the trials of each experiment, and one-vs-all classifiers that belong together."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lookbook.errors import ConfigError
from lookbook.statistics.ensembles import combine
from lookbook.statistics.trials import write_table

EXAMPLE = (
    """example: combine_ensembles.py --trials-root results/trials --plan '{"exp001": 10}' """
    "--experiments results/experiments.json --output results/ensembles.csv"
)


def main() -> None:
    """Read the predictions of finished trials, write ensembles.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials-root", type=Path, required=True, help="holds <experiment>/<trial>/")
    parser.add_argument("--plan", type=json.loads, required=True, help="JSON object: experiment to number of trials")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--output", type=Path, required=True, help="ensembles.csv to write")
    arguments = parser.parse_args()

    experiments = json.loads(arguments.experiments.read_text(encoding="utf-8"))["experiments"]
    write_table(combine(arguments.trials_root, arguments.plan, experiments), arguments.output)


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(f"error: {error}")
