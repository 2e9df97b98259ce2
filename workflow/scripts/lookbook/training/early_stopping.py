"""Early stopping on the validation loss, with the best weights kept."""

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass
class EarlyStopping:
    """Follows the validation loss of one trial; without a patience it follows nothing.

    Attributes:
        patience: epochs without a lower loss after which training stops; None never stops it.
        best_loss: the lowest validation loss so far.
        best_epoch: its one-based epoch, or None.
        best_weights: the model's variables at its end.
    """

    patience: int | None
    best_loss: float = math.inf
    best_epoch: int | None = None
    best_weights: list[np.ndarray] = field(default_factory=list)

    def improves(self, epoch: int, loss: float) -> bool:
        """Note an epoch's validation loss; return whether it is the lowest so far, whose weights are to be kept."""
        if self.patience is None or not loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, epoch
        return True

    def stops(self, epoch: int) -> bool:
        """Return whether training ends after this epoch."""
        return self.patience is not None and epoch - (self.best_epoch or 0) >= self.patience
