"""Augmented copies are never those of another configuration or source: a trial makes its own, each time.

Copies were files once. After a swap of their number and their operations, an edited operation, or another seed, an
interrupted run kept the old ones.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import running
import workspace
from workspace import Workspace

COPIES = """\
document: copies
experiments:
  copies:
    title: augmented copies
    dataset: sample
    trials: 1
    limit: {train_images: 600, test_images: 100}
    model: {class_name: mlp, config: {units: [8]}}
    augmentation: [{class_name: one_of_k, config: {k: 7}}]
    augmented_copies: 4
    training: {epochs: 6, batch_size: 20}
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Workspace:
    created = workspace.create(tmp_path_factory.mktemp("copies") / "work", experiments=COPIES)
    created.run("resources/datasets/sample/manifest.json")
    return created


def job(work: Workspace, folder: Path, trial: int = 0) -> subprocess.Popen:
    command = [sys.executable, work.path("workflow/scripts/train_trial.py"), "copies", "--trial", str(trial)]
    return subprocess.Popen(
        [*command, "--output", folder], cwd=work.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def predictions(work: Workspace, folder: Path, trial: int = 0) -> tuple[str, str]:
    """Train a trial to its end; return the SHA-256 of its predictions and its log."""
    process = job(work, folder, trial)
    log, _ = process.communicate(timeout=300)
    assert process.returncode == 0, log
    return json.loads((folder / "trial.json").read_text())["files"]["predictions.npz"], log


def swap(work: Workspace) -> int:
    work.replace(workspace.EXPERIMENTS, "{k: 7}", "{k: 4}")
    work.replace(workspace.EXPERIMENTS, "augmented_copies: 4", "augmented_copies: 7")
    return 0


def edit(work: Workspace) -> int:
    work.replace("workflow/scripts/lookbook/augmentation/one_of_k.py", "degrees=45.0", "degrees=30.0")
    return 0


def other_seed(work: Workspace) -> int:
    return 1


@pytest.mark.parametrize("change", [swap, edit, other_seed])
def test_an_interrupted_trial_continues_with_the_copies_of_the_changed_one(change, work, tmp_path):
    folder = tmp_path / "trial"
    process = job(work, folder)
    running.wait_until(lambda: (folder / "checkpoint.npz").exists(), process)
    process.kill()
    process.communicate()

    trial = change(work)
    found, log = predictions(work, folder, trial)
    assert "resuming" not in log
    assert found == predictions(work, tmp_path / "fresh", trial)[0]
