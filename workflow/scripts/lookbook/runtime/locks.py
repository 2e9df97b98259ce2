"""Locks that a process holds until it ends, and the removal of locks that a killed run left behind."""

from pathlib import Path

from filelock import FileLock, Timeout

# A FileLock releases its lock when it is garbage-collected, so the process keeps every one that it holds.
_held: list[FileLock] = []


def hold_lock(path: Path) -> bool:
    """Lock a file for the lifetime of this process; return False if another process holds it.

    The lock is the operating system's, which releases it however the process ends. The folder must exist.
    """
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        return False
    _held.append(lock)
    return True


def remove_stale_locks(directory: Path = Path()) -> bool:
    """Lock a working directory for the lifetime of this process and remove the locks of runs that were killed.

    Snakemake locks a directory with plain files in ``.snakemake/locks``, which remain when a run is killed. Whoever
    holds the operating system's lock is the only run that is alive, so every such file is stale.

    Returns:
        Whether the lock was free. If it was not, another run is alive: Snakemake's files stay, and Snakemake reports
        that the directory is locked.
    """
    folder = directory / ".snakemake"
    folder.mkdir(parents=True, exist_ok=True)
    if not hold_lock(folder / "lookbook.lock"):
        return False
    for lock in (folder / "locks").glob("*.lock"):
        lock.unlink(missing_ok=True)
    return True
