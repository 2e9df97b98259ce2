"""Measure planning and statistics by the number of trials: a dry run, and the tables of fabricated results.

Nothing is trained: the benchmark writes the result files of trials, and runs the scripts of the rules on them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))
sys.path.insert(0, str(Path(__file__).parent))

from lookbook.evaluation.metrics import METRICS
from lookbook.results.benchmark import Benchmark, read_benchmark
from lookbook.results.metrics import write_metrics
from lookbook.results.predictions import SPLITS
from lookbook.results.reading import write_json
from lookbook.results.trial import read_trial, trial_identity
from lookbook.runtime.devices import peak_memory_mb, processor_name
from results_file import hardware, provenance, table, write_section

TITLE = "Many trials"
ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
EXPERIMENTS = 20
# Maximum seconds and MB for the largest number of trials.
TARGETS = {"dry run": (30, None), "collect": (60, 1000), "summarise": (60, 1000)}


class Cost(NamedTuple):
    """Wall time of a process in seconds, and its peak resident memory in MB."""

    seconds: float
    memory: int


def main() -> None:
    """Measure each number of trials, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1_000, 10_000], help="100 1000 10000")
    arguments = parser.parse_args()
    costs = {}
    for trials in arguments.trials:
        with tempfile.TemporaryDirectory() as folder:
            costs[trials] = measure(trials, Path(folder))
        print(trials, {name: f"{c.seconds:.1f} s, {c.memory} MB" for name, c in costs[trials].items()})
    steps = list(TARGETS)
    rows = [
        [f"{trials:,}", *(f"{cost[step].seconds:.1f} s, {cost[step].memory} MB" for step in steps)]
        for trials, cost in costs.items()
    ]
    rows.append(["target for the last", *(_target(*TARGETS[step]) for step in steps)])
    text = table(["trials", *steps], rows)
    note = (
        f"Wall time and peak resident memory of each process, for trials of {EXPERIMENTS} experiments: the dry run of "
        "everything (`snakemake -n --quiet`), the table of all trials, and the statistics of that table."
    )
    machine = hardware(f"cpu: {processor_name()}")
    path = write_section(machine, TITLE, f"{note}\n\n{text}\n{provenance(_versions())}")
    print(f"\n{text}\n{path}")


def measure(trials: int, folder: Path) -> dict[str, Cost]:
    """Return the cost of each step for a number of trials."""
    per_experiment = trials // EXPERIMENTS
    entry: dict[str, Any] = {"title": "many", "model": {"class_name": "mlp"}, "trials": per_experiment}
    descendants = {f"many_{n:02}": {"base": "many_00", "title": f"many, {n}"} for n in range(1, EXPERIMENTS)}
    experiments = folder / "many.yaml"
    experiments.write_text(yaml.safe_dump({"document": "many", "experiments": {"many_00": entry} | descendants}))
    config = {"experiment_files": [str(experiments)], "results": str(folder / "results")}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    dry = [sys.executable, "-m", "snakemake", "--configfile", str(folder / "config.yaml"), "-n", "--quiet"]
    costs = {"dry run": run(dry)}

    results = folder / "results"
    described, collected = results / "experiments.json", results / "trials.csv"
    script = [sys.executable, str(SCRIPTS / "resolve_experiments.py"), "--config-json", json.dumps(config)]
    run([*script, "--output", str(described)])
    fabricate(read_benchmark(described))
    script = [sys.executable, str(SCRIPTS / "collect_trials.py"), "--experiments", str(described)]
    costs["collect"] = run([*script, "--output", str(collected)])
    script = [sys.executable, str(SCRIPTS / "summarise.py"), "--trials", str(collected)]
    script += ["--experiments", str(described), "--published", str(ROOT / "config" / "published.csv")]
    script += ["--summary", str(results / "summary.csv"), "--comparisons", str(results / "comparisons.csv")]
    costs["summarise"] = run(script)
    rows = len((results / "summary.csv").read_text().splitlines())
    if rows < EXPERIMENTS:
        raise SystemExit(f"error: the summary has {rows} lines for {EXPERIMENTS} experiments")
    return costs


def fabricate(benchmark: Benchmark) -> None:
    """Write the trial.json and metrics.json of every trial of a benchmark."""
    generator = np.random.default_rng(0)
    names = [metric.name for metric in METRICS if not metric.of_duplicates]
    number = {name: position for position, name in enumerate(benchmark.experiments)}
    for planned in benchmark.trials():
        scores = generator.normal(0.9 + 0.002 * number[planned.experiment], 0.003, (len(SPLITS), len(names))).tolist()
        splits = {split: dict(zip(names, row, strict=True)) for split, row in zip(SPLITS, scores, strict=True)}
        facts = {"seed": planned.trial, "status": "ok", "epochs": 10, "seconds": 12.3, "versions": {"keras": "3"}}
        facts |= {"identity": trial_identity(planned.spec_digest, "none"), "files": {}}
        facts |= {"digests": {"trial_spec": planned.spec_digest, "code": "none", "dataset": "none"}}
        write_json(planned.file("trial.json"), facts)
        write_metrics(planned.file("metrics.json"), read_trial(planned), splits)


def run(command: list[str]) -> Cost:
    """Run a command in the project's folder and return its cost; exit with its errors if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise SystemExit(f"error: {' '.join(command[:4])} ended with {code}\n{errors[-2000:]}")
    return Cost(time.perf_counter() - started, peak_memory_mb(usage))


def _target(seconds: float, memory: int | None) -> str:
    return f"under {seconds} s" + (f" and {memory:,} MB" if memory else "")


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("snakemake", "pandas", "numpy")}


if __name__ == "__main__":
    main()
