"""Compare two experiments of a run in pairs of trials with equal seeds.

example: compare_experiments.py exp106 exp109
"""

from pathlib import Path
from typing import Any

import pandas as pd

from lookbook.command_line import INPUTS, exits_with_message, new_parser, path
from lookbook.config.experiments import spec_changes
from lookbook.config.validation import check_names
from lookbook.errors import ResultError
from lookbook.formatting import listed, percent, plural, probability, setting, signed, span, spread
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_trials
from lookbook.results.trial import FINISHED
from lookbook.statistics.comparisons import DETECTED, compare_with_bases
from lookbook.statistics.summary import summary_row
from lookbook.statistics.trials import COMPARED

RUN = Path("results/experiments.json")
COLUMNS = ("difference", "95% interval", "p", "better in")


def known(value: Any) -> Any:
    """Return a value of a table, None if it is missing."""
    return None if pd.isna(value) else value


@exits_with_message
def main() -> None:
    """Print the means, the paired differences and what the definitions differ in."""
    parser = new_parser(__doc__)
    parser.add_argument("experiment", help="name of an experiment")
    parser.add_argument("other", help="name of the experiment to compare it with")
    parser.add_argument("--experiments", type=path, default=RUN, help=f"{INPUTS['experiments']} ({RUN})")
    arguments = parser.parse_args()
    if not arguments.experiments.exists():
        runs = [str(run) for run in sorted(RUN.parent.glob("*/experiments.json"))]
        others = f", such as {listed(runs)}" if runs else ""
        raise ResultError(f"{arguments.experiments} is missing; name that of a run with --experiments{others}")
    benchmark = read_benchmark(arguments.experiments)
    names = [arguments.experiment, arguments.other]
    check_names(str(arguments.experiments), names, benchmark.experiments)
    trials = read_trials(arguments.experiments.with_name("trials.csv"), benchmark)
    changes = spec_changes(*(benchmark.experiments[name]["spec"] for name in reversed(names)))
    pair = {names[1]: {}, names[0]: {"base": names[1], "changes": changes}}
    row = compare_with_bases(trials, pair).iloc[0].to_dict()
    row = {key: known(value) for key, value in row.items()}
    means = [summary_row(trials[trials["experiment"] == name]) for name in names]
    lines = {}
    for metric in COMPARED:
        ours = [spread(*(known(mean[f"{metric}_{part}"]) for part in ("mean", "std"))) for mean in means]
        difference, low, high, better, p = (
            row[f"{metric}_{part}"] for part in ("difference", "ci_low", "ci_high", "probability_of_improvement", "p")
        )
        lines[metric] = [*ours, signed(difference), span(low, high, signed), probability(p), percent(better)]
    print(pd.DataFrame.from_dict(lines, "index", columns=[*names, *COLUMNS]).to_string())
    finished = trials[trials["status"].isin(FINISHED)]["experiment"].value_counts()
    counts = [f"{plural(finished.get(name, 0), 'finished trial')} of {name}" for name in names]
    print(f"{', '.join(counts)}; {plural(row['n_pairs'], 'pair')} of equal seeds.")
    if row["trials_needed"]:
        pairs = plural(row["trials_needed"], "pair")
        print(f"A difference of {DETECTED} in test accuracy is detected with 80% power by {pairs}.")
    if not benchmark.profile["comparable"]:
        print("The budgets of this run are reduced: the difference is not that of the full experiments.")
    if row["note"]:
        print(f"Note: {row['note']}.")
    print(f"Changed from {names[1]} to {names[0]}:" if changes else "The definitions are equal.")
    for change in changes:
        print(f"  {change['key']}: {setting(change['from'])} -> {setting(change['to'])}")


if __name__ == "__main__":
    main()
