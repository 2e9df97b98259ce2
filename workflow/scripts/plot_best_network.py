r"""Plot the predictions of the network of highest mean test accuracy among the zoo's, and name it.

example: plot_best_network.py --experiments results/experiments.json --summary results/summary.csv \
      --trials results/trials.csv --manifests resources/datasets/*/manifest.json --output results/figures/best
"""

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.config.selection import compared_networks
from lookbook.datasets.arrays import read_manifest
from lookbook.errors import ResultError
from lookbook.figures.predictions import no_prediction_figures, prediction_figures
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_best_network, write_figures
from lookbook.results.reading import check_identity
from lookbook.results.tables import identity_of, identity_of_trials, read_derived, read_trials
from lookbook.results.trial import read_trial
from lookbook.statistics.best_network import best_network


@exits_with_message
def main() -> None:
    """Choose the network by the summary, then write three SVG files of its predictions and best_network.json."""
    parser = new_parser(__doc__, "experiments", "summary", "trials", output="folder for the files")
    parser.add_argument("--manifests", type=path, nargs="+", required=True, help="manifest.json of each dataset")
    arguments = parser.parse_args()

    benchmark = read_benchmark(arguments.experiments)
    table = read_trials(arguments.trials, benchmark)
    networks = compared_networks(benchmark.experiments)
    best = best_network(read_derived(arguments.summary, table), networks)
    figures = no_prediction_figures()
    if best is not None:
        entry = benchmark.experiments[best]
        trials = [read_trial(planned) for planned in benchmark.trials([best])]
        check_identity(arguments.trials, identity_of(table, [best]), identity_of_trials(trials))
        manifests = {read_manifest(path)["name"]: path for path in arguments.manifests}
        if entry["dataset"] not in manifests:
            raise ResultError(f"--manifests lacks the manifest of {entry['dataset']}, the dataset of {best}; add it")
        figures = prediction_figures(trials, entry["spec"], manifests[entry["dataset"]])
    identity = identity_of(table, networks)
    write_figures(arguments.output, figures, identity)
    write_best_network(arguments.output / "best_network.json", best, identity)


if __name__ == "__main__":
    main()
