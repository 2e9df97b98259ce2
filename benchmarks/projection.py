"""How long the whole benchmark takes on this machine, from the measured rate of every kind of step in it.

The kinds are measured as trials run, several at once, one to each slot of the GPU or core of the processor; so the
rates have in them what trials cost each other. Early stopping is not foreseen: every trial is taken to train for as
many epochs as it may.
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
from lookbook.config.digests import canonical
from lookbook.config.experiments import Experiment
from lookbook.datasets import SOURCES
from lookbook.datasets.arrays import Dataset
from results_file import Checkpoint, hardware, provenance, table, write_section

TITLE = "The whole benchmark"
# Training images of data sets; the Simpsons' are the competition's.
IMAGES = {"fashion_mnist": 60_000, "simpsons": 20_933, "simpsons_128": 20_933}
OTHERS = 8_000  # simpsons-mnist
LIMIT = 240  # seconds that measuring one kind may take


def main() -> None:
    """Measure every kind that is not measured yet, project, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", type=int, default=0, help="1 uses a GPU (0)")
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow", help="of Keras")
    parser.add_argument("--slots", type=int, default=len(os.sched_getaffinity(0)), help="trials at once (all cores)")
    parser.add_argument("--experiments", nargs="+", help="only these (all)")
    parser.add_argument("--checkpoint", type=Path, default=Path("projection.json"), help="what is measured already")
    parser.add_argument("--one", help="measure this experiment in this process")
    arguments = parser.parse_args()
    experiments = experiments_on(arguments.backend)
    if arguments.one:
        print(json.dumps(measure(experiments[arguments.one], arguments.gpu, arguments.backend)))
        return
    names = arguments.experiments or [name for name, experiment in experiments.items() if experiment.trials]
    kinds = {name: kind_of(experiments[name].spec) for name in names}
    found = Checkpoint(arguments.checkpoint)
    first = {kind: name for name, kind in reversed(kinds.items()) if kind not in found}

    def fill(kind: str) -> None:
        found[kind] = in_a_process(first[kind], arguments)
        print(f"{len(found)} kinds: {first[kind]}: {found[kind]}", flush=True)

    with ThreadPoolExecutor(arguments.slots) as pool:
        list(pool.map(fill, first))
    report({name: (experiments[name], found[kinds[name]]) for name in names}, arguments)


def kind_of(spec: Mapping[str, Any]) -> str:
    """Return what tells steps of another cost apart; rates, penalties and seeds do not."""
    keys = [spec[key] for key in ("model", "augmentation", "precision", "compile", "copies", "sampling")]
    shape = SOURCES[spec["dataset"]].shape
    return canonical([*keys, shape, spec["training"]["batch_size"], spec["training"]["multiplicity"]])


def measure(experiment: Experiment, gpu: int, backend: str) -> dict[str, Any]:
    """Return images per second, images of an epoch and seconds before the first step of an experiment's trial."""
    from contenders.ours import ready_for

    started = time.perf_counter()
    spec = experiment.spec
    count, source = IMAGES.get(spec["dataset"], OTHERS), SOURCES[spec["dataset"]]
    labels = (np.arange(count) % source.classes).astype(np.uint8)
    # One image, seen as many: what an image shows costs nothing.
    images = np.broadcast_to(np.uint8(7), (count, *source.shape))
    facts = {"digest": "none"}
    classes = tuple(map(str, range(source.classes)))
    data = Dataset("none", classes, images, labels, images[:1000], labels[:1000], facts)
    copies = None
    if spec["copies"]:
        made = np.tile(np.arange(count, dtype=np.int32), spec["copies"]["number"])
        copies = np.broadcast_to(np.uint8(7), (len(made), *source.shape)), made
    spec = spec | {"sampling": spec["sampling"] | {"size": None}, "limit": {"train_images": None, "test_images": None}}
    train, found = ready_for(spec, data, Settings(1, bool(gpu), backend, spec["precision"]), copies)
    steps = 4
    train(steps)
    before = time.perf_counter() - started
    while True:
        train(steps)  # another number of steps may be compiled anew
        begun = time.perf_counter()
        train(steps)
        spent = time.perf_counter() - begun
        if spent > 0.5 or steps > 2000:
            rate = steps * found["batch_size"] / spent
            break
        steps *= 8
    return {"rate": rate, "images": found["images_per_epoch"], "before": before} | {
        key: found[key] for key in ("device", "versions", "precision")
    }


def in_a_process(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what ``measure`` does, or why it failed."""
    command = [sys.executable, __file__, "--one", name, "--gpu", str(arguments.gpu), "--backend", arguments.backend]
    environment = {**os.environ, "LOOKBOOK_SLOTS_PER_GPU": str(arguments.slots), "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"error: {name}: {error.stderr[-2000:]}") from None
    except subprocess.TimeoutExpired:
        raise SystemExit(f"error: {name}: not measured within {LIMIT} s; the same command goes on") from None
    return json.loads(done.stdout.splitlines()[-1])


def report(measured: dict[str, tuple[Experiment, dict[str, Any]]], arguments: argparse.Namespace) -> None:
    """Print and write the projection, document by document."""
    hours: dict[str, list[float]] = {}
    for experiment, found in measured.values():
        spec = experiment.spec["training"]
        images = min(found["images"], (spec["steps_per_epoch"] or np.inf) * spec["batch_size"]) * spec["epochs"]
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
    header = ["document", "trials", "hours of all trials", "of it before the first step", "minutes, so many at once"]
    _, found = next(iter(measured.values()))
    note = (
        f"Projected for {arguments.slots} trials at once on {found['device']}, Keras on {arguments.backend}, from the "
        "rates of every kind of step, measured under the same load; without early stopping, so an upper bound."
    )
    text = table(header, rows)
    path = write_section(hardware(found["device"]), TITLE, f"{note}\n\n{text}\n{provenance(found['versions'])}")
    print(f"{text}\n{path}")


if __name__ == "__main__":
    main()
