"""Named random streams: everything random in a trial derives from its seed and a name.

One stream per purpose keeps trials comparable: two experiments that share a seed share the split and the data
order even when one of them draws more random numbers for augmentation than the other.
"""

import zlib

import numpy as np


def stream(seed: int, name: str, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose, for example ``stream(seed, "order", epoch)``.

    Args:
        seed: the trial's seed, 0 or greater.
        name: what the numbers are for; another name gives an independent stream.
        keys: further whole numbers that tell streams of one name apart, such as the epoch.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode()), *keys])


def stream_seed(seed: int, name: str) -> int:
    """Return a 31-bit seed of the stream, for libraries that take a whole number (Keras)."""
    return int(stream(seed, name).integers(2**31))
