"""Summarise trials: a row per experiment with its published figures, and each experiment against its base."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.published import read_published
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import read_table, write_table

EXAMPLE = (
    "example: summarise.py --trials results/trials.csv --experiments results/experiments.json "
    "--published config/published.csv --summary results/summary.csv --comparisons results/comparisons.csv"
)


def main() -> None:
    """Read the trials and what they are held against, write the two tables."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv")
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--published", type=Path, required=True, help="published.csv")
    parser.add_argument("--summary", type=Path, required=True, help="summary.csv to write")
    parser.add_argument("--comparisons", type=Path, required=True, help="comparisons.csv to write")
    arguments = parser.parse_args()

    trials = read_table(arguments.trials)
    benchmark = json.loads(arguments.experiments.read_text(encoding="utf-8"))
    experiments = benchmark["experiments"]
    summary = summarise(
        trials,
        list(experiments),
        read_published(arguments.published),
        comparable=benchmark["profile"]["comparable"],
    )
    write_table(summary, arguments.summary)
    write_table(compare_with_bases(trials, experiments), arguments.comparisons)


if __name__ == "__main__":
    main()
