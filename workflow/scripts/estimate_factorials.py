"""Estimate the effects of factorial studies: what each setting does, alone and together with others."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.statistics.factorials import estimate_factorials
from lookbook.statistics.trials import read_table, write_table

EXAMPLE = (
    "example: estimate_factorials.py --trials results/trials.csv --experiments results/experiments.json "
    "--output results/factorial.csv"
)


def main() -> None:
    """Read the trials and which study they belong to, write factorial.csv."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--output", type=Path, required=True, help="factorial.csv to write")
    arguments = parser.parse_args()

    experiments = json.loads(arguments.experiments.read_text(encoding="utf-8"))["experiments"]
    write_table(estimate_factorials(read_table(arguments.trials), experiments), arguments.output)


if __name__ == "__main__":
    main()
