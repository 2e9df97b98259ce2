"""The epochs of a trial, and the network that it ends with."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from lookbook.sampling.splits import epoch_order
from lookbook.training.averaging import WeightAverage, reestimate_statistics
from lookbook.training.early_stopping import EarlyStopping

if TYPE_CHECKING:
    from lookbook.training.setup import Setup

Row = dict[str, Any]


@dataclass
class FitResult:
    """The training up to the last finished epoch, besides the variables of its ``Setup``.

    Attributes:
        stopping: the early stopping, or None.
        average: the average of late weights, or None.
        history: one row per epoch: epoch, step, learning_rate, seconds, train_loss, train_accuracy, and the loss and
            accuracy of the validation images, if there are any, and of the watched splits.
        phases: the times of ``runtime.epochs.Phases``, of all processes of the trial together.
    """

    stopping: EarlyStopping | None
    average: WeightAverage | None
    history: list[Row] = field(default_factory=list)
    phases: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        """Whether the training loss of the last epoch is not finite."""
        return bool(self.history) and not math.isfinite(self.history[-1]["train_loss"])


def start(spec: dict[str, Any]) -> FitResult:
    """Return the state of a resolved experiment's training before its first epoch."""
    stopping, averaging = spec["training"]["early_stopping"], spec["training"]["weight_averaging"]
    return FitResult(
        stopping=EarlyStopping(stopping["patience"]) if stopping else None,
        average=WeightAverage(averaging["start_epoch"], averaging["every"]) if averaging else None,
    )


def fit(
    setup: Setup,
    epochs: int,
    result: FitResult,
    *,
    on_phase_end: Callable[[str], object] = lambda phase: None,
    on_epoch_end: Callable[[], object] = lambda: None,
) -> None:
    """Train until the last epoch, early stopping or divergence, and leave the model with its weights then.

    Args:
        setup: the trial, whose variables have the values of the last finished epoch.
        epochs: number of epochs of the whole training.
        result: the training so far, from ``start`` or a checkpoint; it is continued in place.
        on_phase_end: called with ``compile``, ``train`` or ``validate`` when that part of the work ends.
        on_epoch_end: called after each epoch.
    """
    data, stopping, average = setup.data, result.stopping, result.average
    evaluated = [split for split in ("valid", *setup.watch) if len(data.splits[split])]

    def is_done() -> bool:
        last = len(result.history)
        return last >= epochs or result.diverged or (stopping is not None and stopping.stops(last))

    if not is_done():
        for batches in _batches(data.epoch(1), data.batch_size):
            setup.program.prepare(batches)
    on_phase_end("compile")
    while not is_done():
        epoch = len(result.history) + 1
        started = time.perf_counter()
        row = _train_epoch(setup, data.epoch(epoch))
        row |= {
            "epoch": epoch,
            "step": epoch * data.steps_per_epoch,
            "seconds": round(time.perf_counter() - started, 4),
        }
        on_phase_end("train")
        for split in evaluated:
            row[f"{split}_loss"], row[f"{split}_accuracy"] = _evaluate(setup, split)
        # A watched split is only recorded: validation alone stops the training and selects the weights.
        if stopping is not None and stopping.improves(epoch, row["valid_loss"]):
            stopping.best_weights = to_numpy(setup.model.variables)
        if evaluated:
            on_phase_end("validate")
        if average is not None and average.includes(epoch):
            average.add(to_numpy(setup.model.trainable_variables))
        result.history.append(row)
        on_epoch_end()


def set_final_weights(setup: Setup, result: FitResult) -> None:
    """Give the model the weights that are evaluated: the best, the averaged, or those of the last epoch.

    An optimizer with ``use_ema`` has averaged them itself; as at the end of ``keras.Model.fit``, the averages count.
    """
    setup.task.optimizer.finalize_variable_values(setup.model.trainable_variables)
    if result.stopping is not None and result.stopping.best_weights:
        assign(setup.model.variables, result.stopping.best_weights)
    if result.average is not None and result.average.weights:
        assign(setup.model.trainable_variables, result.average.weights)
        # Some datasets are sorted by class, and the statistics of a batch should be those of all classes.
        size, rows = setup.data.batch_size, epoch_order(setup.data.train_rows, setup.data.seed, 0)
        batches = np.split(rows, range(size, len(rows), size))
        reestimate_statistics(setup.model, setup.program.update_batch_statistics, batches)


def penalty(model: keras.Model) -> float:
    """Return the sum of the penalties of a model's weights."""
    return float(sum(float(penalty) for penalty in model.losses))


def to_numpy(variables: list[Any]) -> list[np.ndarray]:
    """Return copies of variables on the host."""
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assign(variables: list[Any], values: list[np.ndarray]) -> None:
    """Set variables to the values of arrays, in order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _train_epoch(setup: Setup, rows: np.ndarray) -> Row:
    """Train on every row once; return the learning rate, loss and accuracy of the epoch."""
    sums = [setup.program.train(batches) for batches in _batches(rows, setup.data.batch_size)]
    count = sum(s.images for s in sums)
    return {
        "learning_rate": float(setup.task.optimizer.learning_rate),
        "train_loss": sum(s.loss for s in sums) / count,
        "train_accuracy": sum(s.correct for s in sums) / count,
    }


def _batches(rows: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Return the full batches, (steps, batch), then the images that remain as one short batch, (1, rest)."""
    full = len(rows) - len(rows) % batch_size
    parts = [rows[:full].reshape(-1, batch_size), rows[full:].reshape(1, -1)]
    return [part for part in parts if part.size]


def _evaluate(setup: Setup, split: str) -> tuple[float, float]:
    """Return the loss, penalties included, and the accuracy on the images of a split."""
    rows = setup.data.splits[split]
    logits, labels = setup.program.predict(rows), setup.data.labels[rows]
    target = keras.utils.to_categorical(labels, logits.shape[1]) if setup.task.one_hot else labels
    loss = float(setup.task.loss(target, logits)) + penalty(setup.model)
    return loss, float(np.mean(logits.argmax(1) == labels))
