r"""Plot our accuracies with their confidence intervals beside the published ones, one panel per document.

example: plot_published.py --summary results/summary.csv --trials results/trials.csv \
      --experiments results/experiments.json --output results/figures/published.svg
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.figures.of_summary import write_summary_figure
from lookbook.figures.published import published_figure


@exits_with_message
def main() -> None:
    """Read the summary and write an SVG file."""
    arguments = new_parser(__doc__, "summary", "trials", "experiments", output="SVG file to write").parse_args()
    write_summary_figure(arguments, published_figure)


if __name__ == "__main__":
    main()
