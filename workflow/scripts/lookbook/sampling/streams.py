"""Named random streams: each random choice of a trial derives from the trial's seed and a name.

One stream per purpose keeps trials comparable: two experiments with the same seed have the same split and the same
epoch orders, even if one of them uses more random numbers for augmentation.
"""

import zlib

import numpy as np


def stream(seed: int, name: str, *keys: int) -> np.random.Generator:
    """Return the random generator for one purpose, for example ``stream(seed, "order", epoch)``.

    Args:
        seed: the trial's seed, 0 or greater.
        name: the purpose; streams of different names are independent.
        keys: further integers that distinguish streams of one name, such as the epoch.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode()), *keys])


def stream_seed(seed: int, name: str) -> int:
    """Return a 31-bit seed of the stream, for libraries that take an integer seed (Keras)."""
    return int(stream(seed, name).integers(2**31))
