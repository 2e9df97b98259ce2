"""More trials train the new ones only; fewer train nothing, and the report shrinks."""

import csv
import re


def set_trials(workspace, old, new):
    workspace.replace("config/config.yaml", f"trials: {old}", f"trials: {new}")


def trials_in_the_table(workspace):
    with workspace.path("results/trials.csv").open() as file:
        rows = [(row["experiment"], int(row["trial"])) for row in csv.DictReader(file)]
    return sorted(rows)


def numbers_in_the_summary(workspace):
    with workspace.path("results/summary.csv").open() as file:
        return {row["experiment"]: int(float(row["n"])) for row in csv.DictReader(file)}


def report(workspace):
    return workspace.path("results/report/report.md").read_text()


def models(workspace):
    return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in workspace.path("results").rglob("*.keras")}


def test_from_two_to_three_trials_and_back(finished):
    two = trials_in_the_table(finished)
    before = models(finished)
    new = {("plain", 2), ("heir", 2), ("convolution", 2)}

    set_trials(finished, 2, 3)
    assert finished.plan().trained == new
    assert re.search(r"^train_trial +3$", finished.run(), re.MULTILINE)
    assert trials_in_the_table(finished) == sorted({*two, *new})
    after = models(finished)
    assert {file: after[file] for file in before} == before
    assert numbers_in_the_summary(finished)["plain"] == 3
    assert "of 11 trials finished" in report(finished)
    assert finished.plan().is_empty

    set_trials(finished, 3, 2)
    assert not finished.plan().trained
    assert not re.search(r"^train_trial ", finished.run(), re.MULTILINE)
    assert trials_in_the_table(finished) == two
    assert numbers_in_the_summary(finished)["plain"] == 2
    assert "of 8 trials finished" in report(finished)
    assert models(finished) == after
    assert finished.plan().is_empty
