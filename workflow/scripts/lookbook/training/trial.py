"""One trial, from its seed to its results. Reads top to bottom.

A trial that fails for a reason of its own (it diverges, it does not fit into memory, its network cannot be built)
leaves a complete set of results whose ``status`` says so, so that the other trials and the report go on. A failure
of the surroundings (a full disk, missing data, a kill) is an error of the job, and the same command tries again.
"""

import math
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lookbook.datasets.arrays import load
from lookbook.datasets.errors import DatasetError
from lookbook.datasets.splits import epoch_order
from lookbook.digests import digest
from lookbook.training import checkpoints, devices, results
from lookbook.training.early_stopping import EarlyStopping
from lookbook.training.setup import Setup, set_up

Row = dict[str, Any]
Say = Callable[[str], None]


class Phases:
    """Seconds of wall clock by phase; each phase lasts from the end of the one before."""

    def __init__(self, started: float | None) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter() if started is None else started

    def end(self, name: str) -> float:
        """Add the time since the last call to a phase and return it."""
        now = time.perf_counter()
        spent, self._last = now - self._last, now
        self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 4)
        return spent


def run(
    order: dict[str, Any],
    dataset_directory: Path,
    directory: Path,
    checkpoint: Path,
    *,
    threads: int,
    initial_weights: Path | None = None,
    started: float | None = None,
    say: Say = print,
) -> dict[str, Any]:
    """Train one trial, or go on with it from its checkpoint, and write its results.

    Args:
        order: ``experiment``, ``trial``, ``seed``, ``spec`` (resolved) and ``source`` (digest); any other key
            is part of the identity too.
        dataset_directory: a prepared data set.
        directory: where the results go.
        checkpoint: the .npz file that holds the state after each epoch; removed at the end.
        threads: CPU threads.
        initial_weights: a saved model whose weights the network starts from.
        started: ``time.perf_counter()`` when the job began, so that its imports count.
        say: takes the lines that tell the progress.

    Returns:
        The content of trial.json.

    Raises:
        DatasetError, OSError: the data cannot be read or the results cannot be written.
    """
    phases = Phases(started)
    phases.end("import")
    data = load(dataset_directory)
    trial: dict[str, Any] = {
        **{key: order[key] for key in ("experiment", "trial", "seed")},
        "status": "failed",
        "spec": order["spec"],
        "digests": {"spec": digest(order["spec"]), "source": order["source"], "dataset": data.digest},
        "device": devices.describe(threads),
        "versions": devices.versions(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "error": None,
        "traceback": None,
    }
    try:
        setup = set_up(order["spec"], order["seed"], data, initial_weights)
        phases.end("build")
        identity = digest({"order": order, "dataset": data.digest})
        history, stopping = fit(setup, order, checkpoint, identity, phases, say)
        trial |= _finish(setup, order["spec"], history, stopping, directory, phases)
    except (OSError, DatasetError):
        raise
    except Exception as error:
        trial |= {"status": _status_of(error), "error": f"{type(error).__name__}: {error}"}
        trial["traceback"] = traceback.format_exc()
        results.write_history(directory, [])
        results.write_model(directory, None)
        results.write_predictions(directory, {})
        phases.end("failed")
        say(trial["traceback"])
    trial["phases"] = phases.seconds
    trial["seconds"] = round(sum(phases.seconds.values()), 3)
    results.write_trial(directory, trial)
    checkpoint.unlink(missing_ok=True)
    say(f"{trial['status']} after {trial['seconds']:.1f} s")
    return trial


def fit(
    setup: Setup, order: dict[str, Any], checkpoint: Path, identity: str, phases: Phases, say: Say
) -> tuple[list[Row], EarlyStopping]:
    """Train epoch by epoch until the last one, early stopping or divergence; go on where a checkpoint left off.

    Returns:
        The history, one row per epoch, and the early stopping with the best weights. The model is left with the
        weights of the last epoch.
    """
    training, seed = order["spec"]["training"], order["seed"]
    stopping = EarlyStopping((training["early_stopping"] or {}).get("patience"))
    history: list[Row] = []
    if saved := checkpoints.load(checkpoint, identity):
        groups, state = saved
        _assign(setup.variables, groups["variables"])
        history = state["history"]
        stopping.best_loss, stopping.best_epoch = state["best_loss"], state["best_epoch"]
        stopping.best_weights = groups["best"]
        say(f"goes on after epoch {len(history)} from its checkpoint")

    def done() -> bool:
        last = len(history)
        return last >= training["epochs"] or stopping.stops(last) or bool(last and _diverged(history))

    while not done():
        epoch = len(history) + 1
        row = _train_epoch(setup, epoch_order(setup.splits["train"], seed, epoch), training["batch_size"])
        row |= {
            "epoch": epoch,
            "step": epoch * setup.steps_per_epoch,
            "seconds": round(phases.end("train"), 4),
        }
        if len(setup.splits["valid"]):
            row["valid_loss"], row["valid_accuracy"] = _validate(setup)
            if stopping.improves(epoch, row["valid_loss"]):
                stopping.best_weights = _numpy(setup.model.variables)
            phases.end("validate")
        history.append(row)
        groups = {"variables": _numpy(setup.variables), "best": stopping.best_weights}
        state = {"history": history, "best_loss": stopping.best_loss, "best_epoch": stopping.best_epoch}
        checkpoints.save(checkpoint, identity, groups, state)
        phases.end("checkpoint")
        say(_progress(history, training["epochs"], len(setup.splits["train"]), phases))
    return history, stopping


def _train_epoch(setup: Setup, indices: np.ndarray, batch_size: int) -> Row:
    """Train on every index once; the last batch is short where the batch size does not divide their number."""
    whole = len(indices) - len(indices) % batch_size
    sums = [setup.program.train(indices[:whole].reshape(-1, batch_size))] if whole else []
    if whole < len(indices):
        sums.append(setup.program.train(indices[whole:].reshape(1, -1)))
    count = sum(s.images for s in sums)
    return {
        "learning_rate": float(setup.optimizer.learning_rate),
        "train_loss": sum(s.loss for s in sums) / count,
        "train_accuracy": sum(s.correct for s in sums) / count,
    }


def _validate(setup: Setup) -> tuple[float, float]:
    """Return the loss, penalties included, and the accuracy on the clean validation images."""
    indices = setup.splits["valid"]
    logits, labels = setup.program.predict(indices), setup.labels[indices]
    target = keras.utils.to_categorical(labels, logits.shape[1]) if setup.one_hot else labels
    loss = float(setup.loss(target, logits)) + _penalty(setup.model)
    return loss, float(np.mean(logits.argmax(1) == labels))


def _finish(
    setup: Setup,
    spec: dict[str, Any],
    history: list[Row],
    stopping: EarlyStopping,
    directory: Path,
    phases: Phases,
) -> dict[str, Any]:
    """Restore the best weights, predict every split, write the results and return what trial.json says of them."""
    if stopping.best_weights:
        _assign(setup.model.variables, stopping.best_weights)
    logits = {name: setup.program.predict(rows) for name, rows in setup.splits.items() if len(rows)}
    labels = {name: setup.labels[setup.splits[name]] for name in logits}
    phases.end("predict")
    setup.program.restore()
    results.write_history(directory, history)
    results.write_model(directory, setup.model)
    results.write_predictions(directory, {name: (z, labels[name]) for name, z in logits.items()})
    phases.end("save")
    accuracy = float(np.mean(logits["train"].argmax(1) == labels["train"]))
    # The last step may be the one that breaks the weights.
    diverged = _diverged(history) or not all(np.isfinite(z).all() for z in logits.values())
    collapsed = spec["collapse_below"] is not None and accuracy < spec["collapse_below"]
    return {
        "status": "diverged" if diverged else "collapsed" if collapsed else "ok",
        "precision": setup.precision,
        "compile": setup.compiled,
        "parameters": setup.model.count_params(),
        "epochs": len(history),
        "best_epoch": stopping.best_epoch,
        "steps": history[-1]["step"],
        "penalty": _penalty(setup.model),
        "images_per_second": round(_images_per_second(history, len(labels["train"])), 1),
        "images": {name: len(rows) for name, rows in setup.splits.items()},
    }


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


def _images_per_second(history: list[Row], images: int) -> float:
    # The first epoch includes the compilation, and so says little.
    rows = history[1:] or history
    return float(np.median([images / max(row["seconds"], 1e-9) for row in rows]))


def _status_of(error: Exception) -> str:
    name = type(error).__name__
    exhausted = isinstance(error, MemoryError) or name == "ResourceExhaustedError"
    return "out_of_memory" if exhausted or "RESOURCE_EXHAUSTED" in str(error) else "failed"


def _diverged(history: list[Row]) -> bool:
    return not math.isfinite(history[-1]["train_loss"])


def _penalty(model: keras.Model) -> float:
    return float(sum(float(penalty) for penalty in model.losses))


def _numpy(variables: list[Any]) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _assign(variables: list[Any], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
