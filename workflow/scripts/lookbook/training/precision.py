"""In which precision a network trains, and what compiles its steps: by the hardware, the network and the steps."""

from dataclasses import dataclass

# Training steps up to which tracing a step takes longer than running all of them eagerly.
FEW_STEPS = 4
# Training steps below which XLA's compilation, or tracing several steps in one call, takes longer than it saves.
SHORT_TRAINING = 1000


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
    of compute capability 8.0 or higher, and processors with AMX or AVX512_BF16. Elsewhere float32 is faster.
    ``benchmarks/precision_choice.py`` measures both.
    """
    if requested != "auto":
        return requested
    if hardware.compute_capability is not None:
        multiplies_bfloat16 = hardware.compute_capability >= 8.0
    else:
        multiplies_bfloat16 = not hardware.processor_flags.isdisjoint({"amx_bf16", "avx512_bf16"})
    return "mixed_bfloat16" if convolutional and multiplies_bfloat16 else "float32"


def choose_compilation(
    requested: str, convolutional: bool, hardware: Hardware, steps: int, backend: str = "tensorflow"
) -> str:
    """Return how the steps of a trial run: ``xla``, ``graph`` or ``eager``; on JAX XLA always compiles them.

    ``auto`` runs a training of at most ``FEW_STEPS`` steps eagerly, without a trace. It uses XLA on a GPU, and on a
    CPU for networks without convolutions, unless the training is too short to repay the compilation. Else it uses
    graph mode, in which oneDNN's convolutions were measured to be several times faster than XLA's.
    """
    if backend == "jax":
        return "xla"
    if requested != "auto":
        return requested
    if steps <= FEW_STEPS:
        return "eager"
    repays = not convolutional and steps >= SHORT_TRAINING
    return "xla" if hardware.compute_capability is not None or repays else "graph"


def has_bfloat16_convolutions(hardware: Hardware) -> bool:
    """Return whether TensorFlow has fast bfloat16 convolutions: on GPUs, and on CPUs that oneDNN has kernels for."""
    return hardware.compute_capability is not None or not hardware.processor_flags.isdisjoint(
        {"avx512f", "avx_ne_convert"}
    )
