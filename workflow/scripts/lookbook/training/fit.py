"""The loop over epochs: what happens between two compiled calls."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lookbook.runtime import checkpoints
from lookbook.training.averaging import WeightAverage
from lookbook.training.early_stopping import EarlyStopping
from lookbook.training.setup import Setup

Row = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Course:
    """How a training went.

    Attributes:
        history: one row per epoch, the columns of history.csv.
        stopping: the early stopping, with the best weights.
        average: the average of late weights.
    """

    history: list[Row]
    stopping: EarlyStopping
    average: WeightAverage


class Phases:
    """Seconds of wall clock and of CPU time by phase; each phase lasts from the end of the one before.

    Attributes:
        seconds: wall clock by phase.
        cpu_seconds: CPU time by phase, of all threads; the first phase has what the process spent before as well.
    """

    def __init__(self, started: float | None) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self._last = time.perf_counter() if started is None else started
        self._last_cpu = 0.0

    def end(self, name: str) -> float:
        """Add the time since the last call to a phase and return its seconds of wall clock."""
        now, cpu = time.perf_counter(), time.process_time()
        spent, self._last = now - self._last, now
        self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 4)
        self.cpu_seconds[name] = round(self.cpu_seconds.get(name, 0.0) + cpu - self._last_cpu, 4)
        self._last_cpu = cpu
        return spent


def fit(setup: Setup, order: dict[str, Any], checkpoint: Path, identity: str, phases: Phases, say: Say) -> Course:
    """Train epoch by epoch until the last one, early stopping or divergence; go on where a checkpoint left off.

    Returns:
        How the training went. The model is left with the weights of the last epoch.
    """
    training, material = order["spec"]["training"], setup.material
    stopping = EarlyStopping((training["early_stopping"] or {}).get("patience"))
    averaging = training["weight_averaging"] or {}
    average = WeightAverage(averaging.get("start_epoch"), averaging.get("every", 1))
    history: list[Row] = []
    if saved := checkpoints.load(checkpoint, identity):
        groups, state = saved
        assign(setup.variables, groups["variables"])
        history = state["history"]
        stopping.best_loss, stopping.best_epoch = state["best_loss"], state["best_epoch"]
        stopping.best_weights = groups["best"]
        average.weights, average.count = groups["average"], state["averaged"]
        say(f"goes on after epoch {len(history)} from its checkpoint")

    def done() -> bool:
        last = len(history)
        return last >= training["epochs"] or stopping.stops(last) or bool(last and diverged(history))

    if not done():
        for batches in _batches(material.epoch(1), material.batch_size):
            setup.program.prepare(batches)
        phases.end("compile")
    while not done():
        epoch = len(history) + 1
        row = _train_epoch(setup, material.epoch(epoch))
        row |= {
            "epoch": epoch,
            "step": epoch * material.steps_per_epoch,
            "seconds": round(phases.end("train"), 4),
        }
        if len(material.splits["valid"]):
            row["valid_loss"], row["valid_accuracy"] = _validate(setup)
            if stopping.improves(epoch, row["valid_loss"]):
                stopping.best_weights = to_numpy(setup.model.variables)
            phases.end("validate")
        if average.takes(epoch):
            average.add(to_numpy(setup.model.trainable_variables))
        history.append(row)
        groups = {
            "variables": to_numpy(setup.variables),
            "best": stopping.best_weights,
            "average": average.weights,
        }
        state = {
            "history": history,
            "best_loss": stopping.best_loss,
            "best_epoch": stopping.best_epoch,
            "averaged": average.count,
        }
        checkpoints.save(checkpoint, identity, groups, state)
        phases.end("checkpoint")
        say(_progress(history, training["epochs"], len(material.epoch(epoch)), phases))
    return Course(history, stopping, average)


def _train_epoch(setup: Setup, indices: np.ndarray) -> Row:
    """Train on every index once."""
    sums = [setup.program.train(batches) for batches in _batches(indices, setup.material.batch_size)]
    count = sum(s.images for s in sums)
    return {
        "learning_rate": float(setup.optimizer.learning_rate),
        "train_loss": sum(s.loss for s in sums) / count,
        "train_accuracy": sum(s.correct for s in sums) / count,
    }


def _batches(indices: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Return the whole batches (steps, batch), then a short last one (1, rest) where the batch size leaves a rest."""
    whole = len(indices) - len(indices) % batch_size
    parts = [indices[:whole].reshape(-1, batch_size), indices[whole:].reshape(1, -1)]
    return [part for part in parts if part.size]


def _validate(setup: Setup) -> tuple[float, float]:
    """Return the loss, penalties included, and the accuracy on the clean validation images."""
    indices = setup.material.splits["valid"]
    logits, labels = setup.program.predict(indices), setup.material.labels[indices]
    target = keras.utils.to_categorical(labels, logits.shape[1]) if setup.one_hot else labels
    loss = float(setup.loss(target, logits)) + penalty(setup.model)
    return loss, float(np.mean(logits.argmax(1) == labels))


def _progress(history: list[Row], epochs: int, images: int, phases: Phases) -> str:
    """Return the line that tells how an epoch went and when the trial will end, early stopping apart."""
    row = history[-1]
    # What validation and checkpoints add to an epoch is known of this process's epochs only.
    spent = sum(phases.seconds.get(phase, 0) for phase in ("train", "validate", "checkpoint"))
    trained = phases.seconds.get("train") or row["seconds"]
    left = (epochs - len(history)) * float(np.mean([r["seconds"] for r in history])) * spent / max(trained, 1e-9)
    end = datetime.now().astimezone() + timedelta(seconds=left)
    text = f"epoch {row['epoch']}/{epochs}  loss {row['train_loss']:.4f}  accuracy {row['train_accuracy']:.4f}"
    if "valid_loss" in row:
        text += f"  validation {row['valid_loss']:.4f}, {row['valid_accuracy']:.4f}"
    rate = images / max(row["seconds"], 1e-9)
    return f"{text}  {row['seconds']:.1f} s  {rate:,.0f} images/s  ends by {end:%H:%M:%S}"


def diverged(history: list[Row]) -> bool:
    """Return whether the loss of the last epoch is no number."""
    return not math.isfinite(history[-1]["train_loss"])


def penalty(model: keras.Model) -> float:
    """Return the sum of the penalties of a model's weights."""
    return float(sum(float(penalty) for penalty in model.losses))


def to_numpy(variables: list[Any]) -> list[np.ndarray]:
    """Return copies of variables on the host."""
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assign(variables: list[Any], values: list[np.ndarray]) -> None:
    """Give variables the values of arrays, in order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
