"""Other processes of this node: whether one still runs, and ending this process when it does not."""

import os
import platform
import select
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.5


def node() -> str:
    """Return the name of the node and, where there is one, the namespace in which its process numbers are valid."""
    try:
        # Two containers may have the same host name and number their processes independently.
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return platform.node()
    return f"{platform.node()} {namespace}"


def start_of(pid: int) -> str:
    """Return when a process of this node started, as a text that is only compared; empty if it cannot be known.

    It tells the process from a later one with the same number, whatever happens to the clock.

    Raises:
        ProcessLookupError: the process has ended.
    """
    with suppress(PermissionError):  # another user's
        os.kill(pid, 0)
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""  # not Linux, or the processes of other users are hidden
    if state in "ZX":
        raise ProcessLookupError(f"process {pid} has ended")
    return fields[18]


def is_running(pid: int, start: str) -> bool:
    """Return whether the process that started at ``start`` still runs."""
    try:
        return start_of(pid) in ("", start) or not start
    except ProcessLookupError:
        return False


def end_with(pid: int, start: str) -> None:
    """End this process as soon as another process of this node has ended, however it ended."""

    def watch() -> None:
        try:
            descriptors = [os.pidfd_open(pid)]  # readable when the process ends
        except (AttributeError, OSError):
            descriptors = []
        while is_running(pid, start):
            if descriptors:
                select.select(descriptors, [], [])
            time.sleep(0 if descriptors else POLL_SECONDS)
        print(f"process {pid}, which started this one, has ended; this process ends too", file=sys.stderr, flush=True)
        os._exit(1)

    threading.Thread(target=watch, name="end_with", daemon=True).start()
