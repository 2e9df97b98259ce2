r"""Plot an experiment's learning-rate range test: the loss while the learning rate rises from epoch to epoch.

example: plot_learning_rate_range.py --experiments results/experiments.json --experiment mini_vgg_range \
      --output results/figures/range/mini_vgg_range.svg
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.figures.learning_rate_range import learning_rate_range_figure
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.history import read_history
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import read_trial


@exits_with_message
def main() -> None:
    """Read the history of the experiment's trials and write an SVG file."""
    parser = new_parser(__doc__, "experiments", output="SVG file to write")
    parser.add_argument("--experiment", required=True, metavar="NAME", help="name of the range test")
    arguments = parser.parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = [read_trial(planned) for planned in benchmark.trials([arguments.experiment])]
    svg = learning_rate_range_figure([read_history(trial.file("history.csv")) for trial in trials])
    write_figure(arguments.output, svg, identity_of_trials(trials))


if __name__ == "__main__":
    main()
