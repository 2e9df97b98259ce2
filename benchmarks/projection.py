"""Project the duration of the whole benchmark on this machine from the measured rate of each kind of step.

The kinds are measured several at once, one per slot of the GPU or core of the processor, as trials run; so the rates
include the slowdown by other trials. Early stopping is ignored: every trial counts with its maximum number of epochs.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np

from cases import experiments_on
from contenders import Settings
from lookbook.config.costs import images_of
from lookbook.config.digests import canonical
from lookbook.config.experiments import Experiment
from lookbook.datasets import DATASETS
from lookbook.datasets.arrays import Dataset
from results_file import Checkpoint, hardware, provenance, table, write_section

TITLE = "The whole benchmark"
# Number of training images of each dataset; for the Simpsons that of the competition.
IMAGES = {"fashion_mnist": 60_000, "simpsons": 20_933, "simpsons_128": 20_933}
OTHERS = 8_000  # simpsons-mnist
LIMIT = 240  # seconds to measure one kind


def main() -> None:
    """Measure the kinds that the checkpoint lacks, then print and write the projection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", type=int, default=0, help="1 uses a GPU (0)")
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="Keras's backend")
    parser.add_argument(
        "--slots", type=int, default=len(os.sched_getaffinity(0)), help="number of trials at the same time (all cores)"
    )
    parser.add_argument("--experiments", nargs="+", help="names of experiments (all)")
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("projection.json"), help="file of finished measurements"
    )
    parser.add_argument("--one", help="measure this experiment in this process")
    arguments = parser.parse_args()
    experiments = experiments_on(arguments.backend)
    if arguments.one:
        print(json.dumps(measure(experiments[arguments.one], arguments.gpu, arguments.backend)))
        return
    names = arguments.experiments or [name for name, experiment in experiments.items() if experiment.trials]
    kinds = {name: kind_of(experiments[name].spec) for name in names}
    measured = Checkpoint(arguments.checkpoint)
    first = {kind: name for name, kind in reversed(kinds.items()) if kind not in measured}

    def fill(kind: str) -> None:
        measured[kind] = in_a_process(first[kind], arguments)
        print(f"{len(measured)} kinds: {first[kind]}: {measured[kind]}", flush=True)

    with ThreadPoolExecutor(arguments.slots) as pool:
        list(pool.map(fill, first))
    report({name: (experiments[name], measured[kinds[name]]) for name in names}, arguments)


def kind_of(spec: Mapping[str, Any]) -> str:
    """Return the keys that determine the cost of a step; rates, penalties and seeds do not."""
    keys = [spec[key] for key in ("model", "augmentation", "precision", "compile", "augmented_copies", "sampling")]
    shape = DATASETS[spec["dataset"]].shape
    return canonical([*keys, shape, spec["training"]["batch_size"], spec["training"]["multiplicity"]])


def measure(experiment: Experiment, gpu: int, backend: str) -> dict[str, Any]:
    """Return images per second, and seconds before the first step of an experiment's trial."""
    from contenders.ours import ready_for

    started = time.perf_counter()
    spec = experiment.spec
    count, info = IMAGES.get(spec["dataset"], OTHERS), DATASETS[spec["dataset"]]
    labels = (np.arange(count) % info.classes).astype(np.uint8)
    # A view of a single value, since the time does not depend on the pixels.
    images = np.broadcast_to(np.uint8(7), (count, *info.shape))
    facts = {"digest": "none"}
    classes = tuple(map(str, range(info.classes)))
    data = Dataset("none", classes, images, labels, images[:1000], labels[:1000], facts)
    spec = spec | {"sampling": spec["sampling"] | {"size": None}, "limit": {"train_images": None, "test_images": None}}
    train, found = ready_for(spec, data, Settings(1, bool(gpu), backend, spec["precision"]))
    steps = 4
    train(steps)
    before = time.perf_counter() - started
    while True:
        train(steps)  # compiles this number of steps
        begun = time.perf_counter()
        train(steps)
        spent = time.perf_counter() - begun
        if spent > 0.5 or steps > 2000:
            rate = steps * found["batch_size"] / spent
            break
        steps *= 8
    return {"rate": rate, "before": before} | {key: found[key] for key in ("device", "versions", "precision")}


def in_a_process(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the result of ``measure`` in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--gpu", str(arguments.gpu), "--backend", arguments.backend]
    environment = {**os.environ, "LOOKBOOK_SLOTS_PER_GPU": str(arguments.slots), "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"error: {name}: {error.stderr[-2000:]}") from None
    except subprocess.TimeoutExpired:
        raise SystemExit(f"error: {name}: not measured within {LIMIT} s; run the same command to resume") from None
    return json.loads(done.stdout.splitlines()[-1])


def report(measured: dict[str, tuple[Experiment, dict[str, Any]]], arguments: argparse.Namespace) -> None:
    """Print and write the projection for each document."""
    hours: dict[str, list[float]] = {}
    for experiment, found in measured.values():
        images = images_of(experiment.spec) * experiment.spec["training"]["epochs"]
        seconds = experiment.trials * (found["before"] + images / found["rate"])
        total = hours.setdefault(experiment.document, [0, 0.0, 0.0])
        total[0] += experiment.trials
        total[1] += seconds / 3600
        total[2] += experiment.trials * found["before"] / 3600
    hours["**all**"] = [sum(column) for column in zip(*hours.values(), strict=True)]
    rows = [
        [document, f"{trials:,.0f}", f"{spent:.1f}", f"{before / spent:.0%}", f"{spent / arguments.slots * 60:,.0f}"]
        for document, (trials, spent, before) in hours.items()
    ]
    header = ["document", "trials", "hours of all trials", "share before the first step", "minutes"]
    _, found = next(iter(measured.values()))
    note = (
        f"Projected for {arguments.slots} trials at a time on {found['device']}, Keras on {arguments.backend}, from "
        "the rates of each kind of step, measured under the same load; an upper bound, as early stopping is ignored."
    )
    text = table(header, rows)
    path = write_section(hardware(found["device"]), TITLE, f"{note}\n\n{text}\n{provenance(found['versions'])}")
    print(f"{text}\n{path}")


if __name__ == "__main__":
    main()
