r"""Plot the accuracy of each experiment against its parameters and the seconds of a trial.

example: plot_cost.py --summary results/summary.csv --trials results/trials.csv \
      --experiments results/experiments.json --output results/figures/cost.svg
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.figures.cost import cost_figure
from lookbook.figures.of_summary import write_summary_figure


@exits_with_message
def main() -> None:
    """Read the summary and write an SVG file."""
    arguments = new_parser(__doc__, "summary", "trials", "experiments", output="SVG file to write").parse_args()
    write_summary_figure(arguments, cost_figure)


if __name__ == "__main__":
    main()
