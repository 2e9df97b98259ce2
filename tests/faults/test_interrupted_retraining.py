"""A changed experiment whose retraining is interrupted, in whatever way, is made up for by the same command.

Every rule that depends on trials runs in the benchmark. Ways and changes are combined so that each occurs; the tests of
unfinished results combine more of them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import running
import workspace
from workspace import Workspace

EXPERIMENTS = """\
document: zoo
defaults: {dataset: sample, trials: 2, limit: {train_images: 200, test_images: 50}}
experiments:
  plain:
    title: a perceptron
    model: {class_name: mlp, config: {units: [8]}}
    training: {epochs: 2, batch_size: 20}
    figures: [confusion_matrix]
"""
TRIAL = "results/trials/plain/1"
LIMITS = """\
import resource, sys
if any(argument.endswith("train_trial.py") for argument in sys.orig_argv):
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""
REMADE = {"collect_trials", "summarise", "combine_ensembles", "plot_learning_curves", "render_report"}


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> Path:
    created = workspace.create(tmp_path_factory.mktemp("retraining") / "once", experiments=EXPERIMENTS)
    created.replace("config/config.yaml", "trials: 2", "trials: 3")
    created.path("config/published.csv").write_text(workspace.PUBLISHED.splitlines()[0] + "\n")
    created.run()
    assert created.plan().is_empty
    return created.folder


@pytest.fixture
def work(once, tmp_path) -> Workspace:
    return Workspace(shutil.copytree(once, tmp_path / "work", symlinks=True))


def change_hyperparameter(work: Workspace) -> None:
    work.replace(workspace.EXPERIMENTS, "epochs: 2", "epochs: 3")


def change_source(work: Workspace) -> None:
    work.replace("workflow/scripts/lookbook/models/mlp.py", 'name="flatten"', 'name="flat"')


def change_number_of_trials(work: Workspace) -> None:
    work.replace(workspace.EXPERIMENTS, "trials: 2", "trials: 3")


def change_data(work: Workspace) -> None:
    """Prepare the dataset again with other labels."""
    from lookbook.datasets import arrays

    folder = work.path("resources/datasets/sample")
    data = arrays.load(folder / "manifest.json")
    images = {name: np.array(getattr(data, name)) for name in ("train_images", "test_images", "test_labels")}
    labels = np.roll(data.train_labels, 1)
    arrays.write(folder, name="sample", classes=data.classes, source="rolled", train_labels=labels, **images)


def start(work: Workspace, **options) -> subprocess.Popen:
    with work.path("output.txt").open("w") as output:
        return subprocess.Popen(
            workspace.command("--cores", "2"),
            cwd=work.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )


def interrupt(work: Workspace, number: int, whom: str) -> None:
    """Start a run, send a signal to a process of it once it trains, and wait until all have ended."""
    process = start(work)
    jobs: list[psutil.Process] = []
    while not jobs:
        assert process.poll() is None, work.path("output.txt").read_text()
        jobs = running.jobs_of(process)
        time.sleep(0.05)
    with suppress(psutil.Error):
        if whom == "job":
            jobs[0].send_signal(number)
        elif whom == "Snakemake":
            os.kill(process.pid, number)
        else:
            os.killpg(process.pid, number)
    process.wait(120)
    assert psutil.wait_procs(jobs, timeout=30)[1] == []


def fill_disk(work: Workspace) -> None:
    """Run where no file of a training job can have more than 16 KB, which its log and its results exceed."""
    work.path("limits").mkdir()
    work.path("limits/sitecustomize.py").write_text(LIMITS)
    process = start(work, env=os.environ | {"PYTHONPATH": str(work.path("limits"))})
    assert process.wait(120) != 0


CASES = {
    "SIGKILL to a job, more trials": (signal.SIGKILL, "job", change_number_of_trials),
    "SIGTERM to Snakemake, hyperparameter": (signal.SIGTERM, "Snakemake", change_hyperparameter),
    "SIGINT to the group, source": (signal.SIGINT, "group", change_source),
    "SIGKILL to Snakemake, data": (signal.SIGKILL, "Snakemake", change_data),
    "SIGTERM to the group, data": (signal.SIGTERM, "group", change_data),
    "full disk, source": (None, "", change_source),
}


@pytest.mark.parametrize("case", CASES)
def test_the_same_command_makes_up_for_an_interrupted_retraining(case, work, tmp_path):
    number, whom, change = CASES[case]
    change(work)
    before = json.loads(work.path(f"{TRIAL}/trial.json").read_text())["identity"]
    if number is None:
        fill_disk(work)
    else:
        interrupt(work, number, whom)
    plan = work.plan()
    assert {"collect_trials", "summarise", "combine_ensembles", "plot_learning_curves", "render_report"} <= set(
        plan.jobs
    )

    work.run()
    assert work.plan().is_empty
    written = json.loads(work.path(f"{TRIAL}/trial.json").read_text())
    assert (written["identity"] == before) == (change is change_number_of_trials)
    table = work.path("results/trials.csv").read_text()
    assert table.count("\nplain,") == (3 if change is change_number_of_trials else 2)
    assert written["identity"] in table

    # What a fresh training of the changed configuration predicts, bit for bit.
    command = [sys.executable, work.path("workflow/scripts/train_trial.py"), "plain", "--trial", "1"]
    subprocess.run([*command, "--output", tmp_path / "fresh"], cwd=work.folder, capture_output=True, check=True)
    fresh = json.loads((tmp_path / "fresh" / "trial.json").read_text())
    assert written["files"]["predictions.npz"] == fresh["files"]["predictions.npz"]
    assert written["identity"] == fresh["identity"]
