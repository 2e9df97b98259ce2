r"""Average the histories of each experiment's trials, and find when they reach 90, 92, 94 and 95% accuracy.

example: summarise_histories.py --trials results/trials.csv --experiments results/experiments.json \
      --curves results/curves.csv --time-to-accuracy results/time_to_accuracy.csv
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.results.benchmark import read_benchmark
from lookbook.results.history import read_history
from lookbook.results.tables import read_trials, write_table
from lookbook.results.trial import finished_trials
from lookbook.statistics.histories import mean_curves, times_to_accuracy


@exits_with_message
def main() -> None:
    """Read trials.csv and the history of every finished trial, write curves.csv and time_to_accuracy.csv."""
    parser = new_parser(
        __doc__,
        "trials",
        "experiments",
        curves="curves.csv to write",
        time_to_accuracy="time_to_accuracy.csv to write",
    )
    arguments = parser.parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    found = finished_trials(benchmark, [name for name, entry in benchmark.experiments.items() if entry["trials"]])
    histories = {name: [read_history(t.file("history.csv")) for t in finished] for name, finished in found.items()}
    write_table(mean_curves(histories, trials), arguments.curves)
    write_table(times_to_accuracy(histories, trials), arguments.time_to_accuracy)


if __name__ == "__main__":
    main()
