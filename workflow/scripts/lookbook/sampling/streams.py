"""Named random streams: each random choice of a trial derives from the trial's seed and a name.

One stream per purpose keeps trials comparable: two experiments with the same seed have the same split and the same
epoch orders, even if one of them uses more random numbers for augmentation.
"""

import zlib

import numpy as np


def stream(seed: int, name: str, *keys: int) -> np.random.Generator:
    """Return the random generator for one purpose, for example ``stream(seed, "order", epoch)``.

    The trial's seed is 0 or greater. Streams of different names, or of one name and different keys, are independent.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode()), *keys])


def stream_seed(seed: int, name: str) -> int:
    """Return a 31-bit seed of the stream, for libraries that take an integer seed (Keras)."""
    return int(stream(seed, name).integers(2**31))
