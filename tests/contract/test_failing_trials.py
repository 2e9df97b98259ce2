"""A trial that fails for a reason of its own is a result; a failure of its environment is an error of the job."""

import json
import subprocess
import sys

import numpy as np

FAILING = {"diverges": "diverged", "unvalidated": "failed"}


def trial(workspace, experiment, number=0):
    return json.loads(workspace.path(f"results/trials/{experiment}/{number}/trial.json").read_text())


def row_of(experiment, report):
    """Return the row of an experiment in the report's table of failures."""
    failures = report.partition("## Failures")[2].partition("\n## ")[0]
    return next(line for line in failures.splitlines() if line.startswith(f"| `{experiment}`"))


def test_the_other_trials_finish(finished):
    for experiment in ("plain", "heir", "convolution"):
        assert [trial(finished, experiment, number)["status"] for number in (0, 1)] == ["ok", "ok"]


def test_a_finished_trial_is_evaluated_before_the_last_one_is_trained(finished):
    times = {
        name: sorted(path.stat().st_mtime for path in finished.path("results/trials").glob(f"*/*/{name}"))
        for name in ("trial.json", "metrics.json")
    }
    assert len(times["metrics.json"]) > 4
    # With two cores, at most two trials wait for their evaluation.
    assert all(
        evaluated < trained for evaluated, trained in zip(times["metrics.json"], times["trial.json"][3:], strict=False)
    )


def test_a_failed_trial_states_the_reason(finished):
    assert trial(finished, "diverges")["status"] == "diverged"
    unvalidated = trial(finished, "unvalidated")
    assert unvalidated["status"] == "failed"
    assert "ValueError" in unvalidated["error"]
    assert "early_stopping" in unvalidated["traceback"]


def test_the_report_names_every_failure_with_its_log(finished):
    report = finished.path("results/report/report.md").read_text()
    for experiment, status in FAILING.items():
        row = row_of(experiment, report)
        assert status in row
        log = f"results/logs/train_trial/{experiment}/0.log"
        assert log in row
        assert finished.path(log).is_file()
    page = finished.path("results/report/report.html").read_text()
    assert all(experiment in page for experiment in FAILING)


def test_failed_trials_alone_are_tried_again_and_told_at_once_and_at_the_end(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.path("results/trials").glob("*/*/trial.json")}
    script = [sys.executable, finished.path("workflow/scripts/discard_failed.py")]
    arguments = ["--experiments", finished.path("results/experiments.json")]
    told = subprocess.run([*script, *arguments], check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == ["2 trials without results are removed", "diverges/0", "unvalidated/0"]
    done = finished.snakemake("--cores", "2")
    assert done.status == 0, done.output
    again = {path for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert {path.parts[-3] for path in again} == set(FAILING)
    lines = [line for line in done.output.splitlines() if line.startswith("FAILED ")]
    assert len(lines) == 4
    (reason,) = {line for line in lines if line.startswith("FAILED unvalidated/0: ValueError: ")}
    assert reason.endswith("log: results/logs/train_trial/unvalidated/0.log")
    assert "2 failed" in done.output


def test_the_report_names_the_log_in_another_results_folder(finished):
    finished.path("results").rename(finished.path("elsewhere"))
    (log,) = finished.path("elsewhere").glob("logs/train_trial/diverges/0.log")
    finished.run("--config", "results=elsewhere", "--touch")
    finished.run("--config", "results=elsewhere", "--forcerun", "render_report")
    report = finished.path("elsewhere/report/report.md").read_text()
    assert str(log.relative_to(finished.folder)) in row_of("diverges", report)


def test_damaged_data_is_an_error_of_the_job_and_not_a_result(fresh):
    fresh.run("resources/datasets/sample/manifest.json")
    images = fresh.path("resources/datasets/sample/train_images.npy")
    whole = np.load(images)
    flipped = whole.copy()
    flipped[0, 0, 0, 0] ^= 1

    only = ("results/trials/plain/0/trial.json",)
    for content, expected in ((whole[:10], "but the manifest requires"), (flipped, "differs from the SHA-256")):
        np.save(images, content)
        failed = fresh.snakemake("--cores", "2", *only)
        assert failed.status != 0
        assert expected in failed.output
        assert "prepare the dataset with: snakemake" in failed.output
        assert "Traceback" not in failed.output
        assert not fresh.path("results/trials/plain/0/trial.json").exists()

    np.save(images, whole)
    fresh.run(*only)
    assert trial(fresh, "plain")["status"] == "ok"


def test_missing_data_is_prepared_again_and_retrains_nothing(finished):
    finished.path("resources/datasets/sample/train_images.npy").unlink()
    finished.path("results/report/report.md").unlink()
    assert not finished.plan().trained
