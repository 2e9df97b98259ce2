"""One trial, from its specification to its result files. Reads top to bottom.

A trial that fails for a reason of its own (it diverges, it does not fit into memory, its network cannot be built)
writes all result files, and ``status`` in trial.json has the reason; the other trials and the report continue. A
failure of the environment (a full disk, missing data, a kill) is an error of the job, and the same command tries
again.
"""

import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.config.digests import digest
from lookbook.datasets import arrays
from lookbook.errors import DatasetError, ResultError
from lookbook.results.empty import write_empty_results
from lookbook.results.history import write_history
from lookbook.results.model import write_model
from lookbook.results.predictions import SplitOutputs, write_predictions
from lookbook.results.trial import read_trial, trial_identity, write_trial
from lookbook.runtime import checkpoints, compilations, devices
from lookbook.runtime.epochs import Phases, epoch_line
from lookbook.training.compiled import compile_program
from lookbook.training.fit import FitResult, fit, penalty, set_final_weights, start
from lookbook.training.setup import Setup, set_up
from lookbook.training.test_time_augmentation import averaged, transforms_of

Log = Callable[[str], None]


def run(
    trial_spec: dict[str, Any],
    manifest: Path,
    folder: Path,
    checkpoint: Path,
    *,
    threads: int,
    gpu: bool = False,
    initial_weights: Path | None = None,
    initial_trial: Path | None = None,
    compilations_folder: Path | None = None,
    started: float | None = None,
    log: Log = print,
) -> dict[str, Any]:
    """Train one trial, resuming from its checkpoint if there is one, and write its results.

    Args:
        trial_spec: the trial specification, see ``config.trial_specs``.
        manifest: manifest.json of the prepared dataset.
        folder: the folder of the result files.
        checkpoint: the .npz file with the state after the last epoch; removed when the trial has results.
        threads: number of CPU threads.
        gpu: whether the job requested a GPU.
        initial_weights: a saved model whose weights the network starts from.
        initial_trial: trial.json of a trial whose model.keras the network starts from.
        compilations_folder: the folder in which XLA stores its compilations, if it does.
        started: ``time.perf_counter()`` at the start of the job, so that its imports are measured.
        log: takes each progress line.

    Returns:
        The content of trial.json.

    Raises:
        DatasetError: the dataset cannot be read.
        ResultError: the files of ``initial_trial`` are missing or damaged, or ``initial_weights`` is no saved model or
            has weights of other shapes than the network.
        OSError: the results cannot be written, or stored compilations are damaged (they are removed).
    """
    phases = Phases(started)
    phases.end("import")
    data = arrays.load(manifest, verify=True)
    by_hand = initial_weights
    if by_hand is not None:
        from lookbook.runtime.predict import load_model

        load_model(by_hand)  # refuses what is no saved model
    if initial_trial is not None:
        initial_weights = read_trial(initial_trial).file("model.keras")
    spec_digest = digest(trial_spec)
    identity = trial_identity(spec_digest, data.digest)
    facts: dict[str, Any] = {
        **{key: trial_spec[key] for key in ("experiment", "trial", "seed")},
        "status": "failed",
        "spec": trial_spec["spec"],
        "digests": {"trial_spec": spec_digest, "code": trial_spec["code_digest"], "dataset": data.digest},
        "identity": identity,
        **devices.facts(threads, gpu),
        "versions": devices.versions(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "error": None,
        "traceback": None,
    }
    if facts["gpu_missing"]:
        log(f"a GPU was requested, but {trial_spec['spec']['backend']} finds none; training on the CPU")
    # The compilations of earlier processes: those that this one stores are not damaged.
    stored = compilations_folder if compilations_folder and compilations.holds_any(compilations_folder) else None
    try:
        number, hardware = trial_spec["trial"], devices.detect()
        setup = set_up(trial_spec["spec"], trial_spec["seed"], data, hardware, initial_weights, trial=number)
        phases.end("build")
        result = _fit(setup, trial_spec["spec"], checkpoint, identity, phases, log)
        facts |= _write_results(setup, result, trial_spec["spec"], folder, phases)
    except (OSError, DatasetError):
        raise
    except Exception as error:
        if by_hand is not None and str(error).startswith(str(by_hand)):
            raise ResultError(str(error)[:300]) from None
        facts |= {"status": _status_of(error), "error": f"{type(error).__name__}: {error}"}
        was_compiling = phases.last == "build"
        # Too little memory is a property of the trial.
        if stored and was_compiling and facts["status"] == "failed":
            compilations.remove(stored)
            raise OSError(
                f"cannot compile with the stored compilations of {stored}; they are removed: run again"
            ) from error
        facts["traceback"] = traceback.format_exc()
        write_empty_results(folder)
        phases.end("failed")
        log(facts["traceback"])
    facts["phases"], facts["cpu_phases"] = phases.seconds, phases.cpu_seconds
    facts["peak_memory_mb"] = devices.peak_memory_mb()
    facts["seconds"] = round(sum(phases.seconds.values()), 3)
    facts = write_trial(folder, facts)
    if facts["error"] is None:  # else a further attempt continues: the cause may be another job's use of the memory
        checkpoint.unlink(missing_ok=True)
    log(f"{facts['status']} after {facts['seconds']:.1f} s")
    return facts


def _fit(setup: Setup, spec: dict[str, Any], checkpoint: Path, identity: str, phases: Phases, log: Log) -> FitResult:
    """Train all epochs that the checkpoint does not have, writing a checkpoint and a progress line after each."""
    result, epochs, images = start(spec), spec["training"]["epochs"], len(setup.data.epoch(1))
    # A trial is not continued in another precision, with other random numbers or by another version of a package.
    computed_by = {"precision": setup.precision, "compile": setup.task.compilation, "versions": devices.versions()}
    state = digest({"identity": identity, **computed_by})
    if checkpoints.load(checkpoint, state, setup.variables, result):
        log(f"resuming after epoch {len(result.history)}")
        phases.add(result.phases)

    def on_epoch_end() -> None:
        result.phases = phases.spent
        checkpoints.save(checkpoint, state, setup.variables, result)
        phases.end("checkpoint")
        log(epoch_line(result, epochs, images, phases))

    fit(setup, epochs, result, on_phase_end=phases.end, on_epoch_end=on_epoch_end)
    return result


def _write_results(
    setup: Setup, result: FitResult, spec: dict[str, Any], folder: Path, phases: Phases
) -> dict[str, Any]:
    """Predict every split with the final weights, write the result files, and return what trial.json says of them."""
    data, history = setup.data, result.history
    set_final_weights(setup, result)
    if result.average:
        phases.end("average")
    program = setup.program
    if transforms := transforms_of(spec):
        task = replace(setup.task, model=averaged(setup.model, transforms))
        program = compile_program(task, program.evaluation_batch)
    logits = {split: program.predict(rows) for split, rows in data.splits.items() if len(rows)}
    outputs = {
        split: SplitOutputs(z, data.labels[data.splits[split]], data.rows_in_dataset(split))
        for split, z in logits.items()
    }
    phases.end("predict")
    setup.program.restore()
    write_history(folder / "history.csv", history)
    write_model(folder / "model.keras", setup.model)
    write_predictions(folder / "predictions.npz", outputs, data.valid_in_train)
    phases.end("save")
    accuracy = {split: float(np.mean(z.argmax(1) == outputs[split].labels)) for split, z in logits.items()}
    # The last step can produce weights that are not finite although its loss is.
    diverged = result.diverged or not all(np.isfinite(z).all() for z in logits.values())
    collapsed = spec["collapse_below"] is not None and accuracy["train"] < spec["collapse_below"]
    images = len(data.epoch(1))
    # The first epoch includes compilation that was not prepared.
    rates = [images / max(row["seconds"], 1e-9) for row in history[1:] or history]
    return {
        "status": "diverged" if diverged else "collapsed" if collapsed else "ok",
        "precision": setup.precision,
        "compile": setup.task.compilation,
        "parameters": setup.model.count_params(),
        "epochs": len(history),
        "best_epoch": result.stopping.best_epoch if result.stopping else None,
        "averaged_epochs": result.average.count if result.average else 0,
        "steps": history[-1]["step"],
        "penalty": penalty(setup.model),
        "images_per_second": round(float(np.median(rates)), 1),
        "images": {split: len(rows) for split, rows in data.splits.items()},
        "images_per_epoch": images,
        "accuracy": {split: round(value, 6) for split, value in accuracy.items()},
    }


def _status_of(error: Exception) -> str:
    name = type(error).__name__
    exhausted = isinstance(error, MemoryError) or name == "ResourceExhaustedError"
    return "out_of_memory" if exhausted or "RESOURCE_EXHAUSTED" in str(error) else "failed"
