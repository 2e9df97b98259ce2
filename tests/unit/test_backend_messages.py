"""Known messages of TensorFlow's C++ code are hidden; everything else reaches standard error, also after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lookbook.runtime.backend_messages import HIDDEN

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
START = """
import os, signal, sys
from lookbook.runtime.backend_messages import hide_known_messages
hide_known_messages()
def write(text): os.write(2, f"{text}\\n".encode())  # as C++ does, past sys.stderr
"""


def run(code: str, **variables: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)} | variables
    command = [sys.executable, "-c", START + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


@pytest.mark.parametrize("text", HIDDEN)
def test_a_known_message_is_hidden_and_its_neighbours_are_shown_in_order(text):
    code = f"write('first'); write('E0000 00:00:1 1 file.cc:1] {text} and more'); write('last'); sys.exit('reason')"
    done = run(code)
    assert (done.returncode, done.stderr) == (1, "first\nlast\nreason\n")


def test_a_killed_process_loses_no_message():
    done = run("write('before'); os.kill(os.getpid(), signal.SIGKILL)")
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "before\n")


def test_a_traceback_is_complete():
    assert run("1 / 0").stderr.endswith("ZeroDivisionError: division by zero\n")


def test_without_grep_everything_is_shown(tmp_path):
    done = run(f"write({HIDDEN[0]!r})", PATH=str(tmp_path))
    assert done.stderr == HIDDEN[0] + "\n"
