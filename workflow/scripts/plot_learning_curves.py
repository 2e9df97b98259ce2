"""Draw one experiment's learning curves: loss and accuracy by epoch, every trial and their mean."""

from __future__ import annotations

import argparse
from pathlib import Path

from lookbook.reporting.figures import learning_curves, read_history

EXAMPLE = (
    "example: plot_learning_curves.py --trials-root results/trials --experiment exp001 --trials 10 "
    "--output results/figures/learning_curves/exp001.svg"
)


def main() -> None:
    """Read history.csv of the experiment's trials, write an SVG."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials-root", type=Path, required=True, help="holds <experiment>/<trial>/")
    parser.add_argument("--experiment", required=True, help="whose trials to draw")
    parser.add_argument("--trials", type=int, required=True, help="how many: 0, 1, and so on")
    parser.add_argument("--output", type=Path, required=True, help="SVG to write")
    arguments = parser.parse_args()

    folder = arguments.trials_root / arguments.experiment
    paths = [folder / str(trial) / "history.csv" for trial in range(arguments.trials)]
    histories = [read_history(path) for path in paths if path.exists()]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(learning_curves(histories), encoding="utf-8")


if __name__ == "__main__":
    main()
