"""The commands that a person gives, and what the console and the logs say meanwhile."""

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

def say_what_is_imported(when, names):
    print(when, sorted(set(names) & sys.modules.keys()), file=sys.stderr)

say_what_is_imported("read:", {(*HEAVY, "pandas")!r})
atexit.register(say_what_is_imported, "ended:", {HEAVY!r})
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """What Snakemake would do for the whole benchmark, and what it imports to find out."""
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
    # What this checkout has prepared is not there in the copy either.
    monkeypatch.chdir(tmp_path)
    every = resolve(read_config([workspace.SOURCE / "config" / "config.yaml"]), workspace.SOURCE).values()
    assert full.trained == {(experiment.name, trial) for experiment in every for trial in range(experiment.trials)}
    assert full.jobs["train_trial"] == full.jobs["evaluate_trial"] == len(full.trained)


def test_a_machine_without_a_gpu_needs_no_option_and_takes_one(finished):
    finished.set("plain", training={"epochs": 1})
    wanted = "results/trials/plain/0/trial.json"
    assert finished.plan(wanted).trained == {("plain", 0)}
    finished.run(wanted, "--resources", "gpu=1")
    trial = json.loads(finished.path(wanted).read_text())
    assert trial["status"] == "ok"
    assert trial["device"].startswith("cpu")
    assert finished.plan(wanted).is_empty


def test_jobs_run_under_the_python_of_snakemake_whatever_the_path_is(finished):
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


def test_the_console_tells_how_many_trials_are_done_running_and_left(trained):
    lines = re.findall(r"trials: (\d+) done, (\d+) running, (\d+) left(.*)", trained.output)
    counts = [tuple(map(int, line[:3])) for line in lines]
    assert [done for done, _, _ in counts] == list(range(1, 9))
    assert all(sum(count) == 8 for count in counts)
    assert counts[-1] == (8, 0, 0)
    assert all("training ends about" in line[3] for line in lines[:-1])


def test_a_training_log_has_a_line_an_epoch(trained):
    log = trained.workspace.path("results/logs/train/plain/0.log").read_text()
    assert "plain, trial 0, seed 0" in log
    line = (
        r"epoch (\d)/2  loss \d\.\d+  accuracy 0\.\d+  validation \d\.\d+, 0\.\d+  "
        r"\d+\.\d s  [\d,]+ images/s  ends by \d\d:\d\d:\d\d"
    )
    assert re.findall(line, log) == ["1", "2"]


def test_the_catalogs_snakefile_runs_the_whole_workflow(fresh):
    plan = fresh.plan("-s", "workflow/Snakefile")
    assert plan.jobs["render_report"] == 1
    assert plan.jobs["train_trial"] > 1
