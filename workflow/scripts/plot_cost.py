r"""Plot the accuracy of each experiment against its parameters and the seconds of a trial.

example: plot_cost.py --summary results/summary.csv --trials results/trials.csv \
      --experiments results/experiments.json --output results/figures/cost.svg
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.figures.cost import cost_figure
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import write_figure
from lookbook.results.tables import identity_of, read_derived, read_trials


@exits_with_message
def main() -> None:
    """Read the summary and write an SVG file."""
    arguments = new_parser(__doc__, "summary", "trials", "experiments", output="SVG file to write").parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    svg = cost_figure(read_derived(arguments.summary, trials), benchmark.experiments)
    write_figure(arguments.output, svg, identity_of(trials, benchmark.experiments))


if __name__ == "__main__":
    main()
