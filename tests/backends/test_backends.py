"""JAX computes what plain Keras computes on JAX, and what TensorFlow computes.

JAX is installed in a separate environment (`make test-jax`); LOOKBOOK_JAX_PYTHON is its Python.
"""

import csv
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config, trial_spec

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
STEPS = Path(__file__).with_name("steps.py")
PYTHON = {"tensorflow": sys.executable, "jax": os.environ.get("LOOKBOOK_JAX_PYTHON")}

pytestmark = pytest.mark.skipif(not PYTHON["jax"], reason="JAX needs its own environment: make test-jax")


def run(backend: str, *arguments: str | Path) -> str:
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    if backend == "jax":
        environment["JAX_PLATFORMS"] = "cpu"
    done = subprocess.run(
        [PYTHON[backend], *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def weights(path: Path) -> list[np.ndarray]:
    with np.load(path) as arrays:
        return [arrays[key] for key in arrays.files]


def largest_difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("network", ["dense", "later", "scaled", "batch_norm", "penalised"])
def test_100_steps_agree_with_plain_keras_and_with_tensorflow(network, tmp_path):
    start = tmp_path / "start.npz"
    ends = {}
    for backend, how in [("tensorflow", "compiled"), ("jax", "compiled"), ("jax", "streamed"), ("jax", "fit")]:
        run(backend, STEPS, network, how, start, end := tmp_path / f"{backend}_{how}.npz")
        ends[backend, how] = weights(end)
    before, ours = weights(start), ends["jax", "compiled"]
    assert largest_difference(before, ours) > 0.01
    assert largest_difference(ends["jax", "fit"], ours) < 1e-4
    assert largest_difference(ends["jax", "streamed"], ours) < 1e-4
    assert largest_difference(ends["tensorflow", "compiled"], ours) < 1e-3


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    run("tensorflow", SCRIPTS / "prepare_dataset.py", "sample", "--output", folder)
    return folder / "manifest.json"


def trial_spec_on_jax(name: str, trial: int = 0) -> str:
    config = read_config([ROOT / "config" / "config.yaml", ROOT / "config" / "quick.yaml"])
    config["devices"]["backend"] = "jax"
    experiments = resolve(config | {"experiments": None}, ROOT)
    return json.dumps(trial_spec(experiments[name], trial, 0, experiments))


def test_the_counter_of_earlier_trials_changes_the_weights(tmp_path):
    start = tmp_path / "start.npz"
    for network in ("dense", "later"):
        run("jax", STEPS, network, "compiled", start, tmp_path / f"{network}.npz")
    assert largest_difference(weights(tmp_path / "dense.npz"), weights(tmp_path / "later.npz")) > 1e-3


def test_a_trial_on_jax_counts_the_steps_of_earlier_trials(sample, tmp_path):
    spec = json.loads(trial_spec_on_jax("exp111_as_committed", trial=2))
    spec["spec"] |= {"model": {"class_name": "mlp", "config": {"units": [8]}}}
    run(
        *("jax", SCRIPTS / "train_trial.py", "--trial-spec", json.dumps(spec)),
        *("--manifest", sample, "--output", tmp_path),
    )
    trial = json.loads((tmp_path / "trial.json").read_text())
    assert trial["status"] == "ok", trial["traceback"]
    with (tmp_path / "history.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    # The restarts are at steps 100, 300, 700, 1500, 3100 and 6300; the counter is beyond the start of the last.
    share = (2 * 3760 + trial["steps"] - 6300) / 6400
    assert float(row["learning_rate"]) == pytest.approx(1e-3 * (1 + math.cos(math.pi * share)) / 2, rel=1e-3)


# Repeated images in a batch; copies made before training; early stopping, batch normalization and penalties; averaged
# weights.
@pytest.mark.parametrize("name", ["growing_batch_paper_n2", "growing_batch_n1_k4_e10", "exp106", "mini_vgg"])
def test_a_trial_runs_on_jax_and_states_it(name, sample, tmp_path):
    run(
        "jax",
        SCRIPTS / "train_trial.py",
        "--trial-spec",
        trial_spec_on_jax(name),
        "--manifest",
        sample,
        "--output",
        tmp_path,
    )
    trial = json.loads((tmp_path / "trial.json").read_text())
    assert trial["status"] == "ok", trial["traceback"]
    assert trial["spec"]["backend"] == "jax"
    assert "jax" in trial["versions"]
    assert "tensorflow" not in trial["versions"]
    # TensorFlow can load and evaluate the model that JAX saved.
    metrics = run("tensorflow", SCRIPTS / "evaluate_model.py", tmp_path / "model.keras", "--manifest", sample, "--json")
    assert json.loads(metrics)["samples"] == 1000


def test_the_predictions_of_a_trial_on_jax_are_averaged_over_transforms(sample, tmp_path):
    spec = json.loads(trial_spec_on_jax("exp001"))
    spec["spec"] |= {"evaluation": {"average_over": ["identity", "horizontal_flip"]}}
    spec["spec"]["limit"]["test_images"] = None
    run(
        *("jax", SCRIPTS / "train_trial.py", "--trial-spec", json.dumps(spec)),
        *("--manifest", sample, "--output", tmp_path),
    )
    with np.load(tmp_path / "predictions.npz") as saved:
        rows, loss = saved["test_rows"], -saved["test_log_likelihood"].mean(dtype=np.float64)
    found = {}
    for transforms in (["identity", "horizontal_flip"], ["identity"]):
        arguments = [tmp_path / "model.keras", "--manifest", sample, "--json", "--average-over", *transforms]
        found[len(transforms)] = json.loads(run("tensorflow", SCRIPTS / "evaluate_model.py", *arguments))
    assert len(rows) == found[2]["samples"]
    assert found[2]["cross_entropy"] == pytest.approx(loss, abs=1e-4)
    assert abs(found[1]["cross_entropy"] - loss) > 1e-3


def test_the_backend_is_part_of_a_trial_specification():
    config = read_config([ROOT / "config" / "config.yaml"])
    both = {}
    for backend in ("tensorflow", "jax"):
        config["devices"]["backend"] = backend
        experiments = resolve(config | {"experiments": None}, ROOT)
        both[backend] = trial_spec(experiments["exp001"], 0, 0, experiments)
    assert both["jax"]["spec"].pop("backend") == "jax"
    assert both["tensorflow"]["spec"].pop("backend") == "tensorflow"
    assert both["jax"]["spec"] == both["tensorflow"]["spec"]
    assert both["jax"]["code_digest"] != both["tensorflow"]["code_digest"]


THREADS = """
import os, sys

sys.path.insert(0, sys.argv[1])
from lookbook.runtime import devices

devices.prepare(int(sys.argv[2]), False, backend="jax")
import jax.numpy as jnp

(jnp.ones((500, 500)) @ jnp.ones((500, 500))).block_until_ready()
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux lists the threads of a process")
def test_the_number_of_threads_of_a_trial_is_that_of_jax():
    two, twelve = (int(run("jax", "-c", THREADS, SCRIPTS, number)) for number in ("2", "12"))
    assert twelve >= two + 10
