"""Keep the reference results in reports/reference, and tell what they say about the documents.

``add FOLDER`` takes the finished trials of a run of the full protocol, or of the folder of a partial report, into
trials.csv and histories.csv, in place of earlier trials of the same experiments. specifications.json has
what each experiment was when it was trained. ``tell`` judges the claims and the published values by these trials: it
writes claims.csv, summary.csv (whose ``changed_keys`` are those that have other values since the training), report.md
with its figure, and the part of README.md between the two comments ``reference``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import pandas as pd

from lookbook.config.benchmark import benchmark_content
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.config.validation import ROOT
from lookbook.errors import ResultError
from lookbook.files import write_json, write_text
from lookbook.formatting import listed
from lookbook.report.inputs import Report
from lookbook.results.benchmark import read_benchmark
from lookbook.results.history import read_history
from lookbook.results.tables import read_trials, write_table
from lookbook.results.trial import FINISHED, read_trial
from lookbook.statistics.claims import judge_claims
from lookbook.statistics.published import read_published, with_further_protocols
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import COLUMNS
from reference_readme import UNJUDGED, readme_section, with_section
from reference_report import reference_report, write_reference_report

REFERENCE = ROOT / "reports" / "reference"
README = ROOT / "README.md"
# Names that columns had before.
RENAMED = {"valid_copies_in_train": "valid_duplicates_in_train"}
RENAMED |= {"valid_accuracy_without_copies": "valid_accuracy_without_duplicates"}
# What an experiment is does not depend on them: one only records more values, the other is a part of the machine, which
# each trial states in `device` and `versions`.
NOT_COMPARED = {"watch", "backend"}


def main() -> None:
    """Add a run, or tell what the reference results say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("add").add_argument("folder", type=Path, help="the folder of a run's results")
    commands.add_parser("tell")
    arguments = parser.parse_args()
    try:
        if arguments.command == "add":
            add(arguments.folder)
        told = tell()
    except ResultError as error:
        sys.exit(f"error: {error}")
    write_table(told.claims.drop(columns="identity"), REFERENCE / "claims.csv")
    write_table(told.summary.drop(columns="identity"), REFERENCE / "summary.csv")
    write_reference_report(told.report, REFERENCE / "report.md")
    write_text(README, with_section(README.read_text(encoding="utf-8"), told.section))
    print(told.section)


class Told(NamedTuple):
    """What the reference results say: the judged claims, a row per experiment, the section of README.md, the report."""

    claims: pd.DataFrame
    summary: pd.DataFrame
    section: str
    report: Report


@cache
def configuration() -> Mapping[str, Any]:
    """Return the content of experiments.json of the full benchmark with all its experiments."""
    return benchmark_content(read_config([CONFIG]) | {"experiments": None})


def reference() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trials.csv and histories.csv of the reference results, both with today's columns."""
    trials = pd.read_csv(REFERENCE / "trials.csv").rename(columns=RENAMED)
    return trials.reindex(columns=list(COLUMNS)), pd.read_csv(REFERENCE / "histories.csv")


