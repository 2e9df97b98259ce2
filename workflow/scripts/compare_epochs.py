r"""Compare the values that documents publish by epoch with the histories of our trials.

example: compare_epochs.py --trials results/trials.csv --experiments results/experiments.json \
      --published config/published.csv --output results/epochs.csv
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.results.benchmark import read_benchmark
from lookbook.results.history import read_history
from lookbook.results.tables import read_trials, write_table
from lookbook.results.trial import finished_trials
from lookbook.statistics.epochs import compare_epochs, published_rows
from lookbook.statistics.published import read_published_epochs


@exits_with_message
def main() -> None:
    """Read trials.csv, published.csv and the histories of the experiments in it, write epochs.csv."""
    arguments = new_parser(__doc__, "trials", "experiments", "published", output="epochs.csv to write").parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials = read_trials(arguments.trials, benchmark)
    # An experiment without trials, for lack of its dataset, has no history.
    protocols = {name: entry.get("published_as") for name, entry in benchmark.experiments.items() if entry["trials"]}
    rows = published_rows(read_published_epochs(arguments.published), protocols)
    found = finished_trials(benchmark, [name for name, _ in rows])
    histories = {name: [read_history(t.file("history.csv")) for t in finished] for name, finished in found.items()}
    write_table(compare_epochs(rows, histories, trials, benchmark.profile), arguments.output)


if __name__ == "__main__":
    main()
