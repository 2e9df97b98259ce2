"""From a fresh copy to the report by the commands of the README, each as it stands, with small budgets."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import workspace
import yaml
from readme_rows import CELLS, ROWS, commands
from workspace import Workspace

# The limits of the full benchmark in this test; those of the quick one are as they are.
SMALL = {"trials": 1, "epochs": 1, "train_images": 640, "datasets": {"fashion_mnist": "sample"}}


@dataclass(frozen=True)
class Followed:
    """A folder in which the commands were run after `make report`, what each row printed, and which failed."""

    work: Workspace
    printed: dict[str, str]
    failed: dict[str, str]


def copy_checkout(folder: Path) -> Workspace:
    """Copy the sources, with two experiments, small budgets and an environment that needs no installation."""
    work = workspace.copy_source(folder)
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(workspace.SOURCE / name, folder)
    shutil.copytree(workspace.SOURCE / "notebooks", folder / "notebooks")
    config = yaml.safe_load(work.path("config/config.yaml").read_text())
    config["experiments"] = ["exp103", "exp104"]
    config["profile"] |= SMALL
    work.path("config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    work.path(".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != ".installed":
            work.path(f".venv/{path.name}").symlink_to(path)
    work.path(".venv/.installed").touch()
    return work


def run(work: Workspace, line: str) -> str:
    """Run a command line in the workspace and return what it prints; it must succeed."""
    # Under `make test`, the outer make's variables would change this one's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=work.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{line} ended with status {done.returncode}:\n{done.stdout[-3000:]}"
    return done.stdout


def column(path: Path, name: str) -> list[float]:
    with path.open() as file:
        return [float(row[name]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    work = copy_checkout(tmp_path_factory.mktemp("readme") / "lookbook")
    printed, failed = {"make report": run(work, "make report")}, {}
    for task, row in ROWS.items():
        if row.reason or task not in CELLS:
            continue
        try:
            row.before(work)
            printed[task] = "".join(run(work, line) for line in row.commands(CELLS[task]))
            assert re.search(row.says, printed[task], re.MULTILINE), f"{row.says} is not in {printed[task][-3000:]}"
            assert work.path(row.makes).exists(), f"{row.makes} does not exist"
        except (AssertionError, OSError) as error:
            failed[task] = str(error)
    return Followed(work, printed, failed)


def test_every_row_of_the_readme_has_an_expectation_or_a_reason():
    assert list(CELLS) == list(ROWS)
    assert [task for task, row in ROWS.items() if not (row.reason or row.commands(CELLS[task]))] == []
    skipped = [(task, row.skipped) for task, row in ROWS.items() if row.skipped is not None]
    assert [task for task, end in skipped if not any(line.endswith(end) for line in commands(CELLS[task]))] == []


def test_options_of_a_row_are_commands():
    script = ".venv/bin/python workflow/scripts/a.py x"
    cell = f"`{script}` (`--json` prints JSON), `make help`, `my/file`, `key: value`, [`link`](make help)"
    assert commands(cell) == [script, f"{script} --json", "make help"]


def test_the_commands_of_the_readme_work_as_they_stand(followed):
    assert not followed.failed, "\n\n".join(f"{task}: {problem}" for task, problem in followed.failed.items())


def test_every_arrow_of_the_flow_is_a_file(followed):
    trial = ("history.csv", "model.keras", "predictions.npz", "trial.json", "metrics.json")
    tables = ("experiments.json", "trials.csv", "summary.csv", "comparisons.csv", "claims.csv")
    figures = ("figures/learning_curves/exp104.svg", "figures/published.svg")
    files = [
        "resources/datasets/sample/manifest.json",
        *(f"results/quick/trials/exp104/0/{name}" for name in trial),
        *(f"results/quick/{name}" for name in (*tables, *figures, "report/report.md", "report/report.html")),
    ]
    assert [file for file in files if not followed.work.path(file).is_file()] == []
    report = followed.work.path("results/quick/report/report.html")
    assert followed.printed["make report"].endswith(f"The report: {report}\n")


def test_the_report_holds_what_the_summary_says(followed):
    means = [f"{mean:.4f}" for mean in column(followed.work.path("results/quick/summary.csv"), "test_accuracy_mean")]
    assert len(means) == 2
    for name in ("report.md", "report.html"):
        text = followed.work.path(f"results/quick/report/{name}").read_text()
        assert [mean for mean in means if mean not in text] == []


def test_snakemake_makes_its_own_report(followed):
    with zipfile.ZipFile(followed.work.path("report.zip")) as archive:
        names = archive.namelist()
        text = "".join(archive.read(name).decode(errors="replace") for name in names if name.endswith((".html", ".js")))
    assert any(name.endswith("report.html") for name in names)
    for words in ("Figures", "Learning curves", "All experiments", "Tables", "published values by epoch"):
        assert words in text
    assert "Other" not in re.findall(r'"subcategory": "([^"]*)"', text)


def test_a_model_trained_by_hand_is_trained_further(followed):
    folders = ("my/exp104", "my/longer")
    first, second = (column(followed.work.path(f"{name}/history.csv"), "train_loss") for name in folders)
    assert second[-1] < first[-1]
    assert "preparing" not in followed.printed["train it further"]


def test_the_evaluation_of_a_model_gives_the_values_of_its_training(followed):
    text = followed.printed["evaluate it, also by class"]
    tested = json.loads(text[text.index("\n{") :])
    assert (tested["split"], tested["samples"]) == ("test", 1000)
    with np.load(followed.work.path("my/exp104/predictions.npz")) as saved:
        expected = -saved["test_log_likelihood"].mean(dtype=np.float64)
    assert tested["cross_entropy"] == pytest.approx(expected, abs=1e-4)
    trained = re.search(r"^test accuracy (\S+): ", followed.printed["train one model"], re.MULTILINE)[1]
    assert f"{tested['accuracy']:.4f}" == trained


def test_the_cells_of_the_notebook_run_on_the_results_of_the_quick_benchmark(followed, monkeypatch):
    # Jupyter's working directory is the folder of the notebook.
    monkeypatch.chdir(followed.work.path("notebooks"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, Any] = {}
    for cell in json.loads(Path("tour.ipynb").read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"tour.ipynb, {cell['id']}", "exec"), names)
    plt.close("all")

    # The trial of the workflow has learned.
    assert names["accuracy"] > 0.5
    shares = names["matrix"].confusion_matrix
    assert shares.sum(axis=1) == pytest.approx(np.ones(10))
    assert shares.trace() / 10 == pytest.approx(names["accuracy"])
    accuracies = column(followed.work.path("results/quick/trials.csv"), "test_accuracy")
    assert names["pairs"].loc[0, "difference"] == pytest.approx(accuracies[1] - accuracies[0])
    agreement = names["agreement"]
    assert [agreement.loc[True].sum(), agreement[True].sum()] == [round(250 * accuracy) for accuracy in accuracies]
    assert agreement.to_numpy().sum() == 250
