"""XLA's compilations are stored for the next trial of the same experiment, and removed if they are damaged."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookbook.config.trial_specs import CONFIG, trial_spec_by_hand
from lookbook.datasets import fashion_mnist
from lookbook.runtime import compilations

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
SETTINGS = ["training.epochs=1", "limit.train_images=640", "limit.test_images=50", "compile=xla"]


def trial_spec(*settings: str) -> dict:
    return trial_spec_by_hand("exp001", 0, [CONFIG], [*SETTINGS, *settings])


def test_each_experiment_has_a_folder_of_its_own_and_its_trials_share_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one, other = trial_spec(), trial_spec("optimizer.config.learning_rate=0.01")
    assert compilations.folder_for(one).is_relative_to(tmp_path)
    assert compilations.folder_for(one) == compilations.folder_for(one | {"trial": 7, "seed": 7})
    assert compilations.folder_for(one) != compilations.folder_for(other)
    assert compilations.folder_for(one) != compilations.folder_for(one | {"code_digest": "another"})


@pytest.mark.parametrize("changed", ["installed_version", "devices.processor_flags"])
def test_another_version_of_the_compiler_or_another_processor_has_another_folder(changed, monkeypatch):
    before = compilations.folder_for(trial_spec())
    monkeypatch.setattr(f"lookbook.runtime.compilations.{changed}", lambda *_: "another")
    assert compilations.folder_for(trial_spec()) != before


def test_a_folder_that_cannot_be_created_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(os, "environ", {})
    compilations.keep_in(tmp_path / "file" / "kept", "tensorflow")
    assert os.environ == {}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_settings_of_the_environment_take_precedence(backend, tmp_path, monkeypatch):
    own = {"TF_XLA_FLAGS": "--tf_xla_persistent_cache_directory=/mine", "JAX_COMPILATION_CACHE_DIR": "/mine"}
    monkeypatch.setattr(os, "environ", dict(own))
    compilations.keep_in(tmp_path / "kept", backend)
    assert {key: os.environ[key] for key in own} == own


def test_other_flags_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", {"TF_XLA_FLAGS": "--tf_xla_auto_jit=0"})
    compilations.keep_in(tmp_path / "kept", "tensorflow")
    assert os.environ["TF_XLA_FLAGS"].split() == [
        "--tf_xla_auto_jit=0",
        f"--tf_xla_persistent_cache_directory={tmp_path / 'kept'}",
    ]


def test_a_second_trial_loads_the_compilations_of_the_first_and_damaged_ones_are_removed(tmp_path):
    fashion_mnist.prepare("sample", tmp_path / "sample")
    # A trial that another test trains in this process leaves a setting, which would take precedence.
    environment = {name: value for name, value in os.environ.items() if name != "TF_XLA_FLAGS"}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")

    def train(number: int) -> subprocess.CompletedProcess:
        command = [sys.executable, SCRIPTS / "train_trial.py"]
        command += ["--trial-spec", json.dumps(trial_spec() | {"trial": number})]
        command += ["--manifest", tmp_path / "sample" / "manifest.json", "--output", tmp_path / str(number)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def trial(number: int) -> dict:
        return json.loads((tmp_path / str(number) / "trial.json").read_text())

    def history(number: int) -> dict:
        with (tmp_path / str(number) / "history.csv").open() as file:
            return next(csv.DictReader(file))

    assert train(0).returncode == 0
    stored = [path for path in (tmp_path / "cache").glob("lookbook/compilations/*/*") if path.is_file()]
    assert stored
    before = {path: path.stat().st_mtime_ns for path in stored}
    loaded = train(1)
    # The messages of TensorFlow and XLA about their start and the stored compilations are hidden.
    assert (loaded.returncode, loaded.stderr) == (0, "")
    # A new compilation would write the files again.
    assert {path: path.stat().st_mtime_ns for path in before} == before
    first, second = [history(n) for n in (0, 1)]
    # All columns but the time are equal to the last bit.
    assert first | {"seconds": None} == second | {"seconds": None}

    for path in stored:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    broken = train(2)
    assert broken.returncode != 0
    assert "they are removed: run again" in broken.stderr
    assert not (tmp_path / "2" / "trial.json").exists()
    assert train(2).returncode == 0
    assert trial(2)["status"] == "ok"
