"""Train and validation splits, epoch orders, and limited subsets, as arrays of indices.

Each has its own random stream: two experiments with the same seed and the same rule get the same indices, independent
of their other random draws.
"""

import numpy as np

from lookbook.sampling.streams import stream


def split_indices(count: int, validation_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the training images at random, independent of class, into train and validation.

    With the same seed, the validation images of a smaller fraction are a subset of those of a larger one.

    Args:
        count: number of training images.
        validation_fraction: fraction to hold out, from 0 (none) to below 1.
        seed: the trial's seed.

    Returns:
        Train and validation indices, int32, each ascending; ``round(count * validation_fraction)`` are for validation.

    Raises:
        ValueError: the fraction leaves no training images.
    """
    held_out = round(count * validation_fraction)
    if held_out == count:
        raise ValueError(f"validation_fraction {validation_fraction} of {count} images leaves no training images")
    shuffled = stream(seed, "split").permutation(count).astype(np.int32)
    return np.sort(shuffled[held_out:]), np.sort(shuffled[:held_out])


def epoch_order(indices: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return the training indices, integers (N,), in their order for one epoch, int32 (N,).

    Each epoch has its own stream, so a resumed trial has the same order as an uninterrupted one.
    """
    return stream(seed, "order", epoch).permutation(indices).astype(np.int32)


def limit(labels: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """Choose a stratified subset, for profiles that limit the number of images.

    Images are ranked at random within their class and taken in the order of rank / class size: classes keep their
    proportions, every class keeps at least one image (if ``count`` allows it), and with the same seed a smaller subset
    is part of a larger one. To limit a part of a dataset, index it with the result:
    ``train = train[limit(labels[train], count, seed)]``.

    Args:
        labels: class of each image, integers (N,).
        count: number of images to keep; None, or a number above N, keeps all.
        seed: of the random ranks.

    Returns:
        Positions in ``labels``, int32 (min(count, N),), ascending.
    """
    if count is None or count >= len(labels):
        return np.arange(len(labels), dtype=np.int32)
    rank = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[stream(seed, "limit", int(label)).permutation(members)] = np.arange(len(members)) / len(members)
    # A stable sort resolves equal ranks in the same way on every machine.
    return np.sort(np.argsort(rank, kind="stable")[:count]).astype(np.int32)
