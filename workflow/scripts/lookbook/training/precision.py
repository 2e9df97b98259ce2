"""In which precision a network trains, and what compiles its steps: functions of the hardware alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hardware:
    """The properties of a device that decide how a network trains on it.

    Attributes:
        compute_capability: of the NVIDIA GPU that is used, for example 8.0; None without a GPU.
        processor_flags: the processor's instruction sets as Linux names them.
    """

    compute_capability: float | None = None
    processor_flags: frozenset[str] = frozenset()


def choose_precision(requested: str, convolutional: bool, hardware: Hardware) -> str:
    """Return the Keras dtype policy of a trial.

    ``auto`` is mixed_bfloat16 for convolutional networks where the hardware multiplies bfloat16 matrices: NVIDIA GPUs
    of compute capability 8.0 or higher, and processors with AMX. Elsewhere float32 is faster.
    """
    if requested != "auto":
        return requested
    if hardware.compute_capability is not None:
        multiplies_bfloat16 = hardware.compute_capability >= 8.0
    else:
        multiplies_bfloat16 = "amx_bf16" in hardware.processor_flags
    return "mixed_bfloat16" if convolutional and multiplies_bfloat16 else "float32"


def choose_xla(requested: str, convolutional: bool, hardware: Hardware, backend: str = "tensorflow") -> bool:
    """Return whether XLA compiles the steps of a trial; on JAX it always does.

    ``auto`` uses XLA except for convolutional networks on a CPU, where oneDNN's convolutions in graph mode were
    measured to be several times faster.
    """
    if backend == "jax":
        return True
    if requested != "auto":
        return requested == "xla"
    return hardware.compute_capability is not None or not convolutional


def has_bfloat16_convolutions(hardware: Hardware) -> bool:
    """Return whether TensorFlow has fast bfloat16 convolutions: on GPUs, and on CPUs that oneDNN has kernels for."""
    return hardware.compute_capability is not None or not hardware.processor_flags.isdisjoint(
        {"avx512f", "avx_ne_convert"}
    )
