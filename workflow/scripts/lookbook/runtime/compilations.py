"""XLA's compilations on disk, so that the trials of an experiment compile once.

Every experiment has a folder of its own in the user's cache, named by what it is, by the versions of the compiler and
by the machine: code for one processor may not run on another. All of it may be removed at any time.
"""

import os
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lookbook.config.digests import digest
from lookbook.runtime import devices

PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "jax", "jaxlib")


def folder_for(order: Mapping[str, Any]) -> Path:
    """Return where the compilations of an order's experiment lie: in XDG_CACHE_HOME, or ``~/.cache``."""
    identity = {
        "spec": order["spec"],
        "source": order["source"],
        "machine": [platform.node(), devices.processor_flags()],
        "versions": {"python": platform.python_version()} | _versions(),
    }
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "lookbook" / "compilations" / digest(identity)[:16]


def keep_in(folder: Path, backend: str) -> None:
    """Make a backend that is not imported yet keep its compilations in a folder, and find them there.

    What the environment already says comes first. Where the folder cannot be made, every trial compiles anew.
    """
    try:
        # Only this user may write what is going to be run.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return
    if backend == "jax":
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
    elif "persistent_cache" not in os.environ.get("TF_XLA_FLAGS", ""):
        flags = [os.environ.get("TF_XLA_FLAGS", ""), f"--tf_xla_persistent_cache_directory={folder}"]
        os.environ["TF_XLA_FLAGS"] = " ".join(filter(None, flags))


def forget(folder: Path) -> bool:
    """Remove a folder of compilations; return whether it held any."""
    held = folder.is_dir() and any(folder.iterdir())
    shutil.rmtree(folder, ignore_errors=True)
    return held


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
