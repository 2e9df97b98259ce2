"""Stochastic weight averaging (Izmailov et al., 2018, arXiv 1803.05407).

The weights at the ends of some late epochs are averaged. Batch-norm statistics belong to the weights they were
gathered with, so those of the averaged network are estimated again on the training images.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from lookbook.models import layers_of


@dataclass
class WeightAverage:
    """The running average of a trial's trainable weights; without a first epoch it averages nothing.

    Attributes:
        first: the one-based epoch that is the first to count; None never averages.
        every: epochs from one that counts to the next.
        count: how many have counted.
        weights: their average, in the order of the trainable variables.
    """

    first: int | None
    every: int = 1
    count: int = 0
    weights: list[np.ndarray] = field(default_factory=list)

    def takes(self, epoch: int) -> bool:
        """Return whether the weights at the end of this one-based epoch count."""
        return self.first is not None and epoch >= self.first and (epoch - self.first) % self.every == 0

    def add(self, weights: list[np.ndarray]) -> None:
        """Take the weights of one more epoch into the average."""
        self.count += 1
        previous = self.weights or [np.zeros_like(weight) for weight in weights]
        self.weights = [p + (w - p) / self.count for p, w in zip(previous, weights, strict=True)]


def reestimate_statistics(model: keras.Model, observe: Callable[[np.ndarray], None], batches: list[np.ndarray]) -> None:
    """Replace the moving statistics of batch normalisation by their average over batches of training images.

    Args:
        model: the network with its final weights.
        observe: runs one batch of image indices through the network as in training, without a step; compiled only
            after this function has set the layers' momentum to 0, so that each call leaves its batch's statistics.
        batches: arrays of image indices, int32 (batch,).
    """
    layers: list[Any] = [x for x in layers_of(model) if isinstance(x, keras.layers.BatchNormalization)]
    if not layers:
        return
    statistics = [v for layer in layers for v in (layer.moving_mean, layer.moving_variance)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    sums = [np.zeros(v.shape, np.float64) for v in statistics]
    for batch in batches:
        observe(batch)
        for total, variable in zip(sums, statistics, strict=True):
            total += keras.ops.convert_to_numpy(variable)
    for variable, total in zip(statistics, sums, strict=True):
        variable.assign(total / len(batches))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
