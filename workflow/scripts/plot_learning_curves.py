"""Draw the learning curves of every experiment: loss and accuracy by epoch, every trial and their mean."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lookbook.figures.style import learning_curves, read_histories

EXAMPLE = (
    "example: plot_learning_curves.py --trials-root results/trials --plan '{\"exp001\": 10}' "
    "--output results/figures/learning_curves"
)


def main() -> None:
    """Read history.csv of every trial, write an SVG per experiment."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials-root", type=Path, required=True, help="holds <experiment>/<trial>/")
    parser.add_argument("--plan", type=json.loads, required=True, help="JSON: experiment to number of trials")
    parser.add_argument("--output", type=Path, required=True, help="folder for <experiment>.svg")
    arguments = parser.parse_args()

    arguments.output.mkdir(parents=True, exist_ok=True)
    for experiment, trials in arguments.plan.items():
        figure = learning_curves(read_histories(arguments.trials_root / experiment, trials))
        (arguments.output / f"{experiment}.svg").write_text(figure, encoding="utf-8")


if __name__ == "__main__":
    main()
