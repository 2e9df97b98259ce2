"""Plot the learning curves of every experiment: loss and accuracy by epoch, of every trial and their mean."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.figures.learning_curves import learning_curves_figure
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.history import read_history
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import read_trial

EXAMPLE = (
    "example: plot_learning_curves.py --experiments results/experiments.json --output results/figures/learning_curves"
)


def main() -> None:
    """Read the history of every trial and write <experiment>.svg for each experiment with trials."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--output", type=Path, required=True, help="folder for <experiment>.svg")
    arguments = parser.parse_args()

    try:
        benchmark = read_benchmark(arguments.experiments)
        for name in benchmark.experiments:
            trials = [read_trial(planned) for planned in benchmark.trials([name])]
            if trials:
                svg = learning_curves_figure([read_history(trial.file("history.csv")) for trial in trials])
                write_figure(arguments.output / f"{name}.svg", svg, identity_of_trials(trials))
    except ResultError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
