"""The side effects of a run: which processes have them, and the environment of the jobs."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.settings.types import DeploymentMethod
from snakemake.shell import shell

from lookbook.runtime import snakemake_run

CONFIG = {"devices": {"slots_per_gpu": 3}, "data": {"fashion_mnist": {"path": "/data/my images"}}}


def workflow(*methods, main=True, dryrun=False):
    settings = SimpleNamespace(deployment_method=set(methods))
    return SimpleNamespace(is_main_process=main, dryrun=dryrun, deployment_settings=settings)


@pytest.fixture
def effects(monkeypatch, tmp_path):
    """Return the effects on locks and progress; the process itself is left unchanged."""
    found = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOOKBOOK_COMMAND", raising=False)
    monkeypatch.setattr(snakemake_run.gc, "set_threshold", lambda _: None)
    monkeypatch.setattr(snakemake_run.atexit, "register", lambda _: None)
    monkeypatch.setattr(snakemake_run, "remove_stale_locks", lambda: found.append("locks"))
    monkeypatch.setattr(snakemake_run, "follow", lambda _: found.append("progress"))
    yield found
    shell.prefix("")


@pytest.mark.parametrize(
    ("main", "dryrun", "expected"),
    [(True, False, ["locks", "progress"]), (True, True, ["progress"]), (False, False, [])],
)
def test_only_a_run_that_executes_takes_the_lock_and_only_the_main_process_reports(main, dryrun, expected, effects):
    snakemake_run.prepare_run(workflow(main=main, dryrun=dryrun), CONFIG, Path("/scripts"))
    assert effects == expected


def test_jobs_get_the_settings_that_are_no_parameters():
    text = snakemake_run.job_environment(workflow(), CONFIG, Path("/my scripts"))
    printed = 'echo "$LOOKBOOK_SCRIPTS|$LOOKBOOK_SLOTS_PER_GPU|$LOOKBOOK_FASHION_MNIST"'
    done = subprocess.run(["bash", "-c", text + printed], capture_output=True, text=True, check=True)
    assert done.stdout == "/my scripts|3|/data/my images\n"


def test_jobs_use_the_python_of_the_run_unless_conda_provides_one():
    assert "export PATH=" in snakemake_run.job_environment(workflow(), CONFIG, Path("/scripts"))
    conda = workflow(DeploymentMethod.CONDA)
    assert "export PATH=" not in snakemake_run.job_environment(conda, CONFIG, Path("/scripts"))
