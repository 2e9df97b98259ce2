"""Measure whole trials: CPU time outside their steps, memory, and two trials at the same time.

Trials run as in the workflow, by train_trial.py, on the shipped sample repeated to 60,000 images.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cases import ROOT, write_sample
from results_file import Checkpoint, hardware, provenance, table, write_section

TITLE = "What trials cost"
SCRIPTS = ROOT / "workflow" / "scripts"
# One experiment of each family, with training images for a few seconds; small networks gain most from one thread each.
FAMILIES = {
    **{"exp001": 60_000, "width_2_4": 60_000, "exp104": 4_000, "exp107": 2_000},
    **{"basic_cnn": 1_500, "wide_resnet_16_4": 256, "resnet_18": 512},
}
SMALL = ("exp001", "width_2_4")
# The phases of training; the time of all others is the overhead.
STEPS = ("train", "validate")
CPU_SECONDS, MEGABYTES, COPIES_MEGABYTES, SIDE_BY_SIDE = 6, 1500, 3000, 1.5


def main() -> None:
    """Measure, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="number of trials of each kind (3)")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="EXPERIMENT")
    parser.add_argument("--checkpoint", type=Path, help="file of the finished families (none)")
    arguments = parser.parse_args()
    rounds, measured = arguments.rounds, Checkpoint(arguments.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        data = write_sample(Path(folder) / "sample")
        trials = [train("exp001", data, Path(folder) / str(n), 1, "training.epochs=2") for n in range(rounds + 1)]
        beside = side_by_side(arguments.families, data, Path(folder), rounds, measured)
        text = f"{overhead(trials[1:])}\n{memory(data, Path(folder))}\n{beside}"
    path = write_section(hardware(trials[0]["device"]), TITLE, f"{text}\n{provenance(trials[0]['versions'])}")
    print(f"{text}\n{path}")


def start(name: str, data: Path, output: Path, threads: int, *settings: str) -> subprocess.Popen:
    """Start a trial on the dataset of a manifest; settings are keys of its experiment, such as training.epochs=2."""
    command = [sys.executable, str(SCRIPTS / "train_trial.py"), name, "--manifest", str(data), "--output", str(output)]
    command += ["--threads", str(threads), *(part for setting in settings for part in ("--set", setting))]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def train(name: str, data: Path, output: Path, threads: int, *settings: str) -> dict[str, Any]:
    """Train a trial and return the content of its trial.json."""
    if start(name, data, output, threads, *settings).wait():
        raise SystemExit(f"error: the trial of {name} in {output} failed")
    trial = json.loads((output / "trial.json").read_text())
    if trial["status"] not in ("ok", "collapsed"):
        raise SystemExit(f"error: {name}: {trial['error']}")
    return trial


def overhead(trials: list[dict[str, Any]]) -> str:
    """Return the CPU seconds of exp001's trials by phase."""
    phases = {name: median(trial["cpu_phases"][name] for trial in trials) for name in trials[0]["cpu_phases"]}
    beyond = median(sum(spent for name, spent in trial["cpu_phases"].items() if name not in STEPS) for trial in trials)
    rows = [[name, f"{seconds:.2f}"] for name, seconds in phases.items()]
    rows.append([f"**all but {' and '.join(STEPS)}** (target: at most {CPU_SECONDS})", f"**{beyond:.2f}**"])
    return f"CPU seconds of a trial of exp001 by phase, medians of {len(trials)}:\n\n{table(['phase', 'CPU s'], rows)}"


def memory(data: Path, folder: Path) -> str:
    """Return the peak resident memory of a convolutional trial and of the one with the most augmented copies."""
    few = "training.steps_per_epoch=40"
    peaks = {"exp104": train("exp104", data, folder / "exp104", 1, "training.epochs=1", few)["peak_memory_mb"]}
    name = "growing_batch_n8_k7_e20"
    trial = train(name, data, folder / name, 1, "training.epochs=1", "training.steps_per_epoch=200")
    peaks[f"{name}, 8 augmented copies of each image"] = trial["peak_memory_mb"]
    limits = (MEGABYTES, COPIES_MEGABYTES)
    rows = [[name, f"{peak:,}", f"under {most:,}"] for (name, peak), most in zip(peaks.items(), limits, strict=True)]
    return f"Peak resident memory of a trial on 60,000 images:\n\n{table(['trial', 'MB', 'target'], rows)}"


def side_by_side(names: list[str], data: Path, folder: Path, rounds: int, measured: Checkpoint) -> str:
    """Return the speedup of two trials at the same time, one thread each, over one after the other with two threads."""
    rows = []
    for name in names:
        if name not in measured:
            measured[name] = [speedup(name, data, folder / f"{name}_{number}") for number in range(rounds)]
        gains, least = measured[name], SIDE_BY_SIDE if name in SMALL else 1
        print(f"{name}: {gains}", flush=True)
        row = [name, f"{FAMILIES[name]:,}", f"{median(gains):.2f} ({min(gains):.2f} to {max(gains):.2f})"]
        rows.append([*row, f"at least {least}"])
    note = (
        "Speedup of two trials of three epochs at the same time with one thread each, over one after the other with "
        f"two threads each, medians of {rounds}; above 1 the default `devices.threads: 1` is right:"
    )
    return f"{note}\n\n{table(['trial', 'training images', 'speedup', 'target'], rows)}"


def speedup(name: str, data: Path, folder: Path) -> float:
    """Measure a family once."""
    settings = ("training.epochs=3", f"limit.train_images={FAMILIES[name]}", "limit.test_images=500")
    settings += ("training.weight_averaging=null",)  # It starts after the third epoch.
    outputs = [folder / str(way) for way in range(4)]
    started = time.perf_counter()
    both = [start(name, data, output, 1, *settings) for output in outputs[:2]]
    if any([process.wait() for process in both]):  # noqa: C419 - waits for both
        raise SystemExit(f"error: one of two trials of {name} failed")
    between = time.perf_counter()
    for output in outputs[2:]:
        train(name, data, output, 2, *settings)
    return (time.perf_counter() - between) / (between - started)


if __name__ == "__main__":
    main()
