"""The signature that every backend's compiled training has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Images of one prediction call: large enough that a call's own cost vanishes, small enough for the caches.
EVALUATION_BATCH = 500
# Images above this stay on the host, which hands them over a few steps at a time.
RESIDENT_BYTES = 1 << 30


class Sums(NamedTuple):
    """What a compiled call adds up over its images: loss (penalties included), correct ones, how many."""

    loss: float
    correct: float
    images: int


@dataclass(frozen=True)
class Program:
    """A trial's compiled calls.

    Attributes:
        prepare: compiles for indices of the shape that ``train`` takes, and for predictions, without a step; what is
            not prepared is compiled when it is first called.
        train: indices int32 (steps, batch) to Sums; trains one step for each row.
        predict: indices (N,) to logits, float32 (N, classes), of clean images.
        observe: indices int32 (batch,) run forward as in training, augmented, without a step: only what a forward
            pass moves (batch-norm statistics) changes.
        restore: gives the model back as plain Keras, to be saved; it trains no further after that.
    """

    prepare: Callable[[np.ndarray], None]
    train: Callable[[np.ndarray], Sums]
    predict: Callable[[np.ndarray], np.ndarray]
    observe: Callable[[np.ndarray], None]
    restore: Callable[[], None]
