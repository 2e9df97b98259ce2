"""Each example of CONTRIBUTING.md, carried out as it stands: it works, and touches no more files than it says."""

import csv
import json
import re

import pytest
import workspace
import yaml

GUIDE = (workspace.SOURCE / "CONTRIBUTING.md").read_text()
SECTIONS = dict(re.findall(r"^## Add (?:a|an) (\w+)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
STEP = re.compile(
    r"^\*\*(?P<verb>Create|Append)\*\* (?:to )?`(?P<path>[^`]+)`:\n\n```python\n(?P<text>.*?)^```"
    r"|^```diff\n--- (?P<changed>\S+)\n(?P<diff>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
MOST_FILES = {"experiment": 2, "model": 1, "augmentation": 1, "metric": 1, "dataset": 2, "figure": 4}
# One experiment that uses every addition; the keys are those that the text names.
USES = re.findall(r"with `((?:model|augmentation): [^`]+)`", GUIDE)
ADDED = {"title": "every addition", "dataset": "stripes", "trials": 1, "training": {"epochs": 2, "batch_size": 50}}


def files(section):
    return {step["path"] or step["changed"] for step in STEP.finditer(SECTIONS[section])}


def carry_out(work, section):
    for step in STEP.finditer(SECTIONS[section]):
        if step["verb"] == "Create":
            assert not work.path(step["path"]).exists()
            work.path(step["path"]).write_text(step["text"])
        elif step["verb"] == "Append":
            with work.path(step["path"]).open("a") as file:
                file.write(step["text"])
        else:
            lines = step["diff"].splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if line[0] in " -")
            new = "".join(line[1:] for line in lines if line[0] in " +")
            work.replace(step["changed"], old, new)


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """Return a workspace in which every example was carried out and the workflow was run."""
    work = workspace.create(tmp_path_factory.mktemp("contributing") / "work")
    for section in MOST_FILES:
        carry_out(work, section)
    for text in USES:
        ADDED.update(yaml.safe_load(text))
    work.set("everything", **ADDED)
    config = yaml.safe_load(workspace.CONFIG)
    config["experiment_files"].append("config/experiments/experiment_series.yaml")
    config["experiments"] = ["plain", "everything"]
    work.path("config/config.yaml").write_text(yaml.safe_dump(config))
    work.run()
    return work


@pytest.mark.parametrize(("section", "most"), MOST_FILES.items())
def test_an_addition_touches_few_files(section, most):
    assert 1 <= len(files(section)) <= most


def test_a_trial_uses_the_added_model_augmentation_and_dataset(added):
    trial = json.loads(added.path("results/trials/everything/0/trial.json").read_text())
    assert trial["status"] == "ok", trial["traceback"]
    spec = trial["spec"]
    assert (spec["model"]["class_name"], spec["dataset"]) == ("linear", "stripes")
    assert [entry["class_name"] for entry in spec["augmentation"]] == ["inversion"]
    assert added.path("results/figures/contact_sheets/inversion.svg").is_file()


def test_the_added_metric_is_in_every_table_and_in_the_report(added):
    with added.path("results/trials.csv").open() as file:
        assert all(0 < float(row["test_mean_confidence"]) <= 1 for row in csv.DictReader(file))
    assert "test_mean_confidence_mean" in added.path("results/summary.csv").read_text().splitlines()[0]
    assert "mean confidence" in added.path("results/report/report.html").read_text()


def test_the_added_figure_is_in_the_report(added):
    svg = added.path("results/figures/seconds.svg").read_text()
    assert "seconds per trial" in svg
    assert "figures/seconds.svg" in added.path("results/report/report.md").read_text()


def test_the_added_experiment_inherits_and_has_its_published_value(added):
    config = yaml.safe_load(added.path("config/config.yaml").read_text()) | {"experiments": ["exp104_wide"]}
    added.path("config/config.yaml").write_text(yaml.safe_dump(config))
    assert added.plan().trained == {("exp104_wide", trial) for trial in range(2)}
    added.run("results/experiments.json")
    entry = json.loads(added.path("results/experiments.json").read_text())["experiments"]["exp104_wide"]
    assert [change["key"] for change in entry["changes"]] == ["model.config.filters"]
    with added.path("config/published.csv").open() as file:
        assert [row["mean"] for row in csv.DictReader(file) if row["experiment"] == "exp104_wide"] == ["0.9150"]
