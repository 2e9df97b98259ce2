"""One run at a time executes jobs in a working directory; commands that execute none neither wait nor disturb it."""

import re
import subprocess

import pytest
import running
import workspace
from workspace import Workspace

LOCK = ".snakemake/lookbook_run.lock"
WITHOUT_JOBS = {
    "dry run": ["--dry-run"],
    "lint": ["--lint"],
    "list of rules": ["--list-rules"],
    "summary": ["--summary"],
    "graph": ["--rulegraph"],
    "unlock": ["--unlock"],
    "cleanup of metadata": ["--cleanup-metadata", "no/such/file"],
}


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Workspace:
    created = workspace.create(tmp_path_factory.mktemp("run_lock") / "work", experiments=running.LONG)
    created.run("resources/datasets/sample/manifest.json")
    return created


def test_commands_beside_a_run_leave_its_lock_alone_and_another_run_is_refused(work):
    process = running.start(work, "first")
    running.wait_for_epoch(work, "first", 1, process)
    jobs = running.jobs_of(process)
    for job in jobs:  # The run cannot end before all commands have been tried.
        job.suspend()
    token = work.path(LOCK).read_text().split()[0]
    for name, arguments in WITHOUT_JOBS.items():
        done = work.snakemake(*arguments, "--config", "results=first")
        assert "Another run" not in done.output, name
        assert done.status == 0 or name in ("lint", "cleanup of metadata"), done.output
        assert work.path(LOCK).read_text().split()[0] == token, name
    # A run of other results is refused as well: the first of them to end would unlock the other.
    for results, option in (("first", ()), ("second", ()), ("first", ("--touch",))):
        done = subprocess.run(
            running.command(results, *option), cwd=work.folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode != 0
        assert f"Another run executes jobs in {work.folder}" in done.stderr
        assert f"process {process.pid} on " in done.stderr
        assert "Traceback" not in done.stderr
    assert not work.path("second/trials").exists()
    for job in jobs:
        job.resume()
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    assert [running.epochs(running.log(work, "first", trial)) for trial in (0, 1)] == [
        list(range(1, running.EPOCHS + 1))
    ] * 2
    assert not work.path(LOCK).exists()
    again = subprocess.run(
        running.command("first"), cwd=work.folder, capture_output=True, text=True, timeout=300, check=True
    )
    assert not re.search(r"^train_trial ", again.stderr, re.MULTILINE)


def test_a_run_that_is_told_to_take_no_lock_takes_none(work):
    assert work.snakemake("--cores", "1", "--nolock", "resources/datasets/sample/manifest.json").status == 0
    work.path(LOCK).parent.joinpath("locks").mkdir(exist_ok=True)
    work.path(LOCK).write_text("someone\n")
    try:
        done = work.snakemake("--cores", "1", "--nolock", "resources/datasets/sample/manifest.json")
        assert done.status == 0, done.output
        assert work.path(LOCK).read_text() == "someone\n"
    finally:
        work.path(LOCK).unlink()


def test_a_folder_that_cannot_be_locked_is_named(work):
    work.path(LOCK).mkdir()
    try:
        done = work.snakemake("--cores", "1", "resources/datasets/sample/manifest.json")
        assert done.status != 0
        assert "cannot be locked" in done.output
        assert LOCK in done.output
        assert "Traceback" not in done.output
        assert work.snakemake("--dry-run", "resources/datasets/sample/manifest.json").status == 0
    finally:
        work.path(LOCK).rmdir()
