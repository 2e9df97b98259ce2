"""Plot the predictions of an experiment: confusion matrix, precision-recall curves, wrong predictions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lookbook.errors import DatasetError, ResultError
from lookbook.figures.predictions import prediction_figures
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import read_trial

EXAMPLE = (
    "example: plot_predictions.py --experiments results/experiments.json --experiment mini_vgg "
    "--manifest resources/datasets/fashion_mnist/manifest.json --output results/figures/predictions/mini_vgg"
)


def main() -> None:
    """Read the predictions of the experiment's trials and write three SVG files."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--experiment", required=True, metavar="NAME", help="name of the experiment")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json of its dataset, beside the images")
    parser.add_argument("--output", type=Path, required=True, help="folder for the SVG files")
    arguments = parser.parse_args()

    try:
        benchmark = read_benchmark(arguments.experiments)
        trials = [read_trial(planned) for planned in benchmark.trials([arguments.experiment])]
        spec = benchmark.experiments[arguments.experiment]["spec"]
        figures = prediction_figures(trials, spec, arguments.manifest)
    except (DatasetError, ResultError) as error:
        sys.exit(f"error: {error}")
    for name, svg in figures.items():
        write_figure(arguments.output / f"{name}.svg", svg, identity_of_trials(trials))


if __name__ == "__main__":
    main()
