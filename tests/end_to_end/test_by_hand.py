"""A person trains a model, trains it further and tests it, without Snakemake."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


def call(script: str, *arguments: object) -> str:
    """Run a script as a person does and return what it prints."""
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def test_a_model_is_trained_continued_and_tested_from_the_command_line(tmp_path):
    call("prepare_dataset.py", "sample", "--output", tmp_path / "sample")
    manifest = ["--manifest", tmp_path / "sample" / "manifest.json"]
    budget = [*manifest, "--set", "training.epochs=1", "--set", "limit.train_images=1000"]
    call("train_trial.py", "exp001", "--output", tmp_path / "first", *budget)
    weights = ["--initial-weights", tmp_path / "first" / "model.keras"]
    told = call("train_trial.py", "exp001", "--output", tmp_path / "second", *budget, *weights)
    assert "exp001, trial 0, seed 0" in told
    assert "ok after" in told
    assert re.search(rf"^test accuracy 0\.\d+: {tmp_path}/second/model.keras$", told, re.MULTILINE)

    histories = [(tmp_path / name / "history.csv").read_text().splitlines() for name in ("first", "second")]
    first, second = (dict(zip(*(line.split(",") for line in rows), strict=True)) for rows in histories)
    assert float(second["train_loss"]) < float(first["train_loss"])

    tested = json.loads(call("evaluate_model.py", tmp_path / "second" / "model.keras", *manifest, "--json"))
    assert (tested["split"], tested["samples"]) == ("test", 1000)
    with np.load(tmp_path / "second" / "predictions.npz") as saved:
        expected = -saved["test_log_likelihood"].mean(dtype=np.float64)
    assert tested["cross_entropy"] == pytest.approx(expected, abs=1e-4)


def test_a_command_prepares_the_dataset_that_it_needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--set", "dataset=sample", "--set", "training.epochs=1", "--set", "limit.train_images=1000"]
    told = call("train_trial.py", "exp001", "--output", "my/exp001", *small)
    assert "preparing sample in resources/datasets/sample" in told
    again = call("train_trial.py", "exp001", "--output", "my/again", *small)
    assert "preparing" not in again
    accuracy = re.search(r"^test accuracy (0\.\d+): my/exp001/model.keras$", told, re.MULTILINE)[1]
    # The dataset is that of trial.json beside the model.
    assert re.search(rf"^accuracy +{accuracy}$", call("evaluate_model.py", "my/exp001/model.keras"), re.MULTILINE)
