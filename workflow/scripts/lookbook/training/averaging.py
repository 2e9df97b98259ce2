"""Stochastic weight averaging (Izmailov et al., 2018, arXiv 1803.05407).

The weights at the ends of some late epochs are averaged. Batch-norm statistics depend on the weights, so they are
estimated again on the training images for the averaged weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from lookbook.models import layers_of


@dataclass
class WeightAverage:
    """The running average of a trial's trainable weights.

    Attributes:
        start_epoch: the first one-based epoch whose weights are averaged.
        every: distance in epochs from one averaged epoch to the next.
        count: number of averaged epochs so far.
        weights: their average, in the order of the trainable variables; empty before the first.
    """

    start_epoch: int
    every: int = 1
    count: int = 0
    weights: list[np.ndarray] = field(default_factory=list)

    def includes(self, epoch: int) -> bool:
        """Return whether the weights at the end of this one-based epoch are averaged."""
        return epoch >= self.start_epoch and (epoch - self.start_epoch) % self.every == 0

    def add(self, weights: list[np.ndarray]) -> None:
        """Add the weights of one more epoch to the average."""
        self.count += 1
        previous = self.weights or [np.zeros_like(weight) for weight in weights]
        self.weights = [p + (w - p) / self.count for p, w in zip(previous, weights, strict=True)]


def reestimate_statistics(
    model: keras.Model, update_batch_statistics: Callable[[np.ndarray], None], batches: list[np.ndarray]
) -> None:
    """Replace the moving statistics of batch normalization by their average over the training images, by batch.

    Args:
        model: the network with its final weights.
        update_batch_statistics: runs the images of int32 rows (batch,) forward as in training. It must compile on
            its first call, after this function has set the layers' momentum to 0: then each call leaves the
            statistics of its batch.
        batches: rows of images, int32 (batch,).
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
        update_batch_statistics(batch)
        for total, variable in zip(sums, statistics, strict=True):
            total += len(batch) * keras.ops.convert_to_numpy(variable)
    count = sum(map(len, batches))
    for variable, total in zip(statistics, sums, strict=True):
        variable.assign(total / count)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
