"""Print what a run would train: experiments, trials done and planned, expected time and disk, and what is not run.

example: show_plan.py --config config/config.yaml config/quick.yaml
"""

from collections import Counter
from pathlib import Path

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.config.costs import megabytes_of, seconds_of
from lookbook.config.digests import digest
from lookbook.config.experiments import resolve, resolve_config
from lookbook.config.trial_specs import CONFIG, read_config, trial_spec
from lookbook.errors import ResultError
from lookbook.formatting import duration
from lookbook.results.paths import trial_file
from lookbook.results.trial import read_trial

ROW = "{:<22}{:>12}{:>10}{:>10}{:>18}{:>10}"


@exits_with_message
def main() -> None:
    """Print a line for each document, their sum, and the experiments that are not run."""
    parser = new_parser(__doc__)
    parser.add_argument("--config", type=path, nargs="+", default=[CONFIG], help="YAML files, later ones override")
    config = resolve_config(raw := read_config(parser.parse_args().config))
    experiments = resolve(raw)
    columns: dict[str, Counter[str]] = {}
    for name, experiment in experiments.items():
        total = columns.setdefault(experiment.document, Counter())
        total["experiments"] += 1
        for trial in range(experiment.trials):
            spec_digest = digest(trial_spec(experiment, trial, config["seed"], experiments))
            total["trials"] += 1
            try:
                read_trial(Path(trial_file(config["results"], name, trial, "trial.json")), spec_digest)
                total["done"] += 1
            except ResultError:  # missing, damaged, or of other settings: it is to be trained
                total["seconds"] += round(seconds_of(experiment.spec))
                total["megabytes"] += round(megabytes_of(experiment.spec))
    print(ROW.format("document", "experiments", "trials", "done", "one core, about", "disk"))
    for document, total in {**columns, "all": sum(columns.values(), Counter())}.items():
        time, disk = duration(total["seconds"]), f"{total['megabytes'] / 1000:.1f} GB"
        print(ROW.format(document, total["experiments"], total["trials"], total["done"], time, disk))
    for reason in {experiment.unavailable: 0 for experiment in experiments.values() if experiment.unavailable}:
        names = [name for name, experiment in experiments.items() if experiment.unavailable == reason]
        print(f"not run ({len(names)}): {', '.join(names)}: {reason}")


if __name__ == "__main__":
    main()