def add(folder: Path) -> None:
    """Take the finished trials of a run into the reference results.

    They replace the earlier trials of their experiments, but not a larger number of trials with the same settings.

    Raises:
        ResultError: a trial has other settings than the present configuration or other images than the other trials
            of its dataset.
    """
    benchmark, (trials, histories) = read_benchmark(folder / "experiments.json"), reference()
    experiments = configuration()["experiments"]
    digests = {
        experiments[row["experiment"]]["dataset"]: row["dataset_digest"]
        for row in trials.to_dict("records")
        if row["experiment"] in experiments
    }
    new = read_trials(folder / "trials.csv", benchmark)
    new = new[new["status"].isin(FINISHED)]
    curves, kept, old = [], set(), specifications()
    specs = dict(old)
    number, before = (table["experiment"].value_counts() for table in (new, trials))
    fewer = {name for name in number.index if number[name] < before.get(name, 0)}
    for planned in benchmark.trials():
        trial, name = read_trial(planned), planned.experiment
        if not trial.is_finished:
            continue
        spec, where = trial.facts["spec"], f"{planned.file('trial.json')}"
        if name not in experiments:
            raise ResultError(f"{where}: the configuration has no experiment {name}")
        if changed := changed_keys(spec, experiments[name]["spec"]):
            raise ResultError(f"{where}: {name} has other settings now ({changed}); train it again")
        if name in fewer and name in old and not changed_keys(old[name], spec):
            kept.add(name)
            continue
        specs[name] = spec
        images = trial.facts["digests"]["dataset"]
        if digests.setdefault(spec["dataset"], images) != images:
            raise ResultError(f"{where}: the images of {spec['dataset']} are not those of the other trials")
        if spec["watch"]:
            history = read_history(trial.file("history.csv")).reset_index()
            curves.append(history.assign(experiment=name, trial=planned.trial))
    new = new[~new["experiment"].isin(kept)]
    replaced = set(new["experiment"])
    write_table(_with(trials, new, replaced), REFERENCE / "trials.csv")
    columns = [name for name in histories if name != "seconds"]
    write_table(_with(histories, pd.concat([histories[:0], *curves]), replaced)[columns], REFERENCE / "histories.csv")
    write_json(REFERENCE / "specifications.json", dict(sorted(specs.items())))


def specifications() -> dict[str, dict[str, Any]]:
    """Return the specification with which each experiment of the reference results was trained."""
    return json.loads((REFERENCE / "specifications.json").read_text(encoding="utf-8"))


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return the keys of a specification that have another value since it was trained, separated by spaces."""
    return " ".join(key for key in sorted({*old, *new} - NOT_COMPARED) if old.get(key) != new.get(key))


def _with(old: pd.DataFrame, new: pd.DataFrame, replaced: set[str]) -> pd.DataFrame:
    kept = old[~old["experiment"].isin(replaced)]
    return pd.concat([part for part in (kept, new) if len(part)] or [old])


def tell() -> Told:
    """Judge the claims and the published values by the reference results."""
    benchmark, (trials, histories) = configuration(), reference()
    experiments, profile = benchmark["experiments"], benchmark["profile"]
    trials = trials[trials["experiment"].isin(experiments.keys())]
    present, old = {name: entry["spec"] for name, entry in experiments.items()}, specifications()
    changed = {name: changed_keys(old[name], present[name]) for name in trials["experiment"].unique()}
    by_trial = {
        name: [curve.set_index("epoch") for _, curve in own.groupby("trial")]
        for name, own in histories.groupby("experiment")
    }
    # What the trials can show depends on the settings that they were trained with.
    claims = judge_claims(benchmark["claims"], trials, present | old, profile, by_trial, {})
    is_judged = ~claims["verdict"].isin(UNJUDGED)
    claims.loc[is_judged, "evidence"] += claims["names"].map(lambda names: remark(names.split(), changed))
    published = with_further_protocols(read_published(ROOT / benchmark["config"]["published"]), experiments)
    summary = summarise(trials, experiments, published, profile)
    keys = [changed.get(name) or None for name in experiments]
    summary = pd.concat([summary, pd.Series(keys, name="changed_keys")], axis=1)
    report = reference_report(REFERENCE, benchmark, trials, claims, summary)
    own_values = summary[[entry["published_as"] is None for entry in experiments.values()]]
    section = readme_section(report, trials, claims, own_values)
    return Told(claims, summary[summary["n"] > 0].reset_index(drop=True), section, report)


def remark(names: Sequence[str], changed: Mapping[str, str]) -> str:
    """Return which of the experiments were trained with settings that have changed since."""
    outdated = [f"`{name}` ({changed[name].replace(' ', ', ')})" for name in names if changed.get(name)]
    return f" Settings that have changed since the training: {listed(outdated)}." if outdated else ""


if __name__ == "__main__":
    main()
