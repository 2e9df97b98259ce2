"""Plot the predictions of the network of highest mean test accuracy among the zoo's, and name it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lookbook.config.selection import compared_networks
from lookbook.datasets.arrays import read_manifest
from lookbook.errors import DatasetError, ResultError
from lookbook.figures.predictions import no_prediction_figures, prediction_figures
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_best_network, write_figure
from lookbook.results.tables import check_identity, identity_of, identity_of_trials, read_derived, read_trials
from lookbook.results.trial import read_trial
from lookbook.statistics.best_network import best_network

EXAMPLE = (
    "example: plot_best_network.py --experiments results/experiments.json --summary results/summary.csv --trials "
    "results/trials.csv --manifests resources/datasets/*/manifest.json --output results/figures/best"
)


def main() -> None:
    """Choose the network by the summary, then write three SVG files of its predictions and best_network.json."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--experiments", type=Path, required=True, help="experiments.json")
    parser.add_argument("--summary", type=Path, required=True, help="summary.csv")
    parser.add_argument("--trials", type=Path, required=True, help="trials.csv, which the summary was made from")
    parser.add_argument("--manifests", type=Path, nargs="+", required=True, help="manifest.json of each dataset")
    parser.add_argument("--output", type=Path, required=True, help="folder for the files")
    arguments = parser.parse_args()

    try:
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
                raise ResultError(
                    f"--manifests lacks the manifest of {entry['dataset']}, the dataset of {best}; add it"
                )
            figures = prediction_figures(trials, entry["spec"], manifests[entry["dataset"]])
    except (DatasetError, ResultError) as error:
        sys.exit(f"error: {error}")
    identity = identity_of(table, networks)
    for name, svg in figures.items():
        write_figure(arguments.output / f"{name}.svg", svg, identity)
    write_best_network(arguments.output / "best_network.json", best, identity)


if __name__ == "__main__":
    main()
