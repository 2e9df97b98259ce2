"""Collect the trials of a benchmark in one table, one row per trial.

example: collect_trials.py --experiments results/experiments.json --output results/trials.csv
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import write_table
from lookbook.statistics.trials import collect_trials


@exits_with_message
def main() -> None:
    """Read trial.json and metrics.json of every planned trial, write trials.csv."""
    arguments = new_parser(__doc__, "experiments", output="trials.csv to write").parse_args()
    write_table(collect_trials(read_benchmark(arguments.experiments)), arguments.output)


if __name__ == "__main__":
    main()
