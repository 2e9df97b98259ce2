"""Measure the images per second of all trials that share one GPU, by the number of slots."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from cases import ROOT, experiments_on, write_sample
from lookbook.config.trial_specs import trial_spec
from results_file import Checkpoint, hardware, provenance, table, write_section

TITLE = "Trials on one GPU"
SCRIPTS = ROOT / "workflow" / "scripts"


def main() -> None:
    """Measure each number of slots, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", nargs="+", default=["exp104", "growing_batch_baseline"])
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 2, 4, 8], help="1 2 4 8")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of each trial (6)")
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="jax", help="Keras's backend")
    parser.add_argument("--gpu", type=int, default=1, help="0 uses the CPU (1)")
    parser.add_argument("--checkpoint", type=Path, help="file of finished measurements (none)")
    arguments = parser.parse_args()
    experiments = experiments_on(arguments.backend)
    measured = Checkpoint(arguments.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_sample(Path(folder) / "sample")
        for name in arguments.experiments:
            content = trial_spec(experiments[name], 0, 0, experiments)
            content["spec"]["training"] |= {"epochs": arguments.epochs, "early_stopping": None}
            for slots in arguments.slots:
                key = f"{name} {slots}"
                if key not in measured:
                    started = time.perf_counter()
                    output = Path(folder) / f"{name}_{slots}"
                    trials = train_at_the_same_time(content, manifest, output, slots, arguments.gpu)
                    rate, wall = sum(trial["images_per_second"] for trial in trials), time.perf_counter() - started
                    facts = {fact: trials[0][fact] for fact in ("device", "versions")}
                    measured[key] = {"rate": rate, "wall": wall, **facts}
                print(f"{key}: {measured[key]['rate']:,.0f}", flush=True)
    rows = []
    for name in arguments.experiments:
        first = measured[f"{name} {arguments.slots[0]}"]["rate"]
        for slots in arguments.slots:
            found = measured[f"{name} {slots}"]
            row = [name, str(slots), f"{found['rate']:,.0f}", f"{found['rate'] / first:.2f}", f"{found['wall']:.0f} s"]
            rows.append(row)
    note = (
        f"One trial per slot at the same time, {arguments.epochs} epochs each on {found['device']}, Keras on "
        f"{arguments.backend}: the sum of their rates without start and compilation, and the wall time with them."
    )
    text = table(["experiment", "slots", "images/s of all trials", "ratio to the first row", "wall time"], rows)
    path = write_section(hardware(found["device"]), TITLE, f"{note}\n\n{text}\n{provenance(found['versions'])}")
    print(f"\n{text}\n{path}")


def train_at_the_same_time(
    content: dict[str, Any], manifest: Path, folder: Path, slots: int, gpu: int
) -> list[dict[str, Any]]:
    """Train one trial per slot at the same time and return the contents of their trial.json."""
    environment = {**os.environ, "LOOKBOOK_SLOTS_PER_GPU": str(slots)}
    processes = []
    for number in range(slots):
        command = [sys.executable, str(SCRIPTS / "train_trial.py"), "--trial-spec"]
        command += [
            json.dumps(content | {"trial": number}),
            "--manifest",
            str(manifest),
            "--output",
            str(folder / str(number)),
            "--gpu",
            str(gpu),
        ]
        processes.append(subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL))
    codes = [process.wait() for process in processes]
    if any(codes):
        raise SystemExit(f"error: a trial in {folder} failed")
    return [json.loads((folder / str(number) / "trial.json").read_text()) for number in range(slots)]


if __name__ == "__main__":
    main()
