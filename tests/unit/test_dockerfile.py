"""The Dockerfile: its linter has no complaint, and it installs a lock file that exists as a user without privileges."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_linter_has_no_complaint():
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("hadolint has no build for this platform")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_lock_files_and_python_are_those_of_the_project():
    locks = re.findall(r"LOCK=(\S+\.lock)", TEXT)
    assert locks == ["requirements-cuda.lock", "requirements.lock"]
    assert all((ROOT / lock).is_file() for lock in locks)
    assert re.search(r"^FROM python:3\.1[123]-", TEXT, re.MULTILINE)


def test_it_runs_the_quick_benchmark_as_a_user_without_privileges():
    assert re.search(r"^USER 1000$", TEXT, re.MULTILINE)
    assert TEXT.index("USER 1000") > TEXT.index("RUN pip install --require-hashes")
    configuration = re.search(r"--configfile\", \"(\S+)\"", TEXT)[1]
    assert (ROOT / configuration).is_file()
