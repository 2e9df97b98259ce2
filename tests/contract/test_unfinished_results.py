"""A result that an interrupted, failed or damaged job left behind is made again, never taken for the new one."""

import json
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import running
import workspace

EXPERIMENTS = "config/experiments/tiny.yaml"
TRIAL = "results/trials/plain/0"
# A file of every rule of the tiny benchmark.
OUTPUTS = {
    "train_trial": f"{TRIAL}/trial.json",
    "evaluate_trial": f"{TRIAL}/metrics.json",
    "resolve_experiments": "results/experiments.json",
    "plan_trials": "results/plan.json",
    "collect_trials": "results/trials.csv",
    "summarise": "results/summary.csv",
    "compare_epochs": "results/epochs.csv",
    "judge_claims": "results/claims.csv",
    "combine_ensembles": "results/ensembles.csv",
    "estimate_factorials": "results/factorials.csv",
    "plot_learning_curves": "results/figures/learning_curves/plain.svg",
    "summarise_histories": "results/curves.csv",
    "plot_cost": "results/figures/cost.svg",
    "plot_published": "results/figures/published.svg",
    "render_report": "results/report/report.md",
}


def trial(work, number=0):
    return json.loads(work.path(f"results/trials/plain/{number}/trial.json").read_text())


@pytest.mark.parametrize("rule", OUTPUTS)
def test_a_missing_result_is_made_again(finished, rule):
    finished.path(OUTPUTS[rule]).unlink()
    assert rule in finished.plan().jobs


def kill_training(work):
    """Start a run and kill its training processes, as a lack of memory does."""
    # Not a pipe, which a long output would fill while nobody reads it.
    with work.path("output.txt").open("w") as output:
        process = subprocess.Popen(
            workspace.command("--cores", "1"), cwd=work.folder, stdout=output, stderr=subprocess.STDOUT
        )
    while process.poll() is None:
        for job in running.jobs_of(process):
            with suppress(psutil.Error):  # it has ended meanwhile
                job.kill()
        time.sleep(0.1)
    assert process.returncode != 0, work.path("output.txt").read_text()


def fail_training(work):
    """Let the training jobs of a run meet damaged images."""
    images = work.path("resources/datasets/sample/train_images.npy")
    content = images.read_bytes()
    images.write_bytes(content[:1000])
    assert work.snakemake("--cores", "2").status != 0
    images.write_bytes(content)


@pytest.mark.parametrize("interrupt", [kill_training, fail_training])
def test_an_interrupted_retraining_is_made_up_for(finished, interrupt):
    finished.replace(EXPERIMENTS, "{epochs: 2, batch_size: 20}", "{epochs: 3, batch_size: 20}")
    interrupt(finished)
    assert not finished.path(f"{TRIAL}/trial.json").exists()

    plan = finished.plan()
    assert {("plain", 0), ("plain", 1)} <= plan.trained
    finished.run()
    assert trial(finished)["epochs"] == trial(finished, 1)["epochs"] == 3
    assert finished.plan().is_empty
    table = finished.path("results/trials.csv").read_text()
    assert trial(finished)["identity"] in table


def test_damaged_predictions_are_an_error_until_the_trial_is_trained_again(finished):
    predictions = finished.path(f"{TRIAL}/predictions.npz")
    with np.load(predictions) as arrays:
        expected = {name: arrays[name] for name in arrays.files}
    predictions.write_bytes(predictions.read_bytes()[:100])
    for _ in range(2):
        failed = finished.snakemake("--cores", "2")
        assert failed.status != 0
        assert f"{TRIAL}/predictions.npz is damaged" in failed.output
        assert "Traceback" not in failed.output
    remedy = f"snakemake --cores 2 --forcerun {TRIAL}/trial.json"
    assert remedy in failed.output
    finished.run(*remedy.split()[3:])
    with np.load(predictions) as arrays:
        for name, array in expected.items():
            np.testing.assert_array_equal(arrays[name], array)
    assert finished.plan().is_empty


@pytest.mark.parametrize("name", ["metrics.json", "trial.json"])
def test_a_result_of_another_trial_is_refused(finished, name):
    shown = finished.path(f"results/trials/heir/0/{name}").read_text()
    Path(finished.path(f"{TRIAL}/{name}")).write_text(shown)
    failed = finished.snakemake("--cores", "2", "--forcerun", "collect_trials")
    assert failed.status != 0
    assert f"{TRIAL}/{name}" in failed.output
