"""Early stopping on the validation loss, as ``keras.callbacks.EarlyStopping(restore_best_weights=True)`` does it.

Keras's callback keeps its state in a running ``fit``; this state can be saved in a checkpoint.
"""

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass
class EarlyStopping:
    """The best epoch of a trial so far.

    Attributes:
        patience: epochs without a lower validation loss after which training stops.
        best_loss: the lowest validation loss.
        best_epoch: its one-based epoch; None before the first.
        best_weights: the model's variables at the end of that epoch.
    """

    patience: int
    best_loss: float = math.inf
    best_epoch: int | None = None
    best_weights: list[np.ndarray] = field(default_factory=list)

    def improves(self, epoch: int, loss: float) -> bool:
        """Record an epoch's validation loss; return whether it is the lowest, so that its weights must be kept."""
        if not loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, epoch
        return True

    def stops(self, epoch: int) -> bool:
        """Return whether training stops after this one-based epoch."""
        return epoch - (self.best_epoch or 0) >= self.patience
