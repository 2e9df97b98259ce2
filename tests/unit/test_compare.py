"""Two experiments, and two runs, compared by hand."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_benchmark import plan
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

import compare_experiments
import compare_runs
from lookbook.results.tables import write_table
from lookbook.results.trial import trial_identity
from lookbook.statistics.comparisons import trials_needed
from lookbook.statistics.runs import compare_runs as compare
from lookbook.statistics.trials import COLUMNS

NUMBERS = {"steady": 5, "moved": 5, "lonely": 1}
SPECS = {
    "steady": {"spec": {"epochs": 3, "split": {"seed": 0}}, "digest": "s"},
    "moved": {"spec": {"epochs": 5, "split": {"seed": 0}}, "digest": "m"},
    "lonely": {"spec": {"epochs": 5, "split": {"seed": None}}, "digest": "l"},
}
NOISE = np.array([0.001, -0.002, 0.0, 0.003, -0.001])


def write_run(folder, shift=0.0, noise=NOISE, specs=SPECS, device="cpu", **numbers) -> Path:
    """Write experiments.json and trials.csv of a run, and return the path of the former."""
    benchmark = plan(folder, NUMBERS | numbers, specs)
    rows = []
    for trial in benchmark.trials():
        row = {"experiment": trial.experiment, "trial": trial.trial, "seed": trial.trial, "status": "ok"}
        accuracy = 0.9 + noise[trial.trial] + (shift if trial.experiment == "moved" else 0.0)
        row |= {"test_accuracy": accuracy, "test_loss": 1 - accuracy, "device": device, "dataset_digest": "d"}
        rows.append(row | {"identity": trial_identity(trial.spec_digest, "d")})
    write_table(pd.DataFrame(rows, columns=list(COLUMNS)), folder / "trials.csv")
    return folder / "experiments.json"


def run(monkeypatch, capsys, script, *arguments) -> str:
    monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments)])
    script.main()
    return capsys.readouterr().out


def test_two_experiments_are_compared_in_pairs(tmp_path, monkeypatch, capsys):
    path = write_run(tmp_path, shift=0.01)
    output = run(monkeypatch, capsys, compare_experiments, "moved", "steady", "--experiments", path)
    assert "test_accuracy  0.9102 ± 0.0019  0.9002 ± 0.0019    +0.0100  +0.0100 to +0.0100" in output
    assert "5 finished trials of moved, 5 finished trials of steady; 5 pairs of equal seeds." in output
    assert output.endswith("Changed from steady to moved:\n  epochs: 3 -> 5\n")
    assert "Note" not in output


def test_the_run_in_the_usual_folder_is_compared_unless_another_is_stated(tmp_path, monkeypatch, capsys):
    write_run(tmp_path / "results", shift=0.01)
    monkeypatch.chdir(tmp_path)
    output = run(monkeypatch, capsys, compare_experiments, "moved", "steady")
    assert "5 pairs of equal seeds." in output
    with pytest.raises(SystemExit, match=r"error: other\.json is missing; .* with --experiments$"):
        run(monkeypatch, capsys, compare_experiments, "moved", "steady", "--experiments", "other.json")


def test_without_a_run_in_the_usual_folder_the_message_names_the_others(tmp_path, monkeypatch, capsys):
    write_run(tmp_path / "results" / "quick")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"results/experiments\.json is missing; .* results/quick/experiments\.json$"):
        run(monkeypatch, capsys, compare_experiments, "moved", "steady")


def test_the_power_of_a_comparison_is_stated(tmp_path, monkeypatch, capsys):
    path = write_run(tmp_path)
    output = run(monkeypatch, capsys, compare_experiments, "moved", "lonely", "--experiments", path)
    assert "is detected with 80% power" not in output  # a single pair has no spread
    trials = pd.read_csv(tmp_path / "trials.csv")
    trials.loc[trials["experiment"] == "moved", "test_accuracy"] += [0.004, -0.004, 0.0, 0.004, -0.004]
    write_table(trials, tmp_path / "trials.csv")
    output = run(monkeypatch, capsys, compare_experiments, "moved", "steady", "--experiments", path)
    assert f"is detected with 80% power by {needed(0.004)} pairs." in output


def needed(deviation):
    """Return how many pairs statsmodels needs for differences of 0 and, four times, plus or minus a deviation."""
    effect = 0.005 / np.std([deviation, -deviation, 0, deviation, -deviation], ddof=1)
    return int(np.ceil(TTestPower().solve_power(effect, alpha=0.05, power=0.8)))


def test_what_else_differs_and_a_missing_interval_are_stated(tmp_path, monkeypatch, capsys):
    path = write_run(tmp_path)
    output = run(monkeypatch, capsys, compare_experiments, "lonely", "moved", "--experiments", path)
    assert "1 pair of equal seeds" in output
    assert "nan" not in output
    assert "Note: the splits differ" in output
    output = run(monkeypatch, capsys, compare_experiments, "moved", "moved", "--experiments", path)
    assert "The definitions are equal." in output


def test_an_unknown_experiment_is_refused_with_the_nearest_name(tmp_path, monkeypatch, capsys):
    path = write_run(tmp_path)
    with pytest.raises(SystemExit, match="there is no experiment 'stedy'; did you mean 'steady'"):
        run(monkeypatch, capsys, compare_experiments, "stedy", "moved", "--experiments", path)


def test_two_runs_differ_where_the_adjusted_p_is_small(tmp_path, monkeypatch, capsys):
    ours = write_run(tmp_path / "one", shift=0.02)
    theirs = write_run(tmp_path / "other", noise=NOISE[::-1], device="gpu", moved=4)
    output = run(monkeypatch, capsys, compare_runs, "--experiments", ours, "--other", theirs)
    first, *_, lonely, last, power = output.splitlines()[1:]
    assert first.split()[:3] == ["moved", "4", "+0.0205"]
    # The spread of the differences of the first four trials.
    assert first.split()[-2:] == [f"{trials_needed((NOISE - NOISE[::-1])[:4])}", "device"]
    assert lonely.split()[-2:] == ["–", "device"]  # noqa: RUF001 - an en dash
    assert power == "pairs for 0.005: how many pairs detect a difference of 0.005 in test accuracy with 80% power."
    assert last == "1 of 2 experiments with two or more pairs differ beyond noise (Holm, 5%)."


def test_p_values_are_adjusted_over_all_experiments_of_both_runs(tmp_path):
    tables = []
    for name, noise in (("one", NOISE), ("other", NOISE[::-1] * 3)):
        write_run(tmp_path / name, shift=0.004, noise=noise)
        tables.append(pd.read_csv(tmp_path / name / "trials.csv"))
    changed = {"steady": "s", "moved": "another", "absent": "a"}
    table = compare(*tables, ({name: entry["digest"] for name, entry in SPECS.items()}, changed))
    assert table["experiment"].tolist() == ["steady", "moved"]
    assert table["differs_in"].tolist() == ["", "definition"]
    expected = multipletests(table["test_accuracy_p"], method="holm")[1]
    assert table["test_accuracy_p_adjusted"].tolist() == pytest.approx(expected.tolist())


def test_runs_without_a_common_experiment_are_told(tmp_path, monkeypatch, capsys):
    ours = write_run(tmp_path / "one")
    plan(tmp_path / "other", {"else": 0}, {"else": {"digest": "e"}})
    write_table(pd.DataFrame(columns=list(COLUMNS)), tmp_path / "other" / "trials.csv")
    output = run(
        monkeypatch, capsys, compare_runs, "--experiments", ours, "--other", tmp_path / "other/experiments.json"
    )
    assert output == "The runs have no experiment in common.\n"
