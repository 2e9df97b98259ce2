"""What a trial trains on: its images one after another, what they are, and which of them an epoch goes through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from lookbook.datasets.arrays import Dataset
from lookbook.sampling.rows import draw_parts, kept_classes, number_of_outputs, targets
from lookbook.sampling.splits import epoch_order
from lookbook.sampling.streams import stream_seed
from lookbook.training.program import EVALUATION_BATCH

# Images made before training: uint8 (N, H, W, C), and the training image that each was made from, int32 (N,).
Copies = tuple[np.ndarray, np.ndarray]


class Stack:
    """Arrays of images one after another, indexed as one array without being copied into one."""

    def __init__(self, parts: Sequence[np.ndarray]) -> None:
        self.parts = [part for part in parts if len(part)]
        self.starts = np.cumsum([0, *(len(part) for part in self.parts)])
        self.nbytes = sum(part.nbytes for part in self.parts)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return the images of whole-number rows of any shape (..., H, W, C)."""
        flat = rows.reshape(-1)
        images = np.empty((len(flat), *self.parts[0].shape[1:]), self.parts[0].dtype)
        owner = np.searchsorted(self.starts, flat, side="right") - 1
        for number, part in enumerate(self.parts):
            mine = owner == number
            images[mine] = part[flat[mine] - self.starts[number]]
        return images.reshape(*rows.shape, *images.shape[1:])

    def whole(self) -> np.ndarray:
        """Return all images as one array."""
        return np.concatenate(self.parts)


@dataclass(frozen=True, eq=False)
class Material:
    """A trial's images.

    Attributes:
        images: the training images of the data set, its test images, then copies made before training.
        labels: what the network is to answer for each of them, int32.
        splits: rows of the clean images by split (train, valid, test), int32; what is predicted at the end.
        pool: rows that an epoch goes through, int32, with repetition where images are drawn more than once.
        is_copy: bool, whether an entry of the pool is a drawn copy.
        train_images: how many training images the data set has; its test images follow them.
        outputs: how many logits the network has.
        valid_in_train: bool, whether a validation image is trained on as well; None where nothing is drawn.
        seed: the trial's seed.
        batch_size: images in one step, with every repetition.
        multiplicity: how often each image stands in its batch.
        steps_per_epoch: optimizer steps of an epoch, a last short batch included.
    """

    images: Stack
    labels: np.ndarray
    splits: dict[str, np.ndarray]
    pool: np.ndarray
    is_copy: np.ndarray
    train_images: int
    outputs: int
    valid_in_train: np.ndarray | None
    seed: int
    batch_size: int
    multiplicity: int
    steps_per_epoch: int

    def epoch(self, number: int) -> np.ndarray:
        """Return the rows of a one-based epoch in the order in which they are trained on, int32."""
        order = np.repeat(epoch_order(self.pool, self.seed, number), self.multiplicity)
        return order[: self.steps_per_epoch * self.batch_size]

    def rows_in_data_set(self, split: str) -> np.ndarray:
        """Return a split's rows in the data set's own array of training or of test images."""
        return self.splits[split] - (self.train_images if split == "test" else 0)

    def with_drawn_copies_augmented(self, transform: Callable[[Any, Any], tuple[Any, Any]]) -> "Material":
        """Return the material with every drawn copy of the pool replaced by an augmented image, made once."""
        rows = self.pool[self.is_copy]
        made = [_augmented(self.images[part], transform) for part in _portions(rows)]
        pool = self.pool.copy()
        pool[self.is_copy] = len(self.images) + np.arange(len(rows))
        return replace(
            self,
            images=Stack([*self.images.parts, *made]),
            labels=np.concatenate([self.labels, self.labels[rows]]),
            pool=pool,
        )


def gather(spec: Mapping[str, Any], seed: int, data: Dataset, copies: Copies | None = None) -> Material:
    """Return what a trial of a resolved experiment trains on.

    Args:
        spec: the resolved experiment.
        seed: the trial's seed.
        data: the prepared data set.
        copies: of the training images, to train on in their place.

    Raises:
        ValueError: nothing is left to train on, or the experiment asks for copies and there are none.
    """
    parts = draw_parts(spec, data, seed)
    count, training = len(data.train_images), spec["training"]
    images, labels = [data.train_images, data.test_images], [data.train_labels, data.test_labels]
    pool, is_copy = parts.train, parts.train_is_copy
    if (copies is None) != (spec["copies"] is None):
        raise ValueError("copies of the images are made before training where the experiment says so, and only there")
    if copies is not None:
        copied, source = copies
        pool = count + len(data.test_images) + np.flatnonzero(np.isin(source, parts.train)).astype(np.int32)
        is_copy = np.ones(len(pool), bool)
        images, labels = [*images, copied], [*labels, data.train_labels[source]]
    kept = kept_classes(spec, np.asarray(data.train_labels))
    multiplicity, batch_size = training["multiplicity"], training["batch_size"]
    steps = -(-len(pool) * multiplicity // batch_size)
    return Material(
        images=Stack(images),
        labels=targets(spec, np.concatenate(labels), kept),
        splits={"train": parts.train, "valid": parts.valid, "test": parts.test + np.int32(count)},
        pool=pool,
        is_copy=is_copy,
        train_images=count,
        outputs=number_of_outputs(spec, len(data.classes)),
        valid_in_train=parts.valid_in_train,
        seed=seed,
        batch_size=batch_size,
        multiplicity=multiplicity,
        steps_per_epoch=min(steps, training["steps_per_epoch"] or steps),
    )


def copies_transform(entries: list[Mapping[str, Any]], seed: int) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return the augmentation of drawn copies, with a random state of its own."""
    from lookbook import augmentation

    return augmentation.compose(entries, keras.random.SeedGenerator(stream_seed(seed, "copies")))


def _portions(rows: np.ndarray) -> list[np.ndarray]:
    return np.split(rows, range(EVALUATION_BATCH, len(rows), EVALUATION_BATCH)) if len(rows) else []


def _augmented(images: np.ndarray, transform: Callable[[Any, Any], tuple[Any, Any]]) -> np.ndarray:
    """Return augmented images, uint8; their labels are not theirs to change."""
    pixels, _ = transform(ops.cast(images, "float32"), ops.zeros(len(images), "int32"))
    return np.clip(np.rint(ops.convert_to_numpy(pixels)), 0, 255).astype(np.uint8)
