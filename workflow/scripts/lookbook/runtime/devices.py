"""The device of a trial: threads, GPU, and a description for its results.

``prepare`` must run before Keras is imported, because the backend reads its settings on import.
"""

import importlib.util
import os
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

from lookbook.errors import ConfigError
from lookbook.runtime.backend_messages import hide_known_messages
from lookbook.runtime.gpu_slots import take_slot
from lookbook.runtime.hardware import visible_gpus
from lookbook.runtime.imports import lean_imports
from lookbook.training.precision import Hardware

# Keras and TensorFlow import these packages if they are installed, in order to accept their objects. Without them,
# which no trial needs, importing Keras takes 3.9 s of CPU time instead of 6.9 s.
UNUSED: tuple[str, ...] = ("matplotlib", "pandas", "scipy", "sklearn")


def prepare(threads: int, gpu: bool, slots_per_gpu: int = 1, backend: str | None = None) -> float:
    """Set the environment of the backend, hide its known messages, and import Keras.

    Args:
        threads: number of CPU threads.
        gpu: whether to use a GPU if there is one.
        slots_per_gpu: number of trials that may share a GPU; the call waits until a slot is free.
        backend: tensorflow or jax; None takes KERAS_BACKEND or, if it is not set, the first that is installed.

    Returns:
        the seconds that it waited for a slot.
    """
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("KERAS_BACKEND", "tensorflow" if importlib.util.find_spec("tensorflow") else "jax")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow turns oneDNN off on processors without AVX-512 neural-network instructions, although its
    # convolutions were measured to be 1.4 times faster there as well.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    waited = 0.0
    if gpu:
        waited = _choose_gpu(slots_per_gpu)
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    # JAX needs SciPy, and reads XLA_FLAGS on import.
    unused = UNUSED
    if os.environ["KERAS_BACKEND"] == "jax":
        unused = tuple(name for name in UNUSED if name != "scipy")
        single = f"--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads={threads}"
        os.environ.setdefault("XLA_FLAGS", single if threads == 1 else "")
        os.environ.setdefault("PJRT_NPROC", str(threads))
        if not gpu:
            os.environ["JAX_PLATFORMS"] = "cpu"
    hide_known_messages()
    with lean_imports(*unused):
        import keras  # noqa: F401
    return waited


def check_installed(where: str, backend: str) -> None:
    """Raise ConfigError if the package of a Keras backend is not installed; ``where`` is the key that names it."""
    if importlib.util.find_spec(backend) is None:
        lock = "requirements.lock" if backend == "tensorflow" else f"requirements-{backend}.lock"
        raise ConfigError(f"{where}: {backend} is not installed; run make install LOCK={lock}, or use another backend")


def _choose_gpu(slots: int) -> float:
    """Choose the GPU of this process, and return the seconds that it waited for a slot."""
    if slots > 1:
        # By default the first trial reserves the memory of the whole GPU.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    devices = visible_gpus()
    # A single device in CUDA_VISIBLE_DEVICES is the scheduler's choice for this job. It needs no slot: its number may
    # mean another device on another node or in another job's container.
    if devices and not (len(devices) == 1 and "CUDA_VISIBLE_DEVICES" in os.environ):
        before = time.perf_counter()
        os.environ["CUDA_VISIBLE_DEVICES"] = take_slot(devices, slots)
        return time.perf_counter() - before
    return 0.0


def _on_jax() -> bool:
    import keras

    return keras.backend.backend() == "jax"


def limit_threads(threads: int) -> None:
    """Limit TensorFlow's thread pools; must run before its first operation. JAX is limited by ``prepare``."""
    if _on_jax():
        return
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def detect() -> Hardware:
    """Return the properties of the device that decide how a network trains on it."""
    gpu = _gpu()
    return Hardware(None if gpu is None else gpu[1], frozenset(processor_flags().split()))


def _gpu() -> tuple[str, float] | None:
    """Return the name and the compute capability of the GPU that the backend uses; None without one."""
    if _on_jax():
        import jax

        device = jax.devices()[0]
        if device.platform != "gpu":
            return None
        return device.device_kind, float(getattr(device, "compute_capability", 0))
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return None
    details = tf.config.experimental.get_device_details(gpus[0])
    major, minor = details.get("compute_capability", (0, 0))
    return details.get("device_name", "unknown"), major + minor / 10


def facts(threads: int, gpu: bool) -> dict[str, Any]:
    """Return what trial.json says of the device.

    Args:
        threads: number of CPU threads.
        gpu: whether the job requested a GPU.

    Returns:
        ``device``, for example ``cpu: AMD EPYC, 2 threads``; ``threads``; and ``gpu_missing``, whether a GPU was
        requested but the backend finds none, so that the trial runs on the CPU.
    """
    found = _gpu()
    cpu = f"cpu: {processor_name()}, {threads} thread{'s' if threads > 1 else ''}"
    device = cpu if found is None else f"gpu: {found[0]}"
    return {"device": device, "threads": threads, "gpu_missing": gpu and found is None}


def peak_memory_mb(usage: resource.struct_rusage | None = None) -> int:
    """Return the peak resident memory of a process, this one by default, in MB (10^6 bytes)."""
    peak = (usage or resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)


def processor_name() -> str:
    """Return the processor's model name."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def processor_flags() -> str:
    """Return the processor's instruction sets as Linux names them, separated by spaces, or an empty string."""
    return _cpuinfo("flags") or ""


def _cpuinfo(key: str) -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result depends on."""
    import keras
    import numpy as np

    if _on_jax():
        import jax as backend
    else:
        import tensorflow as backend

    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        backend.__name__: backend.__version__,
        "numpy": np.__version__,
    }
