"""XLA's compilations on disk, so that the trials of an experiment compile once.

They are this machine's own, like the locks of its GPUs: code for one processor or driver may not run on another. Every
experiment has a folder of its own, named by what it is and by the versions of the compiler.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lookbook.digests import digest

PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "jax", "jaxlib")


def folder_for(order: Mapping[str, Any]) -> Path:
    """Return where the compilations of an order's experiment lie on this machine."""
    identity = {"spec": order["spec"], "source": order["source"], "python": platform.python_version()} | _versions()
    return Path(tempfile.gettempdir()) / f"lookbook-{os.getuid()}" / "compilations" / digest(identity)[:16]


def keep_in(folder: Path, backend: str) -> None:
    """Make a backend that is not imported yet keep its compilations in a folder, and find them there.

    What the environment already says comes first.
    """
    folder.mkdir(parents=True, exist_ok=True)
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
