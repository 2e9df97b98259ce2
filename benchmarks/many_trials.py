"""Train many tiny trials in one run of the workflow, and report what each costs besides its training.

The run works in a copy of the sources with an experiment file of its own, on the embedded sample.
"""

import argparse
import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import mean

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "contract"))
sys.path.insert(0, str(Path(__file__).parent))

import workspace

from lookbook.results.trial import FINISHED
from lookbook.runtime.devices import processor_name
from results_file import hardware, provenance, table, write_section

TITLE = "Overhead of a trial"
EXPERIMENTS = 10


def main() -> None:
    """Run the benchmark, verify that no trial is lost, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500, help=f"number of trials, a multiple of {EXPERIMENTS} (500)")
    parser.add_argument("--cores", type=int, default=2, help="cores of the workflow (2)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = workspace.create(Path(folder) / "work", experiments=_experiments(arguments.trials // EXPERIMENTS))
        work.path("config/published.csv").write_text(workspace.PUBLISHED.splitlines()[0] + "\n")
        work.path("config/config.yaml").write_text(f"experiment_files: [{workspace.EXPERIMENTS}]\n")
        started = time.perf_counter()
        done = work.snakemake("--cores", str(arguments.cores), timeout=None)
        seconds = time.perf_counter() - started
        if done.status:
            raise SystemExit(f"error: the run ended with {done.status}\n{done.output[-2000:]}")
        paths = sorted(work.path("results/trials").glob("*/*/trial.json"))
        trials = [json.loads(path.read_text()) for path in paths]
        again = work.plan()
    lost = arguments.trials - sum(trial["status"] in FINISHED for trial in trials)
    if lost or not again.is_empty:
        raise SystemExit(f"error: {lost} of {arguments.trials} trials are lost")

    def phase(*names: str) -> float:
        return mean(sum(trial["cpu_phases"][name] for name in names) for trial in trials)

    each = arguments.trials
    inside = phase(*trials[0]["cpu_phases"])
    rows = [
        ["wall clock of the run x cores", f"{seconds * arguments.cores / each:.2f}"],
        ["CPU of the run", f"{done.cpu_seconds / each:.2f}"],
        ["of which training", f"{phase('train'):.2f}"],
        ["of which import of TensorFlow and Keras", f"{phase('import'):.2f}"],
        ["of which the rest of the training job", f"{inside - phase('train', 'import'):.2f}"],
        ["of which Snakemake, evaluation, tables and report", f"{done.cpu_seconds / each - inside:.2f}"],
    ]
    text = table(["seconds for each trial", "mean"], rows)
    note = (
        f"{each} trials of {EXPERIMENTS} experiments (an MLP, one epoch of 160 images) with `--cores {arguments.cores}`"
        f": {seconds:.0f} s, none lost, and a second run has nothing to do. The overhead of a trial, wall clock less "
        f"training, is {seconds * arguments.cores / each - phase('train'):.2f} s of one core."
    )
    machine = hardware(f"cpu: {processor_name()}")
    versions = {"snakemake": version("snakemake"), **trials[0]["versions"]}
    path = write_section(machine, TITLE, f"{note}\n\n{text}\n{provenance(versions)}")
    print(f"{note}\n\n{text}\n{path}")


def _experiments(trials: int) -> str:
    """Return the experiment file."""
    entries = {
        f"tiny_{number}": {
            "title": f"{8 + number} units",
            "trials": trials,
            "dataset": "sample",
            "split": {"validation": 0.2},
            "limit": {"train_images": 200, "test_images": 50},
            "model": {"class_name": "mlp", "config": {"units": [8 + number]}},
            "training": {"epochs": 1, "batch_size": 20},
        }
        for number in range(EXPERIMENTS)
    }
    return yaml.safe_dump({"document": "tiny", "experiments": entries}, sort_keys=False)


if __name__ == "__main__":
    main()
