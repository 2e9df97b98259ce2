"""Which images a trial trains on, validates on, and in which order it sees them.

Everything is an array of indices, and every choice has its own random stream: two experiments with the same
seed and the same rule get the same indices, whatever else they draw.
"""

import numpy as np

from lookbook.sampling.streams import stream


def split_indices(count: int, validation_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the training images at random, without regard to class, into train and validation.

    With one seed, the validation images of a smaller fraction are among those of a larger one.

    Args:
        count: the number of training images.
        validation_fraction: the part to hold out, from 0 (nothing) to below 1.
        seed: the trial's seed.

    Returns:
        Train and validation indices, int32, each ascending; the validation part has
        ``round(count * validation_fraction)`` of them.

    Raises:
        ValueError: the fraction is outside [0, 1) or leaves nothing to train on.
    """
    if not 0 <= validation_fraction < 1:
        raise ValueError(f"validation_fraction must be at least 0 and below 1, not {validation_fraction}")
    held_out = round(count * validation_fraction)
    if held_out == count:
        raise ValueError(f"validation_fraction {validation_fraction} of {count} images leaves none to train on")
    shuffled = stream(seed, "split").permutation(count).astype(np.int32)
    return np.sort(shuffled[held_out:]), np.sort(shuffled[:held_out])


def epoch_order(indices: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Shuffle the training indices for one epoch.

    Each epoch has its own stream, so a resumed trial sees the order that it would have seen uninterrupted.

    Args:
        indices: whole numbers (N,), with repetition where images are oversampled.
        seed: the trial's seed.
        epoch: the epoch's number.

    Returns:
        The same indices in another order, int32 (N,).
    """
    return stream(seed, "order", epoch).permutation(indices).astype(np.int32)


def limit(labels: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """Choose a stratified subset, for profiles that cap the number of images.

    Images are ranked within their class at random and taken in the order of rank / class size: classes keep
    their proportions, every class keeps at least one image (where ``count`` allows it), and with one seed a
    smaller subset is part of a larger one. To limit part of a dataset, index with the result:
    ``train = train[limit(labels[train], count, seed)]``.

    Args:
        labels: class of each image, whole numbers (N,).
        count: how many to keep; None, or more than there are, keeps all.
        seed: the trial's seed.

    Returns:
        Positions in ``labels``, int32 (min(count, N),), ascending.

    Raises:
        ValueError: the count is negative.
    """
    if count is None or count >= len(labels):
        return np.arange(len(labels), dtype=np.int32)
    if count < 0:
        raise ValueError(f"the number of images must be 0 or greater, not {count}")
    rank = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[stream(seed, "limit", int(label)).permutation(members)] = np.arange(len(members)) / len(members)
    # Stable: equal ranks go to the image that comes first, on every machine.
    return np.sort(np.argsort(rank, kind="stable")[:count]).astype(np.int32)
