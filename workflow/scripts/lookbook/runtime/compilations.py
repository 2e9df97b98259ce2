"""XLA's compilations on disk, so that the trials of an experiment compile once.

Each experiment has a folder in the user's cache, named by its specification, its code, the versions of the compiler
and the machine, because code for one processor may not run on another. The folders may be removed at any time.
"""

import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookbook.config.digests import digest
from lookbook.runtime import devices
from lookbook.runtime.hardware import installed_version

PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "jax", "jaxlib")


def folder_for(trial_spec: Mapping[str, Any]) -> Path:
    """Return the folder of an experiment's compilations, in XDG_CACHE_HOME or ``~/.cache``."""
    identity = {
        "spec": trial_spec["spec"],
        "code_digest": trial_spec["code_digest"],
        "machine": [platform.node(), devices.processor_flags()],
        "versions": [platform.python_version(), *map(installed_version, PACKAGES)],
    }
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "lookbook" / "compilations" / digest(identity)[:16]


def keep_in(folder: Path, backend: str) -> None:
    """Set the environment so that a backend, when it is imported, stores its compilations in a folder.

    Settings that the environment already has take precedence. If the folder cannot be created, nothing is stored.
    """
    try:
        # Writable for this user only, because its content is executed.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return
    if backend == "jax":
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
    elif "persistent_cache" not in os.environ.get("TF_XLA_FLAGS", ""):
        flags = [os.environ.get("TF_XLA_FLAGS", ""), f"--tf_xla_persistent_cache_directory={folder}"]
        os.environ["TF_XLA_FLAGS"] = " ".join(filter(None, flags))


def holds_any(folder: Path) -> bool:
    """Return whether a folder has compilations."""
    return folder.is_dir() and any(folder.iterdir())


def remove(folder: Path) -> None:
    """Remove a folder of compilations."""
    shutil.rmtree(folder, ignore_errors=True)
