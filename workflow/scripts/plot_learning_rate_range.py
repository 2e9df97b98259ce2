"""Draw an experiment's learning-rate range test: the loss while the learning rate rises from epoch to epoch."""

from __future__ import annotations

import argparse
from pathlib import Path

from lookbook.figures.learning_rate_range import range_figure
from lookbook.figures.style import read_histories

EXAMPLE = (
    "example: plot_learning_rate_range.py --trials-root results/trials --experiment mini_vgg_range --trials 3 "
    "--output results/figures/range/mini_vgg_range.svg"
)


def main() -> None:
    """Read history.csv of the experiment's trials, write an SVG."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--trials-root", type=Path, required=True, help="holds <experiment>/<trial>/")
    parser.add_argument("--experiment", required=True, help="whose trials to draw")
    parser.add_argument("--trials", type=int, required=True, help="how many: 0, 1, and so on")
    parser.add_argument("--output", type=Path, required=True, help="SVG to write")
    arguments = parser.parse_args()

    figure = range_figure(read_histories(arguments.trials_root / arguments.experiment, arguments.trials))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(figure, encoding="utf-8")


if __name__ == "__main__":
    main()
