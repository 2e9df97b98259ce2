"""The report of a run that has not ended, rendered while the run goes on."""

import csv
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
import workspace
from running import wait_until

# The second experiment takes long enough for a report while it is trained.
TWO = """\
document: two
defaults:
  dataset: sample
  split: {validation: 0.2}
  limit: {train_images: 200, test_images: 50}
  model: {class_name: mlp, config: {units: [8]}}
  training: {epochs: 1, batch_size: 20}
experiments:
  short: {title: one epoch, trials: 1}
  long:
    title: many epochs of a slow network
    trials: 1
    limit: {train_images: 500}
    model: {class_name: simpsons_cnn, config: {filters: [8, 16], dropout: [0.2]}}
    training: {epochs: 5000, batch_size: 20}
"""


def render(work, experiments: str = "results/experiments.json") -> subprocess.CompletedProcess:
    command = [sys.executable, "workflow/scripts/render_partial.py", "--experiments", experiments]
    return subprocess.run(command, cwd=work.folder, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A run that trains the long experiment, after the trial of the short one has been evaluated."""
    work = workspace.create(tmp_path_factory.mktemp("partial") / "work", experiments=TWO)
    command = workspace.command("--cores", "1")
    process = subprocess.Popen(command, cwd=work.folder, stderr=subprocess.DEVNULL, start_new_session=True)
    evaluated, trained = work.path("results/trials/short/0/metrics.json"), work.path("results/trials/long/0")
    wait_until(lambda: evaluated.is_file() and trained.is_dir(), process)
    yield work, process
    kill(process)


def kill(process: subprocess.Popen) -> None:
    """End a run and its jobs, which are in its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def test_the_report_has_the_evaluated_trials_and_says_that_it_is_partial(running):
    work, process = running
    done = render(work)
    assert done.returncode == 0, done.stdout + done.stderr
    # With another Python, this is the command of the README.
    assert f"`.venv/bin/python {' '.join(done.args[1:])}`" in (workspace.SOURCE / "README.md").read_text()
    assert process.poll() is None  # the run goes on
    assert done.stdout.endswith(f"The report: {work.path('results-partial/report/report.html')}\n")
    with work.path("results-partial/trials.csv").open() as file:
        status = {(row["experiment"], row["trial"]): row["status"] for row in csv.DictReader(file)}
    assert status == {("short", "0"): "ok", ("long", "0"): "pending"}
    for name in ("report.md", "report.html"):
        text = work.path(f"results-partial/report/{name}").read_text()
        assert "This report is partial." in text
        assert "1 trial of 2 had no results yet" in text
    # A pending trial is no failure, and nothing was trained for the report.
    assert "FAILED" not in done.stderr
    assert "Failed trials" not in work.path("results-partial/report/report.md").read_text()
    assert not work.path("results-partial/logs/train_trial").exists()


def test_the_run_is_left_as_it_is(running):
    work, _ = running
    assert not work.path("results/trials.csv").exists()
    assert not work.path("results/trials/long/0/trial.json").exists()


def test_a_second_report_has_what_has_been_evaluated_since(running):
    work, process = running
    kill(process)
    work.set("long", training={"epochs": 1})
    work.run("results/trials/long/0/metrics.json", "results/experiments.json")
    assert render(work).returncode == 0
    assert "partial" not in work.path("results-partial/report/report.md").read_text()


def test_without_an_evaluated_trial_and_in_another_directory_it_is_refused(running):
    work, process = running
    kill(process)
    work.path("elsewhere").mkdir()
    work.path("results").rename(work.path("elsewhere/results"))
    assert "change to the run's directory" in render(work, "elsewhere/results/experiments.json").stderr
    work.path("elsewhere/results").rename(work.path("results"))
    shutil.rmtree(work.path("results/trials"))
    assert "no trial of results/experiments.json has been evaluated yet" in render(work).stderr
