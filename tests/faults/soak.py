"""Kill random processes of a running benchmark at random moments, change its configuration, and count what is lost.

Not a test of `make test`, because it takes long: `make soak` runs it and writes benchmarks/results/soak.md.

example: soak.py --kills 200 --seed 7
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow/scripts"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/contract"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/faults"))

import running
import workspace
from workspace import Workspace

from lookbook.config.digests import digest
from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config, trial_spec
from lookbook.runtime import devices

ROOT = Path(__file__).parents[2]
TRIALS = 3
# Each experiment has two variants, between which the configuration changes.
EPOCHS = {"narrow": (6, 8), "wide": (5, 7), "convolution": (2, 3)}
MODELS = {
    "narrow": {"class_name": "mlp", "config": {"units": [8]}},
    "wide": {"class_name": "mlp", "config": {"units": [64]}},
    "convolution": {"class_name": "sigmoid_width", "config": {"filters": [2, 2]}},
}
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
WHOM = ("job", "job", "shell", "Snakemake", "Snakemake", "group")


def content(variants: dict[str, int]) -> str:
    """Return the experiments file with the number of epochs of each variant."""
    entries = {
        name: {
            "title": name,
            "dataset": "sample",
            "trials": TRIALS,
            "split": {"validation": 0.2},
            "limit": {"train_images": 1500, "test_images": 100},
            "model": MODELS[name],
            "training": {"epochs": EPOCHS[name][variant], "batch_size": 20},
        }
        for name, variant in variants.items()
    }
    return yaml.safe_dump({"document": "soak", "experiments": entries}, sort_keys=False)


def planned(work: Workspace) -> dict[tuple[str, int], str]:
    """Return the digest of the specification of each trial that the present configuration plans."""
    config = read_config([work.path("config/config.yaml")])
    experiments = resolve(config, work.folder)
    return {
        (name, trial): digest(trial_spec(experiments[name], trial, 0, experiments))
        for name in experiments
        for trial in range(TRIALS)
    }


def finished(work: Workspace, plan: dict[tuple[str, int], str]) -> dict[tuple[str, int], tuple[str, str, float]]:
    """Return digest, predictions and time of each finished trial of the plan."""
    found = {}
    for (name, trial), expected in plan.items():
        path = work.path(f"results/trials/{name}/{trial}/trial.json")
        with suppress(FileNotFoundError):
            facts = json.loads(path.read_text())
            if facts["digests"]["trial_spec"] == expected:
                found[name, trial] = (expected, facts["files"]["predictions.npz"], path.stat().st_mtime)
    return found


def start(work: Workspace) -> subprocess.Popen:
    """Start a run in a process group of its own."""
    with work.path("output.txt").open("a") as output:
        return subprocess.Popen(
            workspace.command("--cores", "2"),
            cwd=work.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill(process: subprocess.Popen, draw: random.Random) -> str | None:
    """Send a random signal to a random process of a run and wait until all have ended; return what was killed."""
    children = psutil.Process(process.pid).children(recursive=True)
    jobs = running.jobs_of(process)
    whom, number = draw.choice(WHOM), draw.choice(SIGNALS)
    if whom in ("job", "shell") and not children:
        whom = "Snakemake"
    with suppress(psutil.Error, ProcessLookupError):
        if whom == "group":
            os.killpg(process.pid, number)
        else:
            some = {"job": jobs or children, "shell": children, "Snakemake": [psutil.Process(process.pid)]}[whom]
            draw.choice(some).send_signal(number)
    process.wait(300)
    psutil.wait_procs(children, timeout=60)
    alive = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not alive, f"{alive} outlive their run"
    return f"{signal.Signals(number).name} to {whom}"


def soak(kills: int, seed: int, folder: Path) -> Counter[str]:
    """Return the counts of what happened.

    Raises:
        AssertionError: something was lost that must not be.
    """
    draw, counts = random.Random(seed), Counter[str]()
    variants = dict.fromkeys(EPOCHS, 0)
    work = workspace.create(folder / "work", experiments=content(variants))
    work.path("config/published.csv").write_text(workspace.PUBLISHED.splitlines()[0] + "\n")
    work.replace("config/config.yaml", "trials: 2", f"trials: {TRIALS}")
    reference: dict[str, str] = {}
    while sum(counts[name] for name in counts if name.startswith("SIG")) < kills:
        if draw.random() < 0.2:
            name = draw.choice(list(variants))
            variants[name] = 1 - variants[name]
            work.path(workspace.EXPERIMENTS).write_text(content(variants))
            counts["changes of the configuration"] += 1
        plan = planned(work)
        before, process = finished(work, plan), start(work)
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(1, 9))
        if process.poll() is None and (killed := kill(process, draw)):
            counts[killed] += 1
        else:
            counts["runs that ended"] += 1
        after = finished(work, plan)
        for trial, facts in before.items():
            # Snakemake removes the results of a job whose end it has not seen.
            if trial not in after or after[trial][2] != facts[2]:
                counts["finished trials that were trained again, because Snakemake was killed as they ended"] += 1
            if trial in after:
                assert after[trial][1] == facts[1], f"{trial} has other predictions than before"
        for expected, predictions, _ in after.values():
            assert reference.setdefault(expected, predictions) == predictions, "two trainings differ"
        if counts.total() % 20 == 0:
            complete(work, plan, reference, counts)
    complete(work, planned(work), reference, counts)
    compare_with_undisturbed(variants, reference, folder)
    return counts


def complete(work: Workspace, plan: dict, reference: dict[str, str], counts: Counter[str]) -> None:
    """Let a run end and compare its results and its report with the plan."""
    work.run()
    assert work.plan().is_empty
    after = finished(work, plan)
    assert after.keys() == plan.keys(), "a trial is missing"
    table = work.path("results/trials.csv").read_text()
    for (name, trial), (expected, predictions, _) in after.items():
        identity = json.loads(work.path(f"results/trials/{name}/{trial}/trial.json").read_text())["identity"]
        assert identity in table, "trials.csv is of other trials"
        assert reference.setdefault(expected, predictions) == predictions
    counts["complete runs, verified"] += 1
    left = [path.name for path in work.path("results/trials").rglob(".*") if path.is_file()]
    assert not left, f"temporary files are left: {left}"


def compare_with_undisturbed(variants: dict[str, int], reference: dict[str, str], folder: Path) -> None:
    """Compare with runs that nothing interrupts, for both variants of each experiment."""
    calm = workspace.create(folder / "calm", experiments=content(variants))
    calm.path("config/published.csv").write_text(workspace.PUBLISHED.splitlines()[0] + "\n")
    calm.replace("config/config.yaml", "trials: 2", f"trials: {TRIALS}")
    for _ in range(2):
        calm.path(workspace.EXPERIMENTS).write_text(content(variants))
        calm.run("--until", "train_trial")
        for expected, predictions, _time in finished(calm, planned(calm)).values():
            assert reference.get(expected, predictions) == predictions, "an undisturbed run has other predictions"
        variants = {name: 1 - variant for name, variant in variants.items()}


def main() -> None:
    """Soak, print the counts and write them to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="number of kills (200)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="seed of the random choices (the time)")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/soak.md", help="file to write")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts = soak(arguments.kills, arguments.seed, Path(folder))
    minutes = (time.monotonic() - started) / 60
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    lines = ["# Random kills", "", f"`python tests/faults/soak.py --kills {arguments.kills} --seed {arguments.seed}`, "]
    lines[-1] += f"{datetime.now(UTC):%Y-%m-%d}, {minutes:.0f} minutes, commit {commit.strip()[:12]}, "
    lines[-1] += f"{devices.processor_name()}, {os.cpu_count()} cores. Nothing was lost: every finished trial has the "
    lines[-1] += "predictions of an undisturbed run, bit for bit, and the tables are those of the trials."
    lines += ["", "| what | times |", "|---|---|", *(f"| {name} | {count} |" for name, count in sorted(counts.items()))]
    arguments.output.write_text("\n".join([*lines, ""]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
