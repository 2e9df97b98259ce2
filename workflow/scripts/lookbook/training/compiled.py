"""The compiled calls of a trial: what both backends share.

Images and labels stay on the device where they fit, so that a call takes row numbers, gathers the images, augments
them, trains on them and returns sums. ``compiled_tensorflow`` and ``compiled_jax`` compile the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
from keras import ops

if TYPE_CHECKING:
    from lookbook.training.precision import Hardware
    from lookbook.training.trial_data import Stack

# Images of one prediction call: enough to hide the cost of a call, few enough for the processor's caches.
EVALUATION_BATCH = 500
# Images that need more memory stay on the host, which passes them to the device a few steps at a time.
RESIDENT_BYTES = 1 << 30
# Steps of one call, where a call does not train a whole epoch.
STEPS_PER_CALL = 4

# Augmentation of a batch: images float32 (B, H, W, C) and labels in, the same shapes out.
Transform = Callable[[Any, Any], tuple[Any, Any]]
Inputs = tuple[Any, ...]


class Sums(NamedTuple):
    """Sums over the images of a training call: loss (penalties included), correct predictions, number of images."""

    loss: float
    correct: float
    images: int


@dataclass(frozen=True)
class Task:
    """What is compiled.

    Attributes:
        model: maps pixels to logits.
        optimizer: built for the model's trainable variables.
        loss: a Keras loss of labels and logits, averaged over the batch.
        transform: augments a training batch.
        seeds: the seed generators that ``transform`` draws from.
        images: uint8 (N, H, W, C).
        labels: int32 (N,).
        one_hot: whether the loss and the augmentation take one-hot labels, float32 (B, classes).
        compilation: how the calls run: ``xla``, ``graph`` or ``eager``; JAX always uses XLA.
        steps: optimizer steps of the whole training.
        hardware: what the calls run on.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    transform: Transform
    seeds: Sequence[keras.random.SeedGenerator]
    images: Stack
    labels: np.ndarray
    one_hot: bool
    compilation: str
    steps: int
    hardware: Hardware

    @property
    def classes(self) -> int:
        """The number of logits."""
        return int(self.model.output_shape[-1])

    @property
    def is_resident(self) -> bool:
        """Whether all images stay on the device."""
        return self.images.nbytes <= RESIDENT_BYTES

    def resident_arrays(self) -> Inputs:
        """Return images and labels on the device, or nothing where the images stay on the host."""
        if not self.is_resident:
            return ()
        return ops.convert_to_tensor(self.images.whole()), ops.convert_to_tensor(self.labels)

    def inputs(self, rows: np.ndarray) -> Inputs:
        """Return the arguments of a compiled call for rows, int32 of any shape: the rows, or images and labels."""
        if self.is_resident:
            return (ops.convert_to_tensor(rows),)
        return ops.convert_to_tensor(self.images[rows]), ops.convert_to_tensor(self.labels[rows])

    def batch(self, pixels: Any, labels: Any) -> tuple[Any, Any]:
        """Return a batch as augmentation, model and loss take it: pixels float32, labels one-hot where needed."""
        return ops.cast(pixels, "float32"), ops.one_hot(labels, self.classes) if self.one_hot else labels

    def count_correct(self, labels: Any, logits: Any) -> Any:
        """Return how many predictions are correct, a float32 scalar."""
        labels = ops.argmax(labels, axis=1) if self.one_hot else labels
        return ops.sum(ops.cast(ops.equal(labels, ops.argmax(logits, axis=1)), "float32"))


@dataclass(frozen=True)
class Calls:
    """What a backend compiles. ``inputs`` come from ``Task.inputs``.

    Attributes:
        steps_per_call: steps of one training call; None trains any number of steps in one call.
        prepare_steps: compiles the training steps for inputs of a shape, without a step.
        train_steps: inputs of rows (steps, batch) to the sums of loss, correct predictions and images, float32 (3,).
        prepare_prediction: compiles the prediction for inputs of a shape.
        predict: inputs of rows (batch,) to logits, float32 (batch, classes).
        update_batch_statistics: see ``Program``.
        restore: see ``Program``.
    """

    steps_per_call: int | None
    prepare_steps: Callable[[Inputs], object]
    train_steps: Callable[[Inputs], Any]
    prepare_prediction: Callable[[Inputs], object]
    predict: Callable[[Inputs], Any]
    update_batch_statistics: Callable[[Inputs], None]
    restore: Callable[[], None]


@dataclass(frozen=True)
class Program:
    """Training and prediction of one trial, compiled.

    Attributes:
        task: what is compiled.
        calls: the backend's compiled calls.
        evaluation_batch: images of one prediction call.
    """

    task: Task
    calls: Calls
    evaluation_batch: int

    def prepare(self, rows: np.ndarray) -> None:
        """Compile training for rows of this shape (steps, batch), and prediction, without training a step.

        What is not prepared is compiled when it is first called.
        """
        for portion in {portion.shape: portion for portion in self._portions(rows)}.values():
            self.calls.prepare_steps(self.task.inputs(portion))
        self.calls.prepare_prediction(self.task.inputs(np.zeros(self.evaluation_batch, np.int32)))

    def train(self, rows: np.ndarray) -> Sums:
        """Train one step for each row of int32 (steps, batch)."""
        sums = [self.calls.train_steps(self.task.inputs(portion)) for portion in self._portions(rows)]
        # Added up on the host in float64 after all calls are issued, since reading a result waits for its call.
        totals = np.stack([np.asarray(part) for part in sums]).sum(axis=0, dtype=np.float64)
        return Sums(loss=float(totals[0]), correct=float(totals[1]), images=int(totals[2]))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, classes), of the images of rows (N,), without augmentation."""
        size = self.evaluation_batch
        # A short last batch is filled up, so that every call has the same shape and compiles once.
        filled = rows if self.task.compilation == "eager" else np.resize(rows, -(-len(rows) // size) * size)
        batches = [filled[start : start + size].astype(np.int32) for start in range(0, len(filled), size)]
        logits = [np.asarray(self.calls.predict(self.task.inputs(batch))) for batch in batches]
        return np.concatenate(logits)[: len(rows)] if logits else np.zeros((0, self.task.classes), np.float32)

    def update_batch_statistics(self, rows: np.ndarray) -> None:
        """Run the images of rows, int32 (batch,), forward as in training, augmentation included, without a step.

        Only what a forward pass changes is changed: batch-norm statistics and random states.
        """
        self.calls.update_batch_statistics(self.task.inputs(rows))

    def restore(self) -> None:
        """Turn the model into plain Keras for saving; it cannot be trained further."""
        self.calls.restore()

    def _portions(self, rows: np.ndarray) -> list[np.ndarray]:
        """Return rows in portions of ``steps_per_call``; the remaining steps are one portion each."""
        size = self.calls.steps_per_call or len(rows)
        full = len(rows) - len(rows) % size
        whole = [rows[start : start + size] for start in range(0, full, size)]
        return whole + [rows[step : step + 1] for step in range(full, len(rows))]


def compile_program(task: Task, evaluation_batch: int = EVALUATION_BATCH) -> Program:
    """Return a trial's compiled calls on the backend that Keras uses."""
    return Program(task, _backend().compile_calls(task), evaluation_batch)


def compile_transform(transform: Transform) -> Transform:
    """Return an augmentation for the images that are augmented before training; it computes what eager mode does."""
    return _backend().compile_transform(transform)


def _backend() -> Any:
    # Imported by name, so that the code of the other backend is not part of a trial's code digest.
    return import_module(f"lookbook.training.compiled_{keras.backend.backend()}")
