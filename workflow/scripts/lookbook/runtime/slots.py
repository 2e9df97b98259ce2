"""A GPU for a job: a slot of one of this machine's devices, held by a lock for as long as the process lives.

Small networks do not fill a GPU, so a device may have several slots. The lock is the operating system's, which frees
it however the process ends. It is local to the node, as the devices are.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.5
# The locks that this process holds; the end of the process releases them.
_held: list[IO[str]] = []


def default_folder() -> Path:
    """Return where this user's locks of this machine lie."""
    return Path(tempfile.gettempdir()) / f"lookbook-{os.getuid()}" / "gpu"


def take_slot(devices: Sequence[str], slots: int, folder: Path | None = None) -> str:
    """Wait for a free slot and return its device; the slot is this process's until its end.

    Devices take turns: every one's first slot comes before any one's second.

    Args:
        devices: names or numbers of the devices, as CUDA_VISIBLE_DEVICES has them.
        slots: how many jobs may share a device.
        folder: where the locks lie; all jobs of a machine must agree on it.

    Raises:
        ValueError: there is no device, or no slot.
    """
    if not devices or slots < 1:
        raise ValueError(f"{len(devices)} devices with {slots} slots each leave no place for a job")
    folder = folder or default_folder()
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for slot in range(slots):
            for device in devices:
                if _take(folder / f"{device.replace('/', '_')}.{slot}.lock"):
                    return device
        time.sleep(POLL_SECONDS)


def _take(path: Path) -> bool:
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    return True
