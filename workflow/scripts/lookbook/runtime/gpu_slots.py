"""A GPU for a job: one slot of one of the node's devices, locked until the process ends.

Small networks do not fill a GPU, so a device may have several slots. The operating system releases the lock however
the process ends. Locks are local to the node, as the devices are.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.5

# A FileLock releases its lock when it is garbage-collected, so the process keeps every one that it holds.
_held: list[FileLock] = []


def take_slot(devices: Sequence[str], slots: int, folder: Path | None = None) -> str:
    """Wait for a free slot and return its device; this process holds the slot until it ends.

    The first slot of every device is taken before the second slot of any.

    Args:
        devices: names or numbers of the devices, as in CUDA_VISIBLE_DEVICES.
        slots: number of jobs that may share a device.
        folder: folder of the locks, by default one of this user's; all jobs of a node must use the same one.

    Raises:
        ValueError: there is no device or no slot.
    """
    if not devices or slots < 1:
        raise ValueError(f"{len(devices)} devices with {slots} slots each have no room for a job")
    folder = folder or Path(tempfile.gettempdir()) / f"lookbook-{os.getuid()}" / "gpu"
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        for slot in range(slots):
            for device in devices:
                if _take(folder / f"{device.replace('/', '_')}.{slot}.lock"):
                    return device
        time.sleep(POLL_SECONDS)


def _take(path: Path) -> bool:
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        return False
    _held.append(lock)
    return True
