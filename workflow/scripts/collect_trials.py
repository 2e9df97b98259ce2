"""Collect the trials of a benchmark into one tidy table, a row per trial."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.statistics.trials import collect_trials, write_table

EXAMPLE = (
    """example: collect_trials.py --trials-root results/trials --plan '{"exp001": 10}' """
    "--output results/trials.csv"
)


def main() -> None:
    """Read trial folders, write trials.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials-root", type=Path, required=True, help="holds <experiment>/<trial>/")
    parser.add_argument(
        "--plan",
        type=json.loads,
        help="JSON object: experiment to number of trials; without it, everything under the root is taken",
    )
    parser.add_argument("--output", type=Path, required=True, help="trials.csv to write")
    arguments = parser.parse_args()

    write_table(collect_trials(arguments.trials_root, arguments.plan), arguments.output)


if __name__ == "__main__":
    main()
