r"""Judge the claims of the documents by our trials.

example: judge_claims.py --trials results/trials.csv --experiments results/experiments.json --output results/claims.csv
"""

import numpy as np

from lookbook.command_line import exits_with_message, new_parser
from lookbook.config.claims import names_with
from lookbook.results.benchmark import read_benchmark
from lookbook.results.history import read_history
from lookbook.results.metrics import read_metrics
from lookbook.results.tables import read_trials, write_table
from lookbook.results.trial import finished_trials
from lookbook.statistics.claims import judge_claims


@exits_with_message
def main() -> None:
    """Read trials.csv, experiments.json and the histories and metrics that claims need, write claims.csv."""
    arguments = new_parser(__doc__, "trials", "experiments", output="claims.csv to write").parse_args()
    benchmark = read_benchmark(arguments.experiments)
    trials, claims = read_trials(arguments.trials, benchmark), list(benchmark.claims)
    histories = {
        name: [read_history(trial.file("history.csv")) for trial in finished]
        for name, finished in finished_trials(benchmark, names_with(claims, "plateau")).items()
    }
    matrices = {}
    for name, finished in finished_trials(benchmark, names_with(claims, "most_confused")).items():
        splits = [read_metrics(trial.path.with_name("metrics.json"), trial).get("test", {}) for trial in finished]
        matrices[name] = [np.array(split["confusion_matrix"]) for split in splits if split.get("confusion_matrix")]
    specs = {name: entry["spec"] for name, entry in benchmark.experiments.items()}
    write_table(judge_claims(claims, trials, specs, benchmark.profile, histories, matrices), arguments.output)


if __name__ == "__main__":
    main()
