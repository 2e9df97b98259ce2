"""Beta-distributed random numbers by inverting the distribution function.

`keras.random.beta` draws two gamma variates, for which TensorFlow has no kernel that XLA can compile. A table of
quantiles works on every backend and for every parameter, with one lookup and one interpolation.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops
from scipy.special import betaincinv

# The distribution function is exact at the 4097 quantiles and off by less than 1/4096 between them.
INTERVALS = 4096


@lru_cache
def quantiles(alpha: float, beta: float) -> np.ndarray:
    """Return the quantiles 0, 1/4096, ..., 1 of Beta(alpha, beta): (4097,) float32."""
    return betaincinv(alpha, beta, np.linspace(0, 1, INTERVALS + 1)).astype("float32")


def beta_from_uniform(uniform: Any, alpha: float, beta: float) -> Any:
    """Convert uniform random numbers to Beta(alpha, beta) random numbers.

    Args:
        uniform: float32 of any shape, in [0, 1).
        alpha: first parameter, greater than 0.
        beta: second parameter, greater than 0.

    Returns:
        float32 of the same shape, in [0, 1].
    """
    position = uniform * INTERVALS
    index = ops.minimum(ops.floor(position), INTERVALS - 1)
    table = ops.convert_to_tensor(quantiles(alpha, beta))
    below = ops.take(table, ops.cast(index, "int32"))
    above = ops.take(table, ops.cast(index, "int32") + 1)
    return below + (above - below) * (position - index)
