r"""Summarise trials: one row per experiment with its published values, and each experiment compared with its base.

example: summarise.py --trials results/trials.csv --experiments results/experiments.json \
      --published config/published.csv --summary results/summary.csv --comparisons results/comparisons.csv
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_trials, write_table
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.published import read_published, with_further_protocols
from lookbook.statistics.summary import summarise


@exits_with_message
def main() -> None:
    """Read trials.csv and published.csv, write summary.csv and comparisons.csv."""
    outputs = {"summary": "summary.csv to write", "comparisons": "comparisons.csv to write"}
    arguments = new_parser(__doc__, "trials", "experiments", "published", **outputs).parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    published = with_further_protocols(read_published(arguments.published), benchmark.experiments)
    write_table(summarise(trials, benchmark.experiments, published, benchmark.profile), arguments.summary)
    write_table(compare_with_bases(trials, benchmark.experiments), arguments.comparisons)


if __name__ == "__main__":
    main()
