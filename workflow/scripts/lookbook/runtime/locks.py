"""Locks that nodes with a common file system share.

A lock is a file that only one process can create. Its holder rewrites it three times per lease. Another process takes
it over if it does not change for a whole lease, or at once if the holder was a process of the same node and has ended.

Locks of the operating system are not used, because some shared file systems keep them on each node. Each process
measures a lease by its own clock, because the clocks of nodes differ.
"""

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lookbook.files import temporary_path
from lookbook.processes import is_running, node, start_of

LEASE_SECONDS = 60.0
POLL_SECONDS = 0.5
# If several processes take over a lock at the same time, the last one to write has it; the others wait for that.
SETTLE_SECONDS = 1.0


class LockedError(Exception):
    """Another process holds the lock; the message names it."""


@dataclass(frozen=True)
class Holder:
    """The content of a lock file: which process holds it, and how often it has been renewed."""

    token: str
    renewals: int
    pid: int
    start: str
    node: str

    def encode(self) -> bytes:
        """Return the content of the file; its length does not depend on the number of renewals."""
        return f"{self.token} {self.renewals:012d} {self.pid} {self.start or '-'} {self.node}\n".encode()

    @property
    def has_ended(self) -> bool:
        """Whether it is known that the process has ended, which only its own node can know."""
        return self.node == node() and not is_running(self.pid, self.start.strip("-"))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.node.split()[0]}"


@contextmanager
def hold_lock(
    path: Path,
    *,
    wait: bool = True,
    lease: float = LEASE_SECONDS,
    log: Callable[[str], None] = print,
    on_loss: Callable[[Path], None] | None = None,
) -> Iterator[None]:
    """Hold a lock during a block.

    Args:
        path: the lock file; its folder is created if it is missing.
        wait: whether to wait while another process holds the lock. If not, it is still taken over where that process
            has ended; whether a process of another node has ended is known after one lease.
        lease: seconds after which an unchanged lock may be taken over; all processes must use the same value.
        log: takes a line if the call has to wait, and one if it takes over a lock.
        on_loss: called by another thread if the lock was removed or taken over during the block, which happens when
            this process is suspended for longer than a lease. By default this process ends at once.

    Raises:
        LockedError: another process holds the lock, and ``wait`` is false.
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    own = Holder(secrets.token_hex(16), 0, os.getpid(), start_of(os.getpid()), node())
    descriptor = _acquire(path, own, wait, lease, log)
    released, on_loss = threading.Event(), on_loss or _end_process
    renewal = threading.Thread(target=_renew, args=(path, own, descriptor, lease, released, on_loss), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        released.set()
        renewal.join()
        os.close(descriptor)
        if _token(_read(path)) == own.token:
            path.unlink(missing_ok=True)
        else:
            on_loss(path)


def _acquire(path: Path, own: Holder, wait: bool, lease: float, log: Callable[[str], None]) -> int:
    """Create or take over a lock file and return its descriptor."""
    seen: bytes | None = None
    since, announced = 0.0, False
    while True:
        with suppress(FileExistsError):
            return _create(path, own)
        content = _read(path)
        if content is None:
            continue
        changed, holder = seen is not None and content != seen, _parse(content)
        if content != seen:
            seen, since = content, time.monotonic()
        if (holder and holder.has_ended) or time.monotonic() - since >= lease:
            descriptor = _take_over(path, content, own)
            if descriptor is not None:
                log(f"{path}: taken over from {holder or 'an unknown process'}, which has ended")
                return descriptor
            continue
        if not wait and (changed or (holder and holder.node == own.node)):
            raise LockedError(f"{path} is held by {holder}")
        if not announced:
            announced = True
            log(f"{path}: waiting for {holder or 'an unknown process'}")
        time.sleep(min(POLL_SECONDS, lease / 10))


def _create(path: Path, own: Holder) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        os.write(descriptor, own.encode())
        os.fsync(descriptor)
    except OSError:  # a full disk
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def _take_over(path: Path, content: bytes, own: Holder) -> int | None:
    """Replace a lock file that its holder has left; return its descriptor, or None if another process has it now."""
    temporary = temporary_path(path)
    temporary.unlink(missing_ok=True)
    descriptor = _create(temporary, own)
    if _read(path) == content:
        os.replace(temporary, path)
        time.sleep(SETTLE_SECONDS)
        if _token(_read(path)) == own.token:
            return descriptor
    os.close(descriptor)
    temporary.unlink(missing_ok=True)
    return None


def _renew(
    path: Path, own: Holder, descriptor: int, lease: float, released: threading.Event, on_loss: Callable[[Path], None]
) -> None:
    """Rewrite the lock file until it is released; call ``on_loss`` if it is no longer this process's."""
    renewed = time.monotonic()
    while not released.wait(lease / 3):
        own = replace(own, renewals=own.renewals + 1)
        try:
            # By the descriptor, so that the file of a process that took the lock over is never changed.
            os.pwrite(descriptor, own.encode(), 0)
            os.fsync(descriptor)
            is_lost = _token(_read(path)) != own.token
        except OSError:  # a file server that does not answer for a moment
            is_lost = time.monotonic() - renewed > lease * 2 / 3
        else:
            renewed = time.monotonic()
        if is_lost:
            on_loss(path)
            return


def _end_process(path: Path) -> None:
    message = f"{path} was removed or taken over by another process; this process ends, and its work continues there"
    print(message, file=sys.stderr, flush=True)
    os._exit(1)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _token(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace").partition(" ")[0]


def _parse(content: bytes) -> Holder | None:
    try:
        token, renewals, pid, start, place = content.decode().rstrip("\n").split(" ", maxsplit=4)
        return Holder(token, int(renewals), int(pid), start, place)
    except ValueError:  # not completely written
        return None
