"""The side effects of a run: which processes have them, and the environment of the jobs."""

import os
import signal
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.exceptions import WorkflowError
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.settings.types import DeploymentMethod
from snakemake.shell import shell

from lookbook.processes import start_of
from lookbook.runtime import snakemake_run

CONFIG = {
    "devices": {"slots_per_gpu": 3},
    "checkpoints": "/shared/my checkpoints",
    "data": {"fashion_mnist": {"path": "/data/my images"}},
}


def workflow(*methods, main=True, lock=True):
    """Return a workflow whose execution returns what it is given and whether the working directory is locked."""

    def execute(**settings):
        return settings, snakemake_run.RUN_LOCK.exists(), found.execution_settings.lock

    found = SimpleNamespace(
        is_main_process=main,
        deployment_settings=SimpleNamespace(deployment_method=set(methods)),
        execution_settings=SimpleNamespace(lock=lock),
        execute=execute,
    )
    return found


def executor(dryrun=False):
    return SimpleNamespace(common_settings=SimpleNamespace(dryrun_exec=dryrun))


@pytest.fixture
def effects(monkeypatch, tmp_path):
    """Return the effects on locks and progress; the process itself is left unchanged."""
    found = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOKBOOK_COMMAND", "")  # The variable is restored only if it was set.
    monkeypatch.delenv("LOOKBOOK_COMMAND")
    monkeypatch.setattr(snakemake_run.gc, "set_threshold", lambda _: None)
    monkeypatch.setattr(snakemake_run.atexit, "register", lambda _: None)
    monkeypatch.setattr(snakemake_run, "end_without_deadlock", lambda: found.append("signals"))
    monkeypatch.setattr(snakemake_run, "execute_alone", lambda *_: found.append("lock"))
    monkeypatch.setattr(snakemake_run, "follow", lambda *_: found.append("progress"))
    yield found
    shell.prefix("")


@pytest.mark.parametrize(("main", "expected"), [(True, ["signals", "progress", "lock"]), (False, [])])
def test_only_the_main_process_locks_and_reports(main, expected, effects):
    snakemake_run.prepare_run(workflow(main=main), CONFIG, Path("/scripts"))
    assert effects == expected
    # Remedies in jobs name it: another process was started by a command of Snakemake's own.
    assert ("LOOKBOOK_COMMAND" in os.environ) == main


def test_jobs_are_executed_under_a_lock_of_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = workflow()
    snakemake_run.execute_alone(run, lambda: None)
    plugin = executor()
    # The lock takes the place of Snakemake's own.
    assert run.execute(executor_plugin=plugin, updated_files=[]) == (
        {"executor_plugin": plugin, "updated_files": []},
        True,
        False,
    )
    assert not snakemake_run.RUN_LOCK.exists()


@pytest.mark.parametrize(("dryrun", "lock"), [(True, True), (False, False), (True, False)])
def test_a_dry_run_and_a_run_without_locks_take_none(dryrun, lock, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = workflow(lock=lock)
    snakemake_run.execute_alone(run, lambda: None)
    assert run.execute(executor_plugin=executor(dryrun))[1:] == (False, lock)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused_until_the_first_has_ended(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = workflow()
    snakemake_run.execute_alone(run, lambda: None)
    refused = f"Another run executes jobs in {tmp_path}.*process {os.getpid()} on "
    with snakemake_run.hold_lock(snakemake_run.RUN_LOCK), pytest.raises(WorkflowError, match=refused):
        run.execute(executor_plugin=executor())
    assert run.execute(executor_plugin=executor())[1]


def test_errors_of_the_jobs_and_of_the_lock_are_told_apart(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def fail(**settings):
        raise OSError(28, "No space left on device", "results/report.md")

    run = workflow()
    run.execute = fail
    snakemake_run.execute_alone(run, lambda: None)
    with pytest.raises(OSError, match="No space left"):
        run.execute(executor_plugin=executor())
    Path(".snakemake").rmdir()
    Path(".snakemake").touch()
    with pytest.raises(WorkflowError, match=r"The working directory cannot be locked.*\.snakemake"):
        run.execute(executor_plugin=executor())


def test_a_signal_that_arrives_while_the_scheduler_holds_its_lock_is_handled_afterwards(monkeypatch):
    monkeypatch.setattr(JobScheduler, "exit_gracefully", JobScheduler.exit_gracefully)
    snakemake_run.end_without_deadlock()
    scheduler = JobScheduler.__new__(JobScheduler)
    scheduler._lock, scheduler._open_jobs, scheduler._user_kill = threading.Lock(), threading.Semaphore(0), None
    before = signal.signal(signal.SIGTERM, scheduler.exit_gracefully)
    try:
        with scheduler._lock:
            signal.raise_signal(signal.SIGTERM)
            assert scheduler._user_kill is None
        assert scheduler._open_jobs.acquire(timeout=10)
        assert scheduler._user_kill == "graceful"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_jobs_get_the_settings_that_are_no_parameters():
    text = snakemake_run.job_environment(workflow(), CONFIG, Path("/my scripts"))
    printed = 'echo "$LOOKBOOK_SCRIPTS|$LOOKBOOK_SLOTS_PER_GPU|$LOOKBOOK_FASHION_MNIST|$LOOKBOOK_PARENT"'
    done = subprocess.run(["bash", "-c", text + printed], capture_output=True, text=True, check=True)
    parent = f"{os.getpid()} {start_of(os.getpid())}"
    assert done.stdout == f"/my scripts|3|/data/my images|{parent}\n"


def test_a_job_fails_with_the_first_command_of_a_pipe():
    text = snakemake_run.job_environment(workflow(), CONFIG, Path("/scripts"))
    assert subprocess.run(["bash", "-c", text + "true | cat"], check=False).returncode == 0
    assert subprocess.run(["bash", "-c", text + "false | cat"], check=False).returncode != 0


def test_jobs_use_the_python_of_the_run_unless_conda_provides_one():
    assert "export PATH=" in snakemake_run.job_environment(workflow(), CONFIG, Path("/scripts"))
    conda = workflow(DeploymentMethod.CONDA)
    assert "export PATH=" not in snakemake_run.job_environment(conda, CONFIG, Path("/scripts"))
