"""Write a file completely or not at all, and identify it by its contents."""

import errno
import glob
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookbook.processes import is_running

NODE = re.sub(r"[^\w-]", "-", platform.node()) or "node"


def temporary_path(path: Path) -> Path:
    """Return a path beside ``path`` that only this process writes; the suffix stays, because np.save reads it."""
    if not path.name:  # "." or "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.with_name(f".{NODE}.{os.getpid()}.{path.name}")


def remove_temporaries(path: Path, *, of_all_nodes: bool = False) -> None:
    """Remove what killed processes left of their attempts to write a file.

    Args:
        path: the file.
        of_all_nodes: whether also temporary files of other nodes are removed, and those of running processes; only the
            holder of a lock knows that no other process writes the file.
    """
    for temporary in path.parent.glob(f".*.*.{glob.escape(path.name)}"):
        place, _, pid = temporary.name.removesuffix(f".{path.name}")[1:].rpartition(".")
        if of_all_nodes or (place == NODE and pid.isdecimal() and not is_running(int(pid), "")):
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, moved to it at the end; an error leaves ``path`` unchanged."""
    temporary = temporary_path(path)
    remove_temporaries(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        # A write to a full disk does not name the file; NumPy's error has a text only.
        if error.errno is None:
            error.args = (f"{path}: {error}",)
        else:
            error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file completely or not at all; its folder is created if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file completely or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write a value as strict JSON (no NaN or infinity), completely or not at all."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
