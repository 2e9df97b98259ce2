"""Only one process trains a trial at a time, on whatever node; the lock of a process that has ended is taken over."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lookbook.processes import is_running, node, start_of
from lookbook.runtime import locks
from lookbook.runtime.locks import Holder, LockedError, hold_lock

LIBRARY = Path(locks.__file__).parents[2]
# A process that holds a lock until its input ends. Its node can have another name.
HOLD = """
import sys
from pathlib import Path
from lookbook.runtime import locks
path, lease, node = sys.argv[1:]
locks.node = lambda: node
with locks.hold_lock(Path(path), lease=float(lease)):
    print("held", flush=True)
    sys.stdin.read()
"""
ADD = """
import sys, time
from pathlib import Path
from lookbook.runtime.locks import hold_lock
number = Path(sys.argv[1])
for _ in range(10):
    with hold_lock(number.with_suffix(".lock"), log=lambda line: None):
        value = int(number.read_text())
        time.sleep(0.01)
        number.write_text(str(value + 1))
"""


def start(code: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(LIBRARY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def holder(path: Path, lease: float = 60, place: str | None = None) -> subprocess.Popen:
    """Start a process that holds a lock."""
    process = start(HOLD, path, lease, place or node())
    assert process.stdout.readline() == "held\n", process.communicate()
    return process


def seconds(action: Callable[[], None]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def take(path: Path, **arguments: object) -> list[str]:
    """Take and release a lock; return the lines that were logged."""
    lines: list[str] = []
    with hold_lock(path, log=lines.append, **arguments):
        assert path.is_file()
    assert list(path.parent.iterdir()) == []
    return lines


def test_processes_exclude_each_other(tmp_path):
    number = tmp_path / "number.txt"
    number.write_text("0")
    processes = [start(ADD, number) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert number.read_text() == "30"
    assert list(tmp_path.iterdir()) == [number]


def test_a_living_process_keeps_its_lock_and_is_named(tmp_path):
    process = holder(tmp_path / "lock")
    with pytest.raises(LockedError, match=f"process {process.pid} on "), hold_lock(tmp_path / "lock", wait=False):
        pass
    process.communicate("")
    assert process.returncode == 0
    assert take(tmp_path / "lock") == []


def test_the_lock_of_a_killed_process_of_this_node_is_taken_over_at_once(tmp_path):
    process = holder(tmp_path / "lock")
    process.kill()  # not waited for: a process that has ended but still has a number holds nothing
    while is_running(process.pid, ""):
        time.sleep(0.01)
    lines: list[str] = []
    assert seconds(lambda: lines.extend(take(tmp_path / "lock"))) < 10
    assert [f"taken over from process {process.pid}" in line for line in lines] == [True]
    process.wait()


def test_a_later_process_with_the_same_number_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    path.write_bytes(Holder("token", 0, os.getpid(), "1", node()).encode())
    assert "taken over" in take(path, wait=False)[0]


@pytest.mark.parametrize("place", ["other pid:[1]", "other"])
def test_the_lock_of_another_node_is_taken_over_after_a_lease(tmp_path, place):
    path = tmp_path / "lock"
    # The process is alive here, and its number means nothing.
    path.write_bytes(Holder("token", 7, os.getpid(), start_of(os.getpid()), place).encode())
    assert seconds(lambda: take(path, lease=1.5, wait=False)) > 1.5


def test_an_incomplete_lock_file_is_taken_over_after_a_lease(tmp_path):
    (tmp_path / "lock").touch()
    assert seconds(lambda: take(tmp_path / "lock", lease=1.5, wait=False)) > 1.5


@pytest.mark.parametrize("moved", [-1e6, 1e6])
def test_the_clock_of_a_file_server_does_not_matter(tmp_path, moved):
    path = tmp_path / "lock"
    path.write_bytes(Holder("token", 7, 1, "1", "other").encode())
    os.utime(path, (time.time() + moved,) * 2)
    assert seconds(lambda: take(path, lease=1.5, wait=False)) > 1.5


def test_a_renewed_lock_of_another_node_is_kept_for_longer_than_a_lease(tmp_path):
    process = holder(tmp_path / "lock", 1.5, "other")
    with pytest.raises(LockedError), hold_lock(tmp_path / "lock", lease=1.5, wait=False):
        pass
    waiting = threading.Thread(target=take, args=(tmp_path / "lock",), kwargs={"lease": 1.5})
    waiting.start()
    waiting.join(4)
    assert waiting.is_alive()
    process.communicate("")
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_process_that_was_suspended_for_longer_than_a_lease_ends_when_it_goes_on(tmp_path):
    path = tmp_path / "lock"
    process = holder(path, 1.5, "other")
    process.send_signal(signal.SIGSTOP)
    with hold_lock(path, lease=1.5, log=lambda line: None):
        content = path.read_bytes()
        process.send_signal(signal.SIGCONT)
        _, error = process.communicate(timeout=20)
        assert process.returncode == 1
        assert "taken over by another process" in error
        assert path.read_bytes().split()[0] == content.split()[0]


def test_a_process_whose_lock_was_removed_is_told(tmp_path):
    lost = threading.Event()
    with hold_lock(tmp_path / "lock", lease=0.6, on_loss=lambda path: lost.set()):
        (tmp_path / "lock").unlink()
        assert lost.wait(10)


def test_of_several_processes_that_take_a_lock_over_one_has_it(tmp_path):
    number = tmp_path / "number.txt"
    number.write_text("0")
    process = start("pass")
    process.wait()
    (tmp_path / "number.lock").write_bytes(Holder("token", 0, process.pid, "1", node()).encode())
    processes = [start(ADD, number) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert number.read_text() == "30"
    assert list(tmp_path.iterdir()) == [number]


def test_a_process_ends_with_the_one_that_started_it():
    parent = start("import sys; sys.stdin.read()")
    code = "import sys, time; from lookbook.processes import end_with; end_with(int(sys.argv[1]), sys.argv[2]); "
    children = [
        start(code + "print(1, flush=True); time.sleep(60)", parent.pid, begin) for begin in (start_of(parent.pid), "")
    ]
    assert [child.stdout.readline() for child in children] == ["1\n"] * 2
    time.sleep(0.5)
    assert [child.poll() for child in children] == [None, None]
    parent.kill()
    assert seconds(lambda: [child.wait(20) for child in children]) < 5
    assert [child.returncode for child in children] == [1, 1]
    # It does not wait for a later process with the same number.
    late = start(code + "time.sleep(60)", os.getpid(), "1")
    assert late.wait(20) == 1
    parent.wait()
