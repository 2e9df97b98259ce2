"""What a trial computes on, and how: threads, precision, and the way its loop is compiled.

``prepare`` must run before Keras is imported, because the backend reads its settings on import.
"""

import importlib.util
import os
import platform
import resource
import sys
from pathlib import Path

from lookbook.runtime.hardware import visible_gpus
from lookbook.runtime.imports import lean_imports
from lookbook.runtime.gpu_slots import take_slot

# Keras and TensorFlow import these where they are installed, in case they are handed one of their objects; together
# they cost 40% of the CPU time of importing Keras (3.9 s against 6.9 s), and no trial hands over any.
UNUSED: tuple[str, ...] = ("matplotlib", "pandas", "scipy", "sklearn")


def prepare(threads: int, gpu: bool, slots_per_gpu: int = 1, backend: str | None = None) -> None:
    """Import Keras for a process that may use so many CPU threads and, where ``gpu``, a GPU.

    Args:
        threads: CPU threads.
        gpu: whether to use a GPU, where there is one.
        slots_per_gpu: how many trials share one; waits until a slot is free.
        backend: tensorflow or jax; None takes what KERAS_BACKEND says, else the first that is installed.
    """
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("KERAS_BACKEND", "tensorflow" if importlib.util.find_spec("tensorflow") else "jax")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow leaves oneDNN's convolutions off on processors without AVX-512 neural-network instructions, where
    # they were measured to be 1.4 times faster all the same.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if gpu:
        _choose_gpu(slots_per_gpu)
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    # JAX needs SciPy itself, and reads its flags on import.
    unused = UNUSED
    if os.environ["KERAS_BACKEND"] == "jax":
        unused = tuple(name for name in UNUSED if name != "scipy")
        single = f"--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads={threads}"
        os.environ.setdefault("XLA_FLAGS", single if threads == 1 else "")
        if not gpu:
            os.environ["JAX_PLATFORMS"] = "cpu"
    with lean_imports(*unused):
        import keras  # noqa: F401


def _choose_gpu(slots: int) -> None:
    if slots > 1:
        # A first trial must not reserve the memory of those that share its device.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    devices = visible_gpus()
    # A single device that is named is the scheduler's choice for this job, and its number may be another node's or
    # another job's as well: it must not be shared out again.
    if devices and not (len(devices) == 1 and "CUDA_VISIBLE_DEVICES" in os.environ):
        os.environ["CUDA_VISIBLE_DEVICES"] = take_slot(devices, slots)


def _on_jax() -> bool:
    import keras

    return keras.backend.backend() == "jax"


def limit_threads(threads: int) -> None:
    """Hold TensorFlow's thread pools to a number of threads; must run before its first operation."""
    if _on_jax():
        return
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def has_gpu() -> bool:
    """Return whether the backend sees a GPU."""
    return _gpu() is not None


def _gpu() -> tuple[str, float] | None:
    """Return name and compute capability of the GPU that the backend uses, or None."""
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


def describe(threads: int) -> str:
    """Return the device in words, such as ``cpu: AMD EPYC, 2 threads``."""
    gpu = _gpu()
    if gpu is not None:
        return f"gpu: {gpu[0]}"
    return f"cpu: {processor_name()}, {threads} thread{'s' if threads > 1 else ''}"


def peak_memory_mb(usage: resource.struct_rusage | None = None) -> int:
    """Return the most resident memory that a process has had, this one by default, in MB (10^6 bytes)."""
    peak = (usage or resource.getrusage(resource.RUSAGE_SELF)).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)


def processor_name() -> str:
    """Return the processor's model name."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def processor_flags() -> str:
    """Return what instructions the processor has, as Linux tells it, or an empty text."""
    return _cpuinfo("flags") or ""


def choose_precision(wanted: str, convolutional: bool) -> str:
    """Return Keras's precision policy for a trial.

    ``auto`` takes mixed_bfloat16 for convolutions where the hardware multiplies bfloat16 matrices: processors with
    AMX, NVIDIA GPUs from Ampere on (compute capability 8.0). Elsewhere float32 is faster.
    """
    if wanted != "auto":
        return wanted
    gpu = _gpu()
    computes_bfloat16 = gpu[1] >= 8.0 if gpu else "amx_bf16" in processor_flags().split()
    return "mixed_bfloat16" if convolutional and computes_bfloat16 else "float32"


def has_bfloat16_convolutions() -> bool:
    """Return whether TensorFlow convolves bfloat16 images fast: on GPUs, and where oneDNN has kernels for it."""
    return has_gpu() or not {"avx512f", "avx_ne_convert"}.isdisjoint(processor_flags().split())


def choose_xla(wanted: str, convolutional: bool) -> bool:
    """Return whether XLA compiles a trial's loop, as it does every one on JAX.

    ``auto`` follows the measurements: XLA everywhere except for convolutions on a CPU, where oneDNN's are several
    times faster than XLA's.
    """
    if _on_jax():
        return True
    return wanted == "xla" if wanted != "auto" else has_gpu() or not convolutional


def _cpuinfo(key: str) -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
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
