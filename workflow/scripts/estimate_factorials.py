r"""Estimate the effects of factorial studies: each setting alone and in combination with others.

example: estimate_factorials.py --trials results/trials.csv --experiments results/experiments.json \
      --output results/factorials.csv
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_trials, write_table
from lookbook.statistics.factorials import estimate_factorials


@exits_with_message
def main() -> None:
    """Read trials.csv and the studies in experiments.json, write factorials.csv."""
    arguments = new_parser(__doc__, "trials", "experiments", output="factorials.csv to write").parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    write_table(estimate_factorials(trials, benchmark.experiments), arguments.output)


if __name__ == "__main__":
    main()
