"""The process that trains one trial: its lock, its device, and the results of another job of the same trial.

Keras reads its settings from the environment when it is imported, so this module imports it only in ``train``.
"""

import os
import platform
import time
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from lookbook.config.digests import digest
from lookbook.datasets import arrays
from lookbook.errors import ConfigError
from lookbook.files import file_sha256, remove_temporaries
from lookbook.results.paths import TRIAL_FILES
from lookbook.results.predictions import SPLITS
from lookbook.results.trial import FINISHED, is_intact, trial_identity
from lookbook.runtime import compilations, devices
from lookbook.runtime.hardware import gpus_to_request
from lookbook.runtime.locks import hold_lock

log = partial(print, flush=True)


def train(
    trial_spec: dict[str, Any],
    folder: Path,
    *,
    manifest: Path | None = None,
    checkpoint: Path | None = None,
    threads: int = 1,
    gpu: str | int = 0,
    attempt: int = 1,
    adopt: bool = False,
    started: float | None = None,
    **initial: Path | None,
) -> None:
    """Train one trial while no other process trains it into the same folder.

    Two jobs of one trial can run at the same time: if the main process of a cluster run is killed, its jobs continue,
    and the next run submits them again. The second job waits for the first.

    Args:
        trial_spec: the trial specification, see ``config.trial_specs``.
        folder: the folder of the result files.
        manifest: manifest.json of the prepared dataset, by default that of ``resources/datasets``.
        checkpoint: the .npz file with the state after the last epoch, by default in the folder that the environment
            variable LOOKBOOK_CHECKPOINTS names, or else in ``folder``.
        threads: number of CPU threads.
        gpu: a value of the configuration's ``devices.gpu``; 1 uses the CPU if there is no GPU.
        attempt: number of this attempt of Snakemake, for the log.
        adopt: whether to keep the results of another job if they are complete, intact and of this identity. Snakemake
            removes earlier results before it starts a job, so any that exist are from a job that ran meanwhile.
        started: ``time.perf_counter()`` at the start of the job, so that its imports are measured; None is now.
        initial: ``initial_weights`` and ``initial_trial`` of ``trial.run``.

    Raises:
        ConfigError: LOOKBOOK_CHECKPOINTS names no folder that this process can write to, or the experiment starts from
            the weights of another one and none are given.
    """
    manifest = manifest or Path("resources/datasets") / trial_spec["spec"]["dataset"] / "manifest.json"
    started = time.perf_counter() if started is None else started
    trial_spec = _with_initial_weights(trial_spec, **initial)
    identity = trial_identity(digest(trial_spec), arrays.load(manifest).digest)
    stored = None if checkpoint else _stored_checkpoint(trial_spec, identity)
    checkpoint = checkpoint or stored or folder / "checkpoint.npz"
    now = datetime.now().astimezone()
    log(f"{now:%Y-%m-%d %H:%M:%S %z}: attempt {attempt}, process {os.getpid()} on {platform.node()}")
    log(f"{trial_spec['experiment']}, trial {trial_spec['trial']}, seed {trial_spec['seed']}")
    before_lock = time.perf_counter()
    with ExitStack() as held:
        held.enter_context(hold_lock(folder / "trial.lock", log=log))
        if stored:  # Nodes that do not share ``folder`` share this lock.
            held.enter_context(hold_lock(stored.with_suffix(".lock"), log=log))
        waited = time.perf_counter() - before_lock
        if adopt and is_intact(folder, identity):
            log("another job has trained this trial: its results are complete and are kept")
            return
        for path in (checkpoint, *(folder / name for name in TRIAL_FILES)):
            remove_temporaries(path, of_all_nodes=True)
        backend = trial_spec["spec"]["backend"]
        use_gpu = bool(gpus_to_request(gpu, backend))
        compilations_folder = compilations.folder_for(trial_spec)
        compilations.keep_in(compilations_folder, backend)
        slots = int(os.environ.get("LOOKBOOK_SLOTS_PER_GPU", "1"))
        waited += devices.prepare(threads, gpu=use_gpu, slots_per_gpu=slots, backend=backend)
        devices.limit_threads(threads)
        from lookbook.runtime import trial

        facts = trial.run(
            trial_spec,
            manifest,
            folder,
            checkpoint,
            threads=threads,
            gpu=use_gpu,
            compilations_folder=compilations_folder,
            started=started + waited,  # so that waiting for locks and a GPU does not count
            log=log,
            **initial,
        )
        if facts["status"] in FINISHED:
            split = next(split for split in reversed(SPLITS) if split in facts["accuracy"])
            log(f"{SPLITS[split]} accuracy {facts['accuracy'][split]:.4f}: {folder / 'model.keras'}")


def _with_initial_weights(
    trial_spec: dict[str, Any], initial_weights: Path | None = None, initial_trial: Path | None = None
) -> dict[str, Any]:
    """Return the specification of a trial that may start from a saved model, whose SHA-256 is then a part of it."""
    start = trial_spec["spec"].get("initial_weights")
    if initial_weights is not None:
        return trial_spec | {"spec": trial_spec["spec"] | {"initial_weights": file_sha256(initial_weights)}}
    if start is not None and initial_trial is None:
        raise ConfigError(
            f"{trial_spec['experiment']} starts from the weights of {start}: train that one first, and add "
            "--initial-weights with its model.keras"
        )
    return trial_spec


def _stored_checkpoint(trial_spec: dict[str, Any], identity: str) -> Path | None:
    """Return the trial's checkpoint in the configured folder, or None if none is configured.

    The name has the identity, since several benchmarks may use one folder.
    """
    if not (configured := os.environ.get("LOOKBOOK_CHECKPOINTS")):
        return None
    store = Path(configured)
    # A folder created here would be on the node's own disk if the shared one is not mounted.
    if not (store.is_dir() and os.access(store, os.W_OK)):
        raise ConfigError(
            f"config/config.yaml: checkpoints: {store} is no folder that can be written to on {platform.node()}; "
            "mount it on every node, or set `checkpoints: null`"
        )
    return store / f"{trial_spec['experiment']}_{trial_spec['trial']}_{identity}.npz"
