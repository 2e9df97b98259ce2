"""On a real SLURM every rule runs, whatever happens to its jobs and nodes and to the main process."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import every_rule
import pytest
import slurm_cluster
import workspace

pytest.importorskip(
    "snakemake_executor_plugin_slurm", reason="the engines need their own environment: make test-engines"
)
if reason := slurm_cluster.unavailable():
    pytest.skip(f"SLURM cannot be started: {reason}", allow_module_level=True)

PROFILE = ("--profile", "profiles/slurm", "--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "3")
WITHOUT_ACCOUNTING = ("--slurm-status-command", "squeue", "--slurm-no-account")
JOBS = ("--jobs", "4", "--default-resources", "mem_mb=1000", "runtime=30")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    # A socket's path has at most 107 characters.
    with slurm_cluster.cluster(Path(tmp_path_factory.mktemp("s")) / "c") as environment:
        yield environment


def test_a_cluster_without_accounting_is_refused_unless_the_options_are_given(slurm, tmp_path):
    work = workspace.create(tmp_path / "work")
    done = work.snakemake(*PROFILE, environment=every_rule.environment(**slurm))
    assert done.status != 0
    assert "has no accounting" in done.output
    assert "add --slurm-status-command squeue --slurm-no-account" in done.output
    assert "Traceback" not in done.output
    assert not work.path("results").exists()


def test_the_settings_of_the_profile_survive_a_configuration_file_of_the_user(slurm, tmp_path):
    work = workspace.create(tmp_path / "work")
    work.path("mine.yaml").write_text("seed: 3\n")
    # Without --cores a dry run shows one thread for every job.
    arguments = ("--dry-run", "--cores", "8", "--configfile", "mine.yaml", "--config", "results=mine")
    done = work.snakemake(*PROFILE, *WITHOUT_ACCOUNTING, *arguments, environment=every_rule.environment(**slurm))
    assert done.status == 0, done.output
    blocks = re.split(r"^rule ", done.output, flags=re.MULTILINE)
    trials = [block for block in blocks if block.startswith("train_trial:")]
    assert len(trials) == 8
    assert all(re.search(r"threads: 2\n.*\bgpu=1\b", block) for block in trials)


def test_the_results_are_those_of_a_local_run_whatever_is_cancelled_drained_and_killed(slurm, local, tmp_path):
    work = every_rule.create(tmp_path / "work")
    command = workspace.command(*PROFILE, *WITHOUT_ACCOUNTING, *JOBS)

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            command,
            cwd=work.folder,
            env=every_rule.environment(**slurm),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_training(process: subprocess.Popen) -> str:
        """Return the number of a running training job."""
        limit = time.monotonic() + 200
        while not (found := slurm_cluster.running(slurm, "train_trial")):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < limit, slurm_cluster.call(slurm, "squeue", "--long")
            time.sleep(0.2)
        return next(iter(found))

    process = start()
    wait_for_training(process)
    os.kill(process.pid, signal.SIGKILL)  # its jobs continue
    process.communicate()

    process = start()
    cancelled = wait_for_training(process)
    slurm_cluster.call(slurm, "scancel", cancelled)
    slurm_cluster.call(slurm, "scontrol", "update", "NodeName=n1", "State=drain", "Reason=test")
    time.sleep(10)
    slurm_cluster.call(slurm, "scontrol", "update", "NodeName=n1", "State=resume")
    output, _ = process.communicate(timeout=800)
    assert process.returncode == 0, output
    # These two trials leave no results by design; no job has failed.
    assert set(re.findall(r"^FAILED (\w+)/", output, re.MULTILINE)) <= {"diverges", "unvalidated"}
    assert "the job ended with an error" not in output
    assert re.search(r"^trials: \d+ done, \d+ submitted, \d+ left", output, re.MULTILINE)

    assert every_rule.files_in(work.path("results")) == every_rule.files_in(local.path("results"))
    assert every_rule.differing(work.path("results"), local.path("results")) == []
    again = work.snakemake(*PROFILE, *WITHOUT_ACCOUNTING, environment=every_rule.environment(**slurm))
    assert "Nothing to be done" in again.output
