"""The command line of Snakemake, the console and the logs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import workspace

from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config

HEAVY = ("tensorflow", "keras", "jax", "torch", "matplotlib", "sklearn", "scipy", "statsmodels")
# Snakemake itself imports pandas, but only after it has read the Snakefile.
SPY = f"""
import atexit

def print_imports(when, names):
    print(when, sorted(set(names) & sys.modules.keys()), file=sys.stderr)

print_imports("read:", {(*HEAVY, "pandas")!r})
atexit.register(print_imports, "ended:", {HEAVY!r})
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Return the plan of the whole benchmark, with the imports of the planning."""
    work = workspace.copy_source(tmp_path_factory.mktemp("full") / "work")
    with work.path("Snakefile").open("a") as file:
        file.write(SPY)
    return work.plan()


def test_the_full_benchmark_is_listed_in_seconds(full):
    assert full.cpu_seconds < 15


def test_the_full_benchmark_is_listed_without_heavy_imports(full):
    assert "read: []" in full.output
    assert "ended: []" in full.output


def test_the_full_benchmark_trains_every_trial_of_every_experiment(full, tmp_path, monkeypatch):
    # The copy has no prepared datasets, so the checkout's own must not be found.
    monkeypatch.chdir(tmp_path)
    every = resolve(read_config([workspace.SOURCE / "config" / "config.yaml"]), workspace.SOURCE).values()
    assert full.trained == {(experiment.name, trial) for experiment in every for trial in range(experiment.trials)}
    assert full.jobs["train_trial"] == full.jobs["evaluate_trial"] == len(full.trained)


def test_a_machine_without_a_gpu_accepts_the_option_of_one(finished):
    finished.set("plain", training={"epochs": 1})
    wanted = "results/trials/plain/0/trial.json"
    assert finished.plan(wanted).trained == {("plain", 0)}
    finished.run(wanted, "--resources", "gpu=1")
    trial = json.loads(finished.path(wanted).read_text())
    assert trial["status"] == "ok"
    assert trial["device"].startswith("cpu")
    assert finished.plan(wanted).is_empty


def test_jobs_use_the_python_of_snakemake_independent_of_the_path(finished):
    bin_folder = Path(sys.executable).parent
    finished.path("results/trials/plain/0/metrics.json").unlink()
    run = subprocess.run(
        [bin_folder / "snakemake", "--cores", "2", "results/trials/plain/0/metrics.json"],
        cwd=finished.folder,
        env=workspace.environment_without(bin_folder),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert finished.path("results/trials/plain/0/metrics.json").exists()


def test_the_console_shows_how_many_trials_are_done_running_and_left(trained):
    lines = re.findall(r"trials: (\d+) done, (\d+) running, (\d+) left(?:, (\d+) failed)?(.*)", trained.output)
    counts = [tuple(int(number or 0) for number in line[:4]) for line in lines]
    # The two trials without results are counted apart.
    assert [done + failed for done, _, _, failed in counts] == list(range(1, 9))
    assert all(sum(count) == 8 for count in counts)
    assert counts[-1] == (6, 0, 0, 2)
    assert all("expected end " in line[4] for line in lines[:-1])


def test_a_training_log_has_one_line_per_epoch(trained):
    log = trained.workspace.path("results/logs/train_trial/plain/0.log").read_text()
    assert "plain, trial 0, seed 0" in log
    line = (
        r"epoch (\d)/2  loss \d\.\d+  accuracy 0\.\d+  validation loss \d\.\d+  validation accuracy 0\.\d+  "
        r"\d+\.\d s  [\d,]+ images/s  expected end \d\d:\d\d:\d\d"
    )
    assert re.findall(line, log) == ["1", "2"]


def test_the_snakefile_of_the_catalog_runs_the_whole_workflow(fresh):
    plan = fresh.plan("-s", "workflow/Snakefile")
    assert plan.jobs["render_report"] == 1
    assert plan.jobs["train_trial"] > 1
