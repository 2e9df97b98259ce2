"""From a fresh copy to Lookbook's report and Snakemake's own."""

import csv
import re
import zipfile

import pytest
import workspace

ONE = """\
document: one
experiments:
  one:
    title: one small experiment
    dataset: sample
    trials: 1
    split: {validation: 0.2}
    limit: {train_images: 200, test_images: 50}
    model: {class_name: mlp, config: {units: [8]}}
    training: {epochs: 1, batch_size: 20}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    work = workspace.create(tmp_path_factory.mktemp("end_to_end") / "work", experiments=ONE)
    work.run()
    return work


def test_every_arrow_of_the_flow_is_a_file(finished):
    trial = ("history.csv", "model.keras", "predictions.npz", "trial.json", "metrics.json")
    tables = ("experiments.json", "trials.csv", "summary.csv", "comparisons.csv")
    files = [
        "resources/datasets/sample/manifest.json",
        *(f"results/trials/one/0/{name}" for name in trial),
        *(f"results/{name}" for name in tables),
        "results/figures/learning_curves/one.svg",
        "results/figures/published.svg",
        "results/report/report.md",
        "results/report/report.html",
    ]
    assert [file for file in files if not finished.path(file).is_file()] == []


def test_the_report_holds_what_the_summary_says(finished):
    with finished.path("results/summary.csv").open() as file:
        (row,) = csv.DictReader(file)
    mean = f"{float(row['test_accuracy_mean']):.4f}"
    assert mean in finished.path("results/report/report.md").read_text()
    assert mean in finished.path("results/report/report.html").read_text()


def test_snakemake_makes_its_own_report(finished):
    finished.run("--report", "report.zip")
    with zipfile.ZipFile(finished.path("report.zip")) as archive:
        names = archive.namelist()
        text = "".join(archive.read(name).decode(errors="replace") for name in names if name.endswith((".html", ".js")))
    assert any(name.endswith("report.html") for name in names)
    for words in ("Figures", "Learning curves", "All experiments", "Tables", "published values by epoch"):
        assert words in text
    assert "Other" not in re.findall(r'"subcategory": "([^"]*)"', text)
