"""Whatever process of a run is killed or told to end, its jobs end, and the same command continues."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import running
import workspace
from workspace import Workspace

from lookbook.files import NODE

SCRIPT = workspace.SOURCE / "workflow" / "scripts" / "train_trial.py"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Workspace:
    """Return the benchmark with its dataset and, as ``whole``, the results of an undisturbed run."""
    created = workspace.create(tmp_path_factory.mktemp("processes") / "work", experiments=running.LONG)
    created.run("--until", "train_trial", "--config", "results=whole")
    return created


def facts(work: Workspace, results: str, trial: int = 0) -> dict:
    return json.loads(work.path(f"{results}/trials/long/{trial}/trial.json").read_text())


def same_results(work: Workspace, results: str) -> bool:
    """Return whether both trials have the predictions of the undisturbed run, bit for bit, and nothing else is left."""
    for trial in (0, 1):
        if (
            facts(work, results, trial)["files"]["predictions.npz"]
            != facts(work, "whole", trial)["files"]["predictions.npz"]
        ):
            return False
        left = {path.name for path in work.path(f"{results}/trials/long/{trial}").iterdir()}
        if left != {"trial.json", "history.csv", "model.keras", "predictions.npz"}:
            return False
    return True


def continue_run(work: Workspace, results: str) -> str:
    """Run the same command again; it must succeed."""
    process = running.start(work, results)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def test_the_jobs_of_a_main_process_that_is_killed_alone_end_and_the_next_run_continues_them(prepared):
    process = running.start(prepared, "killed")
    running.wait_for_epoch(prepared, "killed", 2, process)
    jobs = running.jobs_of(process)
    assert len(jobs) == 2
    os.kill(process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(jobs, timeout=10)
    assert alive == []
    assert process.wait() == -signal.SIGKILL
    assert "has ended; this process ends too" in running.log(prepared, "killed", 0)

    continue_run(prepared, "killed")
    for trial in (0, 1):
        text = running.log(prepared, "killed", trial)
        # Both jobs have their lines in the log; no epoch is trained twice, and the second job resumes.
        assert text.count(": attempt 1, process ") == 2
        assert text.count("resuming after epoch") == 1
        assert running.epochs(text) == sorted(running.epochs(text))
        assert set(running.epochs(text)) >= set(range(1, running.EPOCHS + 1)) - {3}
    assert same_results(prepared, "killed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_main_process_that_is_told_to_end_waits_for_its_jobs_and_loses_nothing(prepared, number):
    results = f"main_{number.name}"
    process = running.start(prepared, results)
    running.wait_for_epoch(prepared, results, 1, process)
    os.kill(process.pid, number)
    output, _ = process.communicate(timeout=600)
    assert "Traceback" not in output
    assert same_results(prepared, results)
    again = continue_run(prepared, results)
    assert not re.search(r"^train_trial ", again, re.MULTILINE)
    assert running.epochs(running.log(prepared, results, 0)) == list(range(1, running.EPOCHS + 1))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_process_group_that_is_told_to_end_does_and_the_next_run_continues(prepared, number):
    results = f"group_{number.name}"
    process = running.start(prepared, results)
    running.wait_for_epoch(prepared, results, 2, process)
    jobs = running.jobs_of(process)
    os.killpg(process.pid, number)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert psutil.wait_procs(jobs, timeout=10)[1] == []
    continue_run(prepared, results)
    assert "resuming after epoch" in running.log(prepared, results, 0)
    assert same_results(prepared, results)


def trial_job(work: Workspace, folder: Path, *arguments: object, **options) -> subprocess.Popen:
    """Start a training job as the rule does."""
    spec = facts(work, "whole")
    trial_spec = json.loads(work.path("spec.json").read_text())
    assert spec["seed"] == trial_spec["seed"]
    return subprocess.Popen(
        [
            sys.executable,
            SCRIPT,
            "--trial-spec",
            json.dumps(trial_spec),
            "--manifest",
            work.path("resources/datasets/sample/manifest.json"),
            "--output",
            folder,
            *map(str, arguments),
        ],
        cwd=work.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


@pytest.fixture(scope="module")
def with_spec(prepared) -> Workspace:
    """Write the specification of the first trial, as the rule passes it, to spec.json."""
    from lookbook.config.experiments import resolve
    from lookbook.config.trial_specs import read_config, trial_spec

    config = read_config([prepared.path("config/config.yaml")])
    experiments = resolve(config | {"experiments": None}, prepared.folder)
    spec = trial_spec(experiments["long"], 0, 0, experiments)
    prepared.path("spec.json").write_text(json.dumps(spec))
    return prepared


def test_a_second_job_of_a_trial_waits_and_adopts_the_results_of_the_first(with_spec, tmp_path):
    first = trial_job(with_spec, tmp_path / "0")
    running.wait_until(lambda: (tmp_path / "0" / "checkpoint.npz").exists(), first)
    second = trial_job(with_spec, tmp_path / "0")
    outputs = [process.communicate(timeout=300)[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert running.epochs(outputs[0]) == list(range(1, running.EPOCHS + 1))
    assert f"waiting for process {first.pid} on " in outputs[1]
    assert "results are complete and are kept" in outputs[1]
    assert running.epochs(outputs[1]) == []


def test_a_second_job_continues_when_the_first_is_killed(with_spec, tmp_path):
    folder = tmp_path / "0"
    first = trial_job(with_spec, folder)
    running.wait_until(lambda: (folder / "checkpoint.npz").exists(), first)
    second = trial_job(with_spec, folder)
    for line in second.stdout:
        if "waiting for process" in line:
            break
    # What a job leaves that is killed while it writes, on this and on another node; the metrics are another job's.
    left = [folder / f".{place}.1.{name}" for place in (NODE, "other") for name in ("checkpoint.npz", "model.keras")]
    others = folder / ".other.1.metrics.json"
    for path in (*left, others):
        path.touch()
    first.kill()
    first.communicate()
    output, _ = second.communicate(timeout=300)
    assert second.returncode == 0, output
    assert f"taken over from process {first.pid}" in output
    assert "resuming after epoch" in output
    names = {"trial.json", "history.csv", "model.keras", "predictions.npz", others.name}
    assert {path.name for path in folder.iterdir()} == names


@pytest.mark.parametrize("damage", ["trial.json", "model.keras", "identity"])
def test_results_that_are_not_intact_are_not_adopted(with_spec, tmp_path, damage):
    folder = tmp_path / "0"
    shutil.copytree(with_spec.path("whole/trials/long/0"), folder)
    if damage == "identity":
        content = json.loads((folder / "trial.json").read_text())
        (folder / "trial.json").write_text(json.dumps(content | {"identity": "0" * 64}))
    else:
        (folder / damage).write_bytes((folder / damage).read_bytes()[:-2])
    process = trial_job(with_spec, folder)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert len(running.epochs(output)) == running.EPOCHS


def test_intact_results_are_adopted_by_a_job_of_the_rule_only(with_spec, tmp_path):
    folder = tmp_path / "0"
    shutil.copytree(with_spec.path("whole/trials/long/0"), folder)
    process = trial_job(with_spec, folder)
    output, _ = process.communicate(timeout=300)
    assert (process.returncode, running.epochs(output)) == (0, [])
    by_hand = subprocess.run(
        [sys.executable, SCRIPT, "long", "--output", folder],
        cwd=with_spec.folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert len(running.epochs(by_hand.stdout)) == running.EPOCHS
