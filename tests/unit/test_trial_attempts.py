"""What a further attempt of a trial takes from an earlier one, and what a trial is that starts from a saved model."""

import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import small_trials
from small_trials import CPU, Killed, kill_after_epoch, tiny_spec, trial_spec_of, write_tiny

from lookbook.errors import ConfigError
from lookbook.runtime import compilations, devices, training_job, trial
from lookbook.training import fit as loop
from lookbook.training import setup as setups
from lookbook.training.setup import set_up


@pytest.fixture
def manifest(tmp_path) -> Path:
    return write_tiny(tmp_path / "data")


@pytest.fixture
def run(manifest, tmp_path):
    def run(log=lambda line: None, **more: Any) -> dict[str, Any]:
        return small_trials.run(trial_spec_of(tiny_spec()), manifest, tmp_path / "trial", log, **more)

    return run


def fail(error: Exception):
    def raising(*_, **__):
        raise error

    return raising


def test_a_trial_that_fails_late_continues_from_its_checkpoint(run, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(trial, "_write_results", fail(MemoryError()))
        assert run()["status"] == "out_of_memory"
    monkeypatch.setattr(loop, "_train_epoch", None)  # every epoch is trained
    assert run()["status"] == "ok"
    assert not list((tmp_path / "trial" / "state").iterdir())


def test_the_times_of_all_attempts_are_added(run):
    with pytest.raises(Killed):
        run(kill_after_epoch, started=time.perf_counter() - 1000)
    resumed = run()
    assert 1000 < resumed["phases"]["import"] < resumed["seconds"] < 1100


@pytest.mark.parametrize("changed", ["precision", "versions"])
def test_a_checkpoint_of_another_precision_or_version_is_not_continued(changed, run, monkeypatch):
    with pytest.raises(Killed):
        run(kill_after_epoch)
    if changed == "versions":
        monkeypatch.setattr(devices, "versions", lambda: {"keras": "another"})
    else:
        monkeypatch.setattr(setups, "choose_precision", lambda *_: "mixed_bfloat16")
    lines: list[str] = []
    assert run(lines.append)["status"] == "ok"
    assert not any(line.startswith("resuming") for line in lines)


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize(
    ("stored", "error", "ends"),
    [
        (True, ValueError("damaged"), "again"),
        (True, RuntimeError("RESOURCE_EXHAUSTED: no room"), "out_of_memory"),
        (False, ValueError("no kernel"), "failed"),
    ],
)
def test_an_error_of_the_compilation_is_that_of_the_trial_unless_it_was_stored(
    stored, error, ends, resumed, run, monkeypatch, tmp_path
):
    if resumed:
        with pytest.raises(Killed):
            run(kill_after_epoch)
    folder = tmp_path / "compilations"
    folder.mkdir()
    if stored:
        (folder / "program").write_bytes(b"compiled")

    def compiling(*_):
        (folder / "of this process").write_bytes(b"compiled")
        raise error

    monkeypatch.setattr(loop, "_batches", compiling)
    if ends == "again":
        with pytest.raises(OSError, match="they are removed: run again"):
            run(compilations_folder=folder)
        assert not compilations.holds_any(folder)
    else:
        assert run(compilations_folder=folder)["status"] == ends


@pytest.fixture
def prepared(monkeypatch):
    """The backend of this process is prepared once."""
    monkeypatch.setattr(devices, "prepare", lambda *_, **__: 0.0)
    monkeypatch.setattr(devices, "limit_threads", lambda _: None)
    monkeypatch.setattr(compilations, "keep_in", lambda *_: None)  # would leave a setting in the environment


def identity_of(manifest: Path, folder: Path, **initial: Path) -> tuple[str, str]:
    """Train by hand, and return the identity and what the specification says about the initial weights."""
    training_job.train(trial_spec_of(tiny_spec()), folder, manifest=manifest, **initial)
    facts = json.loads((folder / "trial.json").read_text())
    return facts["identity"], facts["spec"]["initial_weights"]


def test_the_saved_model_that_a_trial_starts_from_is_a_part_of_its_identity(manifest, tmp_path, prepared):
    plain = identity_of(manifest, tmp_path / "plain")
    first = identity_of(manifest, tmp_path / "first", initial_weights=tmp_path / "plain" / "model.keras")
    second = identity_of(manifest, tmp_path / "second", initial_weights=tmp_path / "first" / "model.keras")
    assert len({plain[0], first[0], second[0]}) == 3
    assert plain[1] is None
    assert len({first[1], second[1]}) == 2


def test_an_experiment_that_starts_from_another_one_needs_its_weights(manifest, tmp_path):
    spec = tiny_spec(initial_weights="base")
    with pytest.raises(ConfigError, match=r"starts from the weights of base: .* add --initial-weights"):
        training_job.train(trial_spec_of(spec), tmp_path / "trial", manifest=manifest)
    assert not (tmp_path / "trial").exists()


def test_images_augmented_before_training_do_not_depend_on_the_random_state_of_the_process():
    augmix = {"class_name": "AugMix", "config": {}}
    spec = tiny_spec(augmentation=[augmix], augmented_copies=2)

    def images() -> np.ndarray:
        return set_up(spec, 1, small_trials.DATA, CPU).data.images.whole()

    first = images()
    keras.utils.set_random_seed(99)
    np.testing.assert_array_equal(images(), first)


def test_a_few_images_do_not_split_up_a_large_split():
    spec = tiny_spec(limit={"train_images": None, "test_images": 1})
    assert set_up(spec, 1, small_trials.DATA, CPU).program.evaluation_batch == 64
