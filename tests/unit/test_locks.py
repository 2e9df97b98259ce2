"""A killed run leaves no lock behind, a living one keeps its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from lookbook.runtime.locks import remove_stale_locks

HOLD = """
import time
from lookbook.runtime.locks import remove_stale_locks
print(remove_stale_locks(), flush=True)
time.sleep(60)
"""


def hold(directory: Path) -> subprocess.Popen:
    """Start a process that holds the directory's lock, as a run does."""
    library = Path(sys.modules["lookbook.runtime.locks"].__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(library)}
    process = subprocess.Popen([sys.executable, "-c", HOLD], cwd=directory, env=environment, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"True\n"
    return process


def test_locks_stay_while_the_run_lives_and_go_when_it_was_killed(tmp_path):
    process = hold(tmp_path)
    lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"
    lock.parent.mkdir()
    lock.touch()
    assert not remove_stale_locks(tmp_path)
    assert lock.exists()

    process.send_signal(signal.SIGKILL)
    process.wait()
    assert remove_stale_locks(tmp_path)
    assert not lock.exists()
