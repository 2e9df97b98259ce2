r"""Plot the predictions of an experiment: confusion matrix, precision-recall curves, wrong predictions.

example: plot_predictions.py --experiments results/experiments.json --experiment mini_vgg \
      --manifest resources/datasets/fashion_mnist/manifest.json --output results/figures/predictions/mini_vgg
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.figures.predictions import prediction_figures
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figures
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import read_trial


@exits_with_message
def main() -> None:
    """Read the predictions of the experiment's trials and write three SVG files."""
    parser = new_parser(__doc__, "experiments", "manifest", output="folder for the SVG files")
    parser.add_argument("--experiment", required=True, metavar="NAME", help="name of the experiment")
    arguments = parser.parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = [read_trial(planned) for planned in benchmark.trials([arguments.experiment])]
    spec = benchmark.experiments[arguments.experiment]["spec"]
    figures = prediction_figures(trials, spec, arguments.manifest)
    write_figures(arguments.output, figures, identity_of_trials(trials))


if __name__ == "__main__":
    main()
