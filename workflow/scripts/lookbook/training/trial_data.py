"""The images of a trial, their labels, and the rows of them that each epoch trains on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from lookbook.sampling.rows import kept_classes, number_of_outputs, sample_rows, targets
from lookbook.sampling.splits import epoch_order
from lookbook.training.compiled import EVALUATION_BATCH, Transform

if TYPE_CHECKING:
    from lookbook.datasets.arrays import Dataset


class Stack:
    """Arrays of images one after another, indexed as one array without being copied into one."""

    def __init__(self, parts: Sequence[np.ndarray]) -> None:
        self.parts = [part for part in parts if len(part)]
        self.starts = np.cumsum([0, *(len(part) for part in self.parts)])
        self.nbytes = sum(part.nbytes for part in self.parts)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return the images of integer rows of any shape, uint8 (..., H, W, C)."""
        flat = rows.reshape(-1)
        images = np.empty((len(flat), *self.parts[0].shape[1:]), self.parts[0].dtype)
        owner = np.searchsorted(self.starts, flat, side="right") - 1
        for number, part in enumerate(self.parts):
            in_part = owner == number
            images[in_part] = part[flat[in_part] - self.starts[number]]
        return images.reshape(*rows.shape, *images.shape[1:])

    def whole(self) -> np.ndarray:
        """Return all images as one array."""
        return np.concatenate(self.parts)


@dataclass(frozen=True, eq=False)
class TrialData:
    """The images of a trial.

    Attributes:
        images: the dataset's training images, then its test images, then images augmented before training.
        labels: the target of each image, int32 (N,).
        splits: rows of the dataset's images by split (train, valid, test), int32; the network predicts these.
        train_rows: rows of one epoch, int32, with repetitions of images that are sampled more than once.
        augmented_before: bool, which entries of ``train_rows`` augmentation replaces once, before training; None
            where augmentation takes place at every step.
        train_images: number of the dataset's training images; its test images follow them.
        outputs: number of logits of the network.
        valid_in_train: bool, which validation images are trained on as well; None where none can be.
        seed: the trial's seed.
        batch_size: images per step, repetitions included.
        multiplicity: how often each image occurs in its batch.
        steps_per_epoch: optimizer steps per epoch, a last short batch included.
    """

    images: Stack
    labels: np.ndarray
    splits: dict[str, np.ndarray]
    train_rows: np.ndarray
    augmented_before: np.ndarray | None
    train_images: int
    outputs: int
    valid_in_train: np.ndarray | None
    seed: int
    batch_size: int
    multiplicity: int
    steps_per_epoch: int

    def epoch(self, number: int) -> np.ndarray:
        """Return the rows of a one-based epoch in training order, int32."""
        order = np.repeat(epoch_order(self.train_rows, self.seed, number), self.multiplicity)
        return order[: self.steps_per_epoch * self.batch_size]

    def rows_in_dataset(self, split: str) -> np.ndarray:
        """Return a split's rows in the dataset's own array of training or test images."""
        return self.splits[split] - (self.train_images if split == "test" else 0)

    def with_images_augmented_before(self, transform: Transform) -> TrialData:
        """Return the data with an augmented image in place of each entry of ``augmented_before``.

        Args:
            transform: takes float32 images (B, H, W, C) and labels; its labels are ignored. It gets the images in
                batches of ``EVALUATION_BATCH``, in the order of ``train_rows``.
        """
        rows = self.train_rows[self.augmented_before]
        augmented = np.empty((len(rows), *self.images.parts[0].shape[1:]), np.uint8)
        for start in range(0, len(rows), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            pixels, _ = transform(
                ops.cast(self.images[rows[part]], "float32"), ops.zeros(len(augmented[part]), "int32")
            )
            augmented[part] = np.clip(np.rint(ops.convert_to_numpy(pixels)), 0, 255)
        train_rows = self.train_rows.copy()
        train_rows[self.augmented_before] = len(self.images) + np.arange(len(rows))
        return replace(
            self,
            images=Stack([*self.images.parts, augmented]),
            labels=np.concatenate([self.labels, self.labels[rows]]),
            train_rows=train_rows,
        )


def gather(spec: Mapping[str, Any], seed: int, data: Dataset) -> TrialData:
    """Return the images of a trial, before any augmentation.

    Args:
        spec: the resolved experiment. With ``augmented_copies: n``, each training image occurs n times.
        seed: the trial's seed.
        data: the prepared dataset.

    Raises:
        ValueError: there are no images to train on.
    """
    rows = sample_rows(spec, data, seed)
    count, training, copies = len(data.train_images), spec["training"], spec["augmented_copies"]
    train_rows, augmented_before = rows.train, None
    if copies is not None:
        # Copy c of every image before copy c + 1 of any.
        train_rows = np.tile(rows.train, copies)
        augmented_before = np.ones(len(train_rows), bool)
    elif spec["sampling"]["augment"] == "resampled":
        augmented_before = rows.train_is_resampled
    labels = np.concatenate([data.train_labels, data.test_labels])
    multiplicity, batch_size = training["multiplicity"], training["batch_size"]
    steps = -(-len(train_rows) * multiplicity // batch_size)
    return TrialData(
        images=Stack([data.train_images, data.test_images]),
        labels=targets(spec, labels, kept_classes(spec, np.asarray(data.train_labels))),
        splits={"train": rows.train, "valid": rows.valid, "test": rows.test + np.int32(count)},
        train_rows=train_rows,
        augmented_before=augmented_before,
        train_images=count,
        outputs=number_of_outputs(spec, len(data.classes)),
        valid_in_train=rows.valid_in_train,
        seed=seed,
        batch_size=batch_size,
        multiplicity=multiplicity,
        steps_per_epoch=min(steps, training["steps_per_epoch"] or steps),
    )
