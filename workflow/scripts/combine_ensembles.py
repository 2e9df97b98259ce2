"""Combine trials into ensembles: the trials of each experiment, and one-vs-all classifiers of all classes.

example: combine_ensembles.py --experiments results/experiments.json --output results/ensembles.csv
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import write_table
from lookbook.statistics.ensembles import combine_ensembles


@exits_with_message
def main() -> None:
    """Read trial.json and predictions.npz of every planned trial, write ensembles.csv."""
    arguments = new_parser(__doc__, "experiments", output="ensembles.csv to write").parse_args()
    write_table(combine_ensembles(read_benchmark(arguments.experiments)), arguments.output)


if __name__ == "__main__":
    main()
