"""The scripts from trials to tables, and the files that they refuse to read."""

import json
import math
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from small_benchmark import finish, outputs, plan

from lookbook.errors import ResultError
from lookbook.evaluation.metrics import COLUMNS as METRIC_COLUMNS
from lookbook.results import benchmark as benchmarks
from lookbook.results.metrics import read_metrics
from lookbook.results.predictions import read_predictions
from lookbook.results.tables import identity_of, identity_of_trials, read_table, read_trials
from lookbook.results.trial import read_trial
from lookbook.statistics.trials import COLUMNS, collect_trials

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
TABLES = ("trials", "summary", "comparisons", "ensembles", "factorials")
ALL = [0, 1, 2, 0, 1, 2]
TRIALS = {"first": 3, "second": 3, "cell_off": 2, "cell_on": 2, "resampled": 2, "absent": 0}
CELLS = {name: {"factorial": {"study": "s", "factors": {"x": name == "cell_on"}}} for name in ("cell_off", "cell_on")}
IN_TRAIN = np.array([True, False, False, True, False, False])
ENDS = {("first", 2): ("diverged", None), ("second", 1): ("failed", "\nValueError: no\nmore")}


def write_benchmark(root, names=TRIALS):
    """Write experiments.json and the files of the trials of the named experiments."""
    each = {"second": {"base": "first"}, **CELLS}
    benchmark = plan(root, {name: TRIALS.get(name, 1) for name in names}, each, spec={"one_vs_all": None})
    for planned in benchmark.trials():
        name, trial = planned.experiment, planned.trial
        status, error = ENDS.get((name, trial), ("ok", None))
        found = outputs(ALL, np.roll(ALL, trial * (name != "first")), range(6), sure=np.linspace(0.5, 0.9, 6))
        splits = ("train", "valid") if name == "resampled" else ("train", "test")
        splits = dict.fromkeys(splits, found) if status == "ok" else {}
        facts = {"seed": trial, "error": error, "parameters": 1234, "penalty": 0.071 if name == "second" else 0.0}
        facts["in_train"] = IN_TRAIN if name == "resampled" else None
        finish(planned, status=status, outputs=splits, versions={"python": "3.12.3", "keras": "3.12.0"}, **facts)
    return benchmark


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Return a folder with the trials and all tables of some experiments."""
    return write_tables(tmp_path_factory.mktemp("complete"))


@pytest.fixture
def root(complete, tmp_path):
    return shutil.copytree(complete, tmp_path / "results")


def arguments_of(name, root, trial="first/0"):
    """Return the command line of a script for the results in a folder, or for one of its trials."""
    experiments, trials = ["--experiments", root / "experiments.json"], ["--trials", root / "trials.csv"]
    trial = root / "trials" / trial
    return {
        "evaluate_trial": [trial / "trial.json", "--output", trial / "metrics.json"],
        "collect_trials": [*experiments, "--output", root / "trials.csv"],
        "summarise": [
            *(*trials, *experiments, "--published", ROOT / "config" / "published.csv"),
            *("--summary", root / "summary.csv", "--comparisons", root / "comparisons.csv"),
        ],
        "combine_ensembles": [*experiments, "--output", root / "ensembles.csv"],
        "estimate_factorials": [*trials, *experiments, "--output", root / "factorials.csv"],
    }[name]


def run(name, root, condition="True", scripts=SCRIPTS):
    """Run a script in a process of its own, which then asserts a condition on ``sys.modules``."""
    script = str(scripts / f"{name}.py")
    code = f"import sys, runpy; sys.argv[0] = {script!r}; runpy.run_path({script!r}, run_name='__main__')"
    command = [sys.executable, "-c", f"{code}; assert {condition}", *map(str, arguments_of(name, root))]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(scripts)})
    assert (done.returncode, done.stderr) == (0, "")


def error_of(name, root, *more, trial="first/0"):
    """Run a script in this process and return the message that it exits with, or None."""
    script = str(SCRIPTS / f"{name}.py")
    with patch.object(sys, "argv", [script, *map(str, arguments_of(name, root, trial)), *more]):
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as error:
            return error.code


def write_tables(root, names=TRIALS):
    """Write the trials and, with the scripts, all tables of the named experiments; return the folder."""
    for planned in write_benchmark(root, names).trials():
        assert error_of("evaluate_trial", root, trial=f"{planned.experiment}/{planned.trial}") is None
    for name in ("collect_trials", "summarise", "combine_ensembles", "estimate_factorials"):
        assert error_of(name, root) is None
    return root


@pytest.mark.parametrize(
    ("name", "outputs"),
    [
        ("evaluate_trial", ["trials/first/0/metrics.json"]),
        ("collect_trials", ["trials.csv"]),
        ("summarise", ["summary.csv", "comparisons.csv"]),
        ("combine_ensembles", ["ensembles.csv"]),
        ("estimate_factorials", ["factorials.csv"]),
    ],
)
def test_a_script_writes_its_files_again_without_a_training_backend(name, outputs, complete, root):
    for output in outputs:
        (root / output).unlink()
    run(name, root, "not {'keras', 'tensorflow'} & set(sys.modules)")
    for output in outputs:
        assert (root / output).read_bytes() == (complete / output).read_bytes()


@pytest.mark.parametrize(
    ("name", "package"), [("combine_ensembles", "sklearn"), ("estimate_factorials", "statsmodels")]
)
def test_nothing_to_compute_loads_no_large_package(name, package, tmp_path):
    run(name, write_tables(tmp_path, ["absent"]), f"{package!r} not in sys.modules")


def test_metrics_hold_strict_json_of_every_split(root):
    def refuse(literal):
        raise AssertionError(f"{literal} is not JSON")

    trial = root / "trials" / "resampled" / "0"
    content = json.loads((trial / "metrics.json").read_text(), parse_constant=refuse)
    assert list(content) == ["identity", "splits", "checksum"]
    assert list(content["splits"]) == ["train", "valid"]
    valid, predictions = content["splits"]["valid"], read_predictions(read_trial(trial / "trial.json"))["valid"]
    assert valid["duplicates_in_train"] == np.count_nonzero(predictions.in_train) > 0
    assert valid["accuracy_without_duplicates"] == pytest.approx(predictions.correct[~predictions.in_train].mean())
    assert "duplicates_in_train" not in content["splits"]["train"]


def test_the_loss_is_the_cross_entropy_plus_the_penalty_and_a_failed_trial_has_no_splits(complete):
    table = read_table(complete / "trials.csv")
    second = table[table["experiment"] == "second"]
    with_penalty, failed = second[second["status"] == "ok"], second[second["status"] == "failed"]
    assert (with_penalty["test_loss"] - with_penalty["test_cross_entropy"]).to_numpy() == pytest.approx(0.071)
    assert failed[list(METRIC_COLUMNS)].isna().all(axis=None)
    assert failed["error"].tolist() == ["ValueError: no"]


def test_trials_have_one_row_each_in_the_order_of_the_benchmark(complete):
    benchmark = benchmarks.read_benchmark(complete / "experiments.json")
    table = read_trials(complete / "trials.csv", benchmark)
    assert list(table.columns) == list(COLUMNS)
    expected = [(planned.experiment, planned.trial) for planned in benchmark.trials()]
    assert list(zip(table["experiment"], table["trial"], strict=True)) == expected
    assert set(table["status"]) == {"ok", "diverged", "failed"}
    assert table["versions"].unique().tolist() == ["keras 3.12.0, python 3.12.3"]
    assert table["parameters"].dtype == "Int64"
    without = table[table["experiment"] != "resampled"]
    assert without["valid_duplicates_in_train"].isna().all()
    assert not [name for name in table if "train_duplicates" in name or "test_duplicates" in name]
    summary = read_table(complete / "summary.csv").set_index("experiment")
    assert summary.loc["resampled", "valid_duplicates_in_train_mean"] > 0
    assert math.isnan(summary.loc["first", "valid_accuracy_without_duplicates_mean"])


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "truncated"])
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("evaluate_trial", "trials/first/0/trial.json"),
        ("evaluate_trial", "trials/first/0/predictions.npz"),
        ("collect_trials", "trials/first/0/trial.json"),
        ("collect_trials", "trials/first/0/metrics.json"),
        ("combine_ensembles", "trials/first/0/trial.json"),
        ("combine_ensembles", "trials/first/0/predictions.npz"),
        ("summarise", "trials.csv"),
        ("estimate_factorials", "experiments.json"),
    ],
)
def test_a_missing_or_truncated_file_is_an_error_that_names_it(name, file, missing, root):
    path = root / file
    content = path.read_bytes()
    path.unlink()
    if not missing:
        path.write_bytes(content[: len(content) // 9])
    message = error_of(name, root)
    assert message.startswith(f"error: {path} ")
    assert "; create it with: snakemake --cores 1 --forcerun " in message


def test_results_of_another_specification_are_refused(root):
    path = root / "experiments.json"
    benchmark = benchmarks.read_benchmark(path)
    stated = benchmark.experiments["first"]["trial_digests"][0]
    benchmarks.write_benchmark(path, json.loads(path.read_text().replace(stated, "0" * 64)))
    changed = benchmarks.read_benchmark(path)
    with pytest.raises(ResultError, match=r"first/0/trial\.json is of another trial specification"):
        collect_trials(changed)
    with pytest.raises(ResultError, match=r"trials\.csv was made from other trials"):
        read_trials(root / "trials.csv", changed)
    assert "another trial specification" in error_of("evaluate_trial", root, "--spec-digest", "0" * 64)
    assert error_of("evaluate_trial", root, "--spec-digest", stated) is None


def test_metrics_of_another_trial_are_refused(root):
    folder = root / "trials" / "first"
    shutil.copy(folder / "1" / "metrics.json", folder / "0" / "metrics.json")
    with pytest.raises(ResultError, match=r"metrics\.json was made from other trials"):
        read_metrics(folder / "0" / "metrics.json", read_trial(folder / "0" / "trial.json"))


@pytest.mark.parametrize("names", [["first"], [*TRIALS, "more"], list(TRIALS)[::-1]])
def test_a_table_of_more_fewer_or_other_trials_is_refused(names, complete, tmp_path):
    with pytest.raises(ResultError, match="made from other trials"):
        read_trials(complete / "trials.csv", write_benchmark(tmp_path, names))


def test_every_table_states_the_identity_of_its_trials(complete):
    benchmark = benchmarks.read_benchmark(complete / "experiments.json")
    trials = read_trials(complete / "trials.csv", benchmark)
    for name in TABLES:
        table = read_table(complete / f"{name}.csv")
        assert table["identity"].notna().all()
        assert table["identity"].is_unique or name == "factorials"
    summary = read_table(complete / "summary.csv").set_index("experiment")["identity"]
    ensembles = read_table(complete / "ensembles.csv").set_index("experiment")["identity"]
    for name in TRIALS:
        assert summary[name] == ensembles[name] == identity_of(trials, [name])
        assert identity_of_trials(map(read_trial, benchmark.trials([name])), [name]) == summary[name]


def test_a_new_metric_is_one_entry_in_one_file(root, tmp_path):
    scripts = shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    path = scripts / "lookbook" / "evaluation" / "metrics.py"
    entry = 'Metric("confidence", "mean confidence", None, lambda p: p.probabilities.max(axis=1).mean(), is_share=True)'
    path.write_text(path.read_text().replace("\nMETRICS = (\n", f"\nMETRICS = (\n    {entry},\n"))
    for name in ("evaluate_trial", "collect_trials", "summarise"):
        run(name, root, scripts=scripts)
    metrics = json.loads((root / "trials" / "first" / "0" / "metrics.json").read_text())["splits"]
    assert 0.1 < metrics["test"]["confidence"] <= 1
    assert read_table(root / "trials.csv")["test_confidence"][0] == pytest.approx(metrics["test"]["confidence"])
    assert "valid_confidence_ci_high" in read_table(root / "summary.csv")
