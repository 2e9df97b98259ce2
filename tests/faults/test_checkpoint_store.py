"""With a folder for checkpoints that nodes share, a trial resumes although its node is lost with all of its files."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_trials import few, sample_spec, trial_spec_of, write_sample

from lookbook.runtime import training_job

SCRIPT = Path(training_job.__file__).parents[2] / "train_trial.py"


def start(folder: Path, store: Path, manifest: Path, seed: int, epochs: int) -> subprocess.Popen:
    """Start a job that trains trial 0 of an experiment into a folder."""
    trial_spec = json.dumps(trial_spec_of(sample_spec("exp001", training=few(epochs)), seed))
    files = ["--trial-spec", trial_spec, "--manifest", manifest, "--output", folder]
    return subprocess.Popen(
        [sys.executable, SCRIPT, *files],
        env=os.environ | {"LOOKBOOK_CHECKPOINTS": str(store)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_job_resumes_from_the_store_and_never_from_the_checkpoint_of_another_benchmark(tmp_path):
    manifest, store = write_sample(tmp_path / "data"), tmp_path / "store"
    store.mkdir()

    lost = start(tmp_path / "node 1", store, manifest, seed=1, epochs=60)
    lines = iter(lost.stdout.readline, "")
    assert any(line.startswith("epoch 2/") for line in lines), "the job ended before its second epoch"
    lost.kill()
    lost.communicate()
    assert names(tmp_path / "node 1") == ["trial.lock"]
    shutil.rmtree(tmp_path / "node 1")
    (checkpoint,) = store.glob("mine_0_*.npz")

    # Another benchmark has an experiment of the same name.
    other, _ = start(tmp_path / "other", store, manifest, seed=2, epochs=1).communicate()
    assert "resuming" not in other
    assert "ok after" in other
    assert list(store.glob("mine_0_*.npz")) == [checkpoint]

    resumed, _ = start(tmp_path / "node 2", store, manifest, seed=1, epochs=60).communicate()
    assert "resuming after epoch" in resumed
    assert "epoch 1/" not in resumed
    assert json.loads((tmp_path / "node 2" / "trial.json").read_text())["epochs"] == 60
    assert names(store) == []


def test_of_two_nodes_with_the_same_trial_one_waits(tmp_path):
    manifest, store = write_sample(tmp_path / "data"), tmp_path / "store"
    store.mkdir()
    first = start(tmp_path / "node 1", store, manifest, seed=1, epochs=60)
    while not (locks := list(store.glob("mine_0_*.lock"))):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.01)
    second = start(tmp_path / "node 2", store, manifest, seed=1, epochs=60)
    try:
        lines = iter(second.stdout.readline, "")
        assert any(line.startswith(f"{locks[0]}: waiting for process {first.pid}") for line in lines)
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()


def test_a_store_that_is_not_mounted_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKBOOK_CHECKPOINTS", str(tmp_path / "absent"))
    manifest = write_sample(tmp_path / "data")
    with pytest.raises(training_job.ConfigError, match=r"checkpoints: .*absent is no folder"):
        training_job.train(trial_spec_of(sample_spec("exp001")), tmp_path / "trial", manifest=manifest)
    assert not (tmp_path / "trial").exists()
