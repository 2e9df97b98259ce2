"""Draw what one experiment predicted, or the best of several: confusion matrix, precision-recall, worst mistakes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lookbook.errors import DatasetError
from lookbook.figures.predictions import FIGURES, NOTHING, best_experiment, draw_predictions
from lookbook.figures.style import message_figure
from lookbook.statistics.trials import read_table

EXAMPLES = """examples:
  plot_predictions.py --trials-root results/trials --experiment mini_vgg --trials 3
    --dataset resources/datasets/fashion_mnist --output results/figures/predictions/mini_vgg
  plot_predictions.py --trials-root results/trials --best results/summary.csv --among '["mini_vgg", "basic_cnn"]'
    --experiments results/experiments.json --datasets-root resources/datasets --output results/figures/best
"""


def parse_arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials-root", type=Path, required=True, help="holds <experiment>/<trial>/")
    parser.add_argument("--output", type=Path, required=True, help="folder for the figures")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--experiment", help="whose trials to draw; needs --trials and --dataset")
    which.add_argument(
        "--best",
        type=Path,
        metavar="SUMMARY",
        help="summary.csv: draw the experiment of highest mean test accuracy, and name it in best.json; "
        "needs --among, --experiments and --datasets-root",
    )
    parser.add_argument("--trials", type=int, help="how many: 0, 1, and so on")
    parser.add_argument("--dataset", type=Path, help="folder of the data set that it was trained on")
    parser.add_argument("--among", type=json.loads, help="JSON: names of the experiments that may be best")
    parser.add_argument("--experiments", type=Path, help="experiments.json: says trials and data set of each")
    parser.add_argument("--datasets-root", type=Path, help="holds <dataset>/")
    arguments = parser.parse_args()
    given, needed = "--experiment", ("trials", "dataset")
    if arguments.best:
        given, needed = "--best", ("among", "experiments", "datasets_root")
    missing = [f"--{name.replace('_', '-')}" for name in needed if getattr(arguments, name) is None]
    if missing:
        parser.error(f"{given} needs {', '.join(missing)}")
    return arguments


def main() -> None:
    """Read the predictions of an experiment's trials, write three SVG; with --best also best.json."""
    arguments = parse_arguments()
    arguments.output.mkdir(parents=True, exist_ok=True)
    experiment, trials, dataset = arguments.experiment, arguments.trials, arguments.dataset
    if arguments.best:
        experiments = json.loads(arguments.experiments.read_text(encoding="utf-8"))["experiments"]
        accuracies = read_table(arguments.best).set_index("experiment")["test_accuracy_mean"].to_dict()
        experiment = best_experiment(accuracies, arguments.among)
        (arguments.output / "best.json").write_text(json.dumps({"experiment": experiment}) + "\n", encoding="utf-8")
        if experiment is None:
            write(arguments.output, dict.fromkeys(FIGURES, message_figure(NOTHING)))
            return
        trials = experiments[experiment]["trials"]
        dataset = arguments.datasets_root / experiments[experiment]["dataset"]
    try:
        write(arguments.output, draw_predictions(arguments.trials_root / experiment, trials, dataset))
    except DatasetError as error:
        sys.exit(str(error))


def write(folder: Path, figures: dict[str, str]) -> None:
    """Write each figure as ``<name>.svg``."""
    for name, figure in figures.items():
        (folder / f"{name}.svg").write_text(figure, encoding="utf-8")


if __name__ == "__main__":
    main()
