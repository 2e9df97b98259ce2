"""What this machine has, asked without importing a training backend."""

import importlib.metadata
import os
import shutil
import subprocess
from functools import cache


def gpus_to_request(setting: str | int, backend: str = "tensorflow") -> int:
    """Return how many GPUs a trial asks Snakemake for: the setting, or for ``auto`` one where it can be used."""
    if setting != "auto":
        return int(setting)
    return int(computes_on_gpus(backend) and visible_gpus() > 0)


def computes_on_gpus(backend: str) -> bool:
    """Return whether the installed build of a backend can use a GPU, which that of the CPU's lock file cannot."""
    if backend == "jax":
        return any(_is_installed(f"jax-cuda{version}-plugin") for version in (12, 13))
    return not _is_installed("tensorflow-cpu")


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def visible_gpus() -> int:
    """Return how many NVIDIA GPUs this process may use; CUDA_VISIBLE_DEVICES decides where it is set."""
    return len(visible_devices())


def visible_devices() -> list[str]:
    """Return the NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES would name them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [device.strip() for device in visible.split(",") if device.strip() not in ("", "-1")]
    return [str(number) for number in range(_installed_gpus())]


@cache
def _installed_gpus() -> int:
    if shutil.which("nvidia-smi") is None:
        return 0
    listing = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=False, timeout=30)
    return sum(line.startswith("GPU ") for line in listing.stdout.splitlines())
