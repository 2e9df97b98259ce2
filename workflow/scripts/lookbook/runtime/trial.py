"""One trial, from its seed to its results. Reads top to bottom.

A trial that fails for a reason of its own (it diverges, it does not fit into memory, its network cannot be built)
leaves a complete set of results whose ``status`` says so, so that the other trials and the report go on. A failure
of the surroundings (a full disk, missing data, a kill) is an error of the job, and the same command tries again.
"""

import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.config.digests import digest
from lookbook.datasets.arrays import load
from lookbook.errors import DatasetError
from lookbook.results import trial as results
from lookbook.runtime import compilations, devices
from lookbook.training.averaging import reestimate_statistics
from lookbook.training.fit import Course, Phases, Row, Say, assign, diverged, fit, penalty
from lookbook.training.setup import Setup, set_up
from lookbook.training.trial_data import Copies


def run(
    order: dict[str, Any],
    dataset_directory: Path,
    directory: Path,
    checkpoint: Path,
    *,
    threads: int,
    initial_weights: Path | None = None,
    copies: Copies | None = None,
    compilations_in: Path | None = None,
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
        copies: of the training images, where the experiment trains on copies made before.
        compilations_in: the folder in which XLA keeps its compilations, if it does.
        started: ``time.perf_counter()`` when the job began, so that its imports count.
        say: takes the lines that tell the progress.

    Returns:
        The content of trial.json.

    Raises:
        DatasetError, OSError: the data cannot be read, the results cannot be written, or kept compilations are
            damaged (they are removed).
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
        setup = set_up(order["spec"], order["seed"], data, initial_weights, copies)
        phases.end("build")
        identity = digest({"order": order, "dataset": data.digest})
        course = fit(setup, order, checkpoint, identity, phases, say)
        trial |= _finish(setup, order["spec"], course, directory, phases)
    except (OSError, DatasetError):
        raise
    except Exception as error:
        compiling = "build" in phases.seconds and "compile" not in phases.seconds
        if compiling and compilations_in and compilations.forget(compilations_in):
            raise OSError(f"cannot compile with what {compilations_in} held; it is removed now: run again") from error
        trial |= {"status": _status_of(error), "error": f"{type(error).__name__}: {error}"}
        trial["traceback"] = traceback.format_exc()
        results.write_history(directory, [])
        results.write_model(directory, None)
        results.write_predictions(directory, {})
        phases.end("failed")
        say(trial["traceback"])
    trial["phases"], trial["cpu_phases"] = phases.seconds, phases.cpu_seconds
    trial["peak_memory_mb"] = devices.peak_memory_mb()
    trial["seconds"] = round(sum(phases.seconds.values()), 3)
    results.write_trial(directory, trial)
    checkpoint.unlink(missing_ok=True)
    say(f"{trial['status']} after {trial['seconds']:.1f} s")
    return trial


def _finish(setup: Setup, spec: dict[str, Any], course: Course, directory: Path, phases: Phases) -> dict[str, Any]:
    """Take the best or averaged weights, predict every split, write the results and return what they are."""
    history, stopping, average = course.history, course.stopping, course.average
    material = setup.material
    if stopping.best_weights:
        assign(setup.model.variables, stopping.best_weights)
    if average.weights:
        assign(setup.model.trainable_variables, average.weights)
        size, pool = material.batch_size, material.pool
        reestimate_statistics(setup.model, setup.program.observe, np.split(pool, range(size, len(pool), size)))
        phases.end("average")
    logits = {name: setup.program.predict(rows) for name, rows in material.splits.items() if len(rows)}
    labels = {name: material.labels[material.splits[name]] for name in logits}
    phases.end("predict")
    setup.program.restore()
    results.write_history(directory, history)
    results.write_model(directory, setup.model)
    predictions = {
        name: results.Predictions(z, labels[name], material.rows_in_data_set(name)) for name, z in logits.items()
    }
    results.write_predictions(directory, predictions, material.valid_in_train)
    phases.end("save")
    accuracy = float(np.mean(logits["train"].argmax(1) == labels["train"]))
    # The last step may be the one that breaks the weights.
    broken = diverged(history) or not all(np.isfinite(z).all() for z in logits.values())
    collapsed = spec["collapse_below"] is not None and accuracy < spec["collapse_below"]
    return {
        "status": "diverged" if broken else "collapsed" if collapsed else "ok",
        "precision": setup.precision,
        "compile": setup.compiled,
        "parameters": setup.model.count_params(),
        "epochs": len(history),
        "best_epoch": stopping.best_epoch,
        "averaged_epochs": average.count,
        "steps": history[-1]["step"],
        "penalty": penalty(setup.model),
        "images_per_second": round(_images_per_second(history, len(material.epoch(1))), 1),
        "images": {name: len(rows) for name, rows in material.splits.items()},
        "images_per_epoch": len(material.epoch(1)),
    }


def _images_per_second(history: list[Row], images: int) -> float:
    # The first epoch includes the compilation, and so says little.
    rows = history[1:] or history
    return float(np.median([images / max(row["seconds"], 1e-9) for row in rows]))


def _status_of(error: Exception) -> str:
    name = type(error).__name__
    exhausted = isinstance(error, MemoryError) or name == "ResourceExhaustedError"
    return "out_of_memory" if exhausted or "RESOURCE_EXHAUSTED" in str(error) else "failed"
