"""What the scripts share that draw one figure of all experiments from summary.csv."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.tables import identity_of, read_derived, read_trials


def write_summary_figure(
    arguments: Namespace, draw: Callable[[pd.DataFrame, Mapping[str, Mapping[str, Any]]], str]
) -> None:
    """Draw a figure and write it with the identity of all trials.

    Args:
        arguments: the paths ``summary``, ``trials``, ``experiments`` and ``output``.
        draw: returns the SVG document of summary.csv and the entries of experiments.json.

    Raises:
        ResultError: an input is missing, damaged or was made from other trials.
    """
    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    svg = draw(read_derived(arguments.summary, trials), benchmark.experiments)
    write_figure(arguments.output, svg, identity_of(trials, benchmark.experiments))
