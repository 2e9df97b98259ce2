"""The implementations that are timed, one file each.

Each file has ``ready(case, settings)``, which returns a function that trains a number of steps, and a dictionary of
facts.
"""

from typing import NamedTuple


class Settings(NamedTuple):
    """The settings of a contender.

    Attributes:
        threads: number of CPU threads.
        gpu: whether to use a GPU.
        backend: Keras's backend.
        precision: Keras's dtype policy, or auto.
    """

    threads: int
    gpu: bool
    backend: str
    precision: str
