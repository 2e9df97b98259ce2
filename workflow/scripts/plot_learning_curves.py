r"""Plot the learning curves of every experiment: loss and accuracy by epoch, of every trial and their mean.

example: plot_learning_curves.py --experiments results/experiments.json --epochs results/epochs.csv \
      --output results/figures/learning_curves
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.figures.learning_curves import learning_curves_figure
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.history import read_history
from lookbook.results.reading import check_identity
from lookbook.results.tables import identity_of_trials, read_table
from lookbook.results.trial import read_trial


@exits_with_message
def main() -> None:
    """Read the history of every trial and write <experiment>.svg for each experiment with trials."""
    arguments = new_parser(__doc__, "experiments", "epochs", output="folder for <experiment>.svg").parse_args()
    benchmark, epochs = read_benchmark(arguments.experiments), read_table(arguments.epochs)
    for name in benchmark.experiments:
        trials = [read_trial(planned) for planned in benchmark.trials([name])]
        if trials:
            histories = [read_history(trial.file("history.csv")) for trial in trials]
            identity = identity_of_trials(trials)
            published = epochs[epochs["experiment"] == name]
            for stated in published["identity"]:
                check_identity(arguments.epochs, stated, identity)
            write_figure(arguments.output / f"{name}.svg", learning_curves_figure(histories, published), identity)


if __name__ == "__main__":
    main()
