"""Compare two runs of the benchmark, such as those of two machines, experiment by experiment.

example: compare_runs.py --experiments results/experiments.json --other other/results/experiments.json
"""

import pandas as pd

from lookbook.command_line import exits_with_message, new_parser
from lookbook.formatting import MISSING, plural, probability, signed, span, thousands
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_trials
from lookbook.statistics.comparisons import DETECTED
from lookbook.statistics.runs import compare_runs

SIGNIFICANT = 0.05
POWER = f"pairs for {DETECTED}"
COLUMNS = ("experiment", "pairs", "difference of test accuracy", "95% interval", "adjusted p", POWER, "differs in")


@exits_with_message
def main() -> None:
    """Print a line for each experiment, those that differ most surely first."""
    parser = new_parser(__doc__, "experiments", other="experiments.json of the other run")
    arguments = parser.parse_args()
    files = (arguments.experiments, arguments.other)
    benchmarks = [read_benchmark(file) for file in files]
    runs = zip(files, benchmarks, strict=True)
    ours, theirs = (read_trials(file.with_name("trials.csv"), benchmark) for file, benchmark in runs)
    one, other = ({name: entry["digest"] for name, entry in b.experiments.items()} for b in benchmarks)
    table = compare_runs(ours, theirs, (one, other)).sort_values("test_accuracy_p_adjusted", kind="stable")
    if table.empty:
        print("The runs have no experiment in common.")
        return
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    lines = [
        [
            row["experiment"],
            row["n_pairs"],
            signed(row["test_accuracy_difference"]),
            span(row["test_accuracy_ci_low"], row["test_accuracy_ci_high"], signed),
            probability(row["test_accuracy_p_adjusted"]),
            MISSING if row["trials_needed"] is None else thousands(row["trials_needed"]),
            row["differs_in"] or "nothing",
        ]
        for row in rows
    ]
    print(pd.DataFrame(lines, columns=list(COLUMNS)).to_string(index=False))
    sure = int((table["test_accuracy_p_adjusted"] < SIGNIFICANT).sum())
    compared = int((table["n_pairs"] > 1).sum())
    print(f"{sure} of {plural(compared, 'experiment')} with two or more pairs differ beyond noise (Holm, 5%).")
    print(f"{POWER}: how many pairs detect a difference of {DETECTED} in test accuracy with 80% power.")


if __name__ == "__main__":
    main()
