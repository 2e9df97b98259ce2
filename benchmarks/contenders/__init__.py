"""Who is timed, one file each: ``ready(case, settings)`` returns a function that trains some steps, and facts."""

from typing import NamedTuple


class Settings(NamedTuple):
    """What a contender computes with.

    Attributes:
        threads: CPU threads.
        gpu: whether to use a GPU.
        backend: Keras's backend.
        precision: Keras's policy, or auto.
    """

    threads: int
    gpu: bool
    backend: str
    precision: str
