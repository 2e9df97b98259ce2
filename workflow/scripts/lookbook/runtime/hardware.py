"""The GPUs of this machine, without importing a training backend."""

import importlib.metadata
import os
import shutil
import subprocess
from functools import cache


def gpus_to_request(setting: str | int, backend: str = "tensorflow") -> int:
    """Return the number of GPUs that a trial requests from Snakemake; ``auto`` requests one where it can be used."""
    if setting != "auto":
        return int(setting)
    return int(supports_gpus(backend) and bool(visible_gpus()))


def supports_gpus(backend: str) -> bool:
    """Return whether the installed build of a backend supports GPUs; the build of the CPU lock file does not."""
    if backend == "jax":
        return any(installed_version(f"jax-cuda{version}-plugin") for version in (12, 13))
    return installed_version("tensorflow-cpu") is None


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def visible_gpus() -> list[str]:
    """Return the NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
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
