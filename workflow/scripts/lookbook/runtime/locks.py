"""Let the command that was killed go on: remove the locks that a dead run left behind.

Snakemake locks its working directory with plain files, which outlive a run that was killed. A lock of the operating
system does not: whoever holds it is alive.
"""

import fcntl
from pathlib import Path
from typing import IO

# The held lock; closing the file, as the end of the process does, releases it.
_held: list[IO[str]] = []


def remove_stale_locks(directory: Path = Path()) -> bool:
    """Take this directory's lock for the life of the process and remove what dead runs left in ``.snakemake/locks``.

    Returns:
        Whether the lock was taken. It was not where another run is alive: then Snakemake's locks stay, and Snakemake
        says that the directory is locked.
    """
    folder = directory / ".snakemake"
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "lookbook.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    for lock in (folder / "locks").glob("*.lock"):
        lock.unlink(missing_ok=True)
    return True
