"""The same command continues a killed run, with the results of an uninterrupted one."""

import io
import os
import re
import signal
import subprocess
import time
import zipfile
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
import running
import workspace
from workspace import Workspace

# Long enough to be interrupted, with every kind of state: dropout, augmentation, moments, best weights.
LONG = """\
document: long
experiments:
  long:
    title: many epochs
    dataset: sample
    trials: 1
    split: {validation: 0.2}
    limit: {train_images: 2500, test_images: 50}
    model: {class_name: simpsons_cnn, config: {filters: [4, 8], dropout: [0.2]}}
    augmentation: [{class_name: RandomFlip, config: {mode: horizontal}}]
    training: {epochs: 10, batch_size: 20, early_stopping: {patience: 9}}
"""
EPOCHS = 10


@dataclass(frozen=True)
class Interrupted:
    """One trial, trained without interruption and with two: all processes killed, then the job terminated."""

    workspace: Workspace
    after_kill: int
    after_termination: subprocess.CompletedProcess
    results_after_termination: set[str]
    end: subprocess.CompletedProcess
    logs: tuple[str, str]

    def arrays(self, results: str) -> dict[str, np.ndarray]:
        """Return every weight and prediction of the trial in a results folder."""
        folder = self.workspace.path(f"{results}/trials/long/0")
        with np.load(folder / "predictions.npz") as predictions:
            arrays = {name: predictions[name] for name in predictions.files}
        with zipfile.ZipFile(folder / "model.keras") as archive:
            weights = h5py.File(io.BytesIO(archive.read("model.weights.h5")))

        def note(name, item):
            if isinstance(item, h5py.Dataset):
                arrays[f"weights/{name}"] = item[()]

        weights.visititems(note)
        return arrays


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory) -> Interrupted:
    work = workspace.create(tmp_path_factory.mktemp("interrupted") / "work", experiments=LONG)
    work.run("--until", "train_trial", "--config", "results=uninterrupted")

    # The same command three times.
    process = start(work)
    wait_for_epochs(work, process, 2, attempt=1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    after_kill = epochs_done(work)

    process = start(work)
    wait_for_epochs(work, process, 2, attempt=2)
    first_log = log(work)
    for job in running.jobs_of(process):
        job.terminate()
    output, _ = process.communicate(timeout=600)
    after_termination = subprocess.CompletedProcess(process.args, process.returncode, output)
    left = {file.name for file in work.path("interrupted/trials").rglob("*") if file.is_file()}

    process = start(work)
    output, _ = process.communicate(timeout=600)
    end = subprocess.CompletedProcess(process.args, process.returncode, output)
    return Interrupted(work, after_kill, after_termination, left, end, (first_log, log(work)))


def start(work: Workspace) -> subprocess.Popen:
    """Start the run in a process group of its own, which its jobs belong to."""
    command = workspace.command("--cores", "2", "--until", "train_trial", "--config", "results=interrupted")
    return subprocess.Popen(
        command, cwd=work.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def log(work: Workspace) -> str:
    """Return the log of the trial's last job; each job appends to the file and starts with a line that has its date."""
    file = work.path("interrupted/logs/train_trial/long/0.log")
    return re.split(r"^\d{4}-\d\d-\d\d .*: attempt ", file.read_text(), flags=re.MULTILINE)[-1] if file.exists() else ""


def epochs_done(work: Workspace) -> int:
    return log(work).count("\nepoch ")


def wait_for_epochs(work: Workspace, process: subprocess.Popen, epochs: int, attempt: int) -> None:
    """Wait until the job of this run, one-based, has trained a number of epochs and saved a checkpoint after each."""
    limit = time.monotonic() + 600
    file = work.path("interrupted/logs/train_trial/long/0.log")
    while time.monotonic() < limit and process.poll() is None:
        if file.exists() and file.read_text().count(": attempt ") >= attempt and epochs_done(work) >= epochs:
            return
        time.sleep(0.01)


def test_the_same_command_continues_a_killed_run(interrupted):
    assert 2 <= interrupted.after_kill < EPOCHS, "the run was not killed in the middle"
    assert "cannot be locked" not in interrupted.after_termination.stdout
    assert interrupted.end.returncode == 0, interrupted.end.stdout


def test_a_killed_trial_resumes_at_its_last_finished_epoch(interrupted):
    resumed = int(re.search(r"resuming after epoch (\d+)", interrupted.logs[0])[1])
    # The checkpoint is written just before the log line of its epoch.
    assert resumed in (interrupted.after_kill, interrupted.after_kill + 1)
    assert f"\nepoch {resumed + 1}/{EPOCHS}" in interrupted.logs[0]
    assert f"\nepoch {resumed}/{EPOCHS}" not in interrupted.logs[0]


def test_a_terminated_trial_is_an_error_of_the_job_and_not_a_result(interrupted):
    assert interrupted.after_termination.returncode != 0
    assert "trial.json" not in interrupted.results_after_termination
    assert "resuming after epoch" in interrupted.logs[1]


def test_an_interrupted_trial_ends_with_the_same_weights_bit_for_bit(interrupted):
    expected, found = interrupted.arrays("uninterrupted"), interrupted.arrays("interrupted")
    assert sum(name.startswith("weights/") for name in expected) >= 6
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_an_interrupted_trial_has_the_whole_history(interrupted):
    def rows(results):
        lines = interrupted.workspace.path(f"{results}/trials/long/0/history.csv").read_text().splitlines()
        seconds = lines[0].split(",").index("seconds")
        return [[cell for i, cell in enumerate(line.split(",")) if i != seconds] for line in lines]

    assert len(rows("interrupted")) == 1 + EPOCHS
    assert rows("interrupted") == rows("uninterrupted")


def test_a_finished_trial_removes_its_checkpoint(interrupted):
    assert "checkpoint.npz" in interrupted.results_after_termination
    left = {file.name for file in interrupted.workspace.path("interrupted/trials/long/0").iterdir()}
    assert left == {"history.csv", "model.keras", "predictions.npz", "trial.json"}
