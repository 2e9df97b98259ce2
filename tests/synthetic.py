"""Result files of made-up trials, for tests and for looking at the report: python tests/synthetic.py FOLDER

The values are drawn from a random generator, not trained. Some trials fail and some collapse.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from synthetic_experiments import CLASSES, EXPERIMENTS, FAILURES, MORE, RESAMPLED, class_of, description, hash_of

from lookbook.files import write_bytes
from lookbook.results import benchmark as benchmarks
from lookbook.results.history import write_history
from lookbook.results.metrics import write_metrics
from lookbook.results.predictions import SplitOutputs, write_predictions
from lookbook.results.tables import read_trials, write_table
from lookbook.results.trial import FINISHED, read_trial, trial_identity, write_trial

ROOT = Path(__file__).parents[1]
SAMPLES = {"train": 400, "valid": 200, "test": 300}
DATASET_DIGEST = "9d3e1c77ab02"
# The images that trials share: train and valid come from the first part, test is the second. Some are hard for all.
IMAGES = np.random.default_rng(0)
LABELS = {part: IMAGES.permutation(np.arange(count) % CLASSES) for part, count in (("train", 600), ("test", 300))}
HARDNESS = {part: IMAGES.normal(0, 1, len(labels)) for part, labels in LABELS.items()}
MISTAKEN_FOR = {part: (labels + IMAGES.integers(1, CLASSES, len(labels))) % CLASSES for part, labels in LABELS.items()}
MACHINE = {
    "device": "cpu: AMD EPYC, 2 threads",
    "precision": "float32",
    "compile": "xla",
    "versions": {"python": "3.12.3", "keras": "3.12.0", "tensorflow": "2.20.0", "numpy": "2.3.1"},
    "started": "2025-01-01T12:00:00+00:00",
}


def write_benchmark(root: Path, *, comparable: bool = True, names: list[str] | None = None) -> benchmarks.Benchmark:
    """Write experiments.json and the four files of every trial; return the benchmark.

    Args:
        root: the folder of results, created if it is missing.
        comparable: whether the budget is the full one.
        names: of ``EXPERIMENTS`` and ``MORE``; None for all of the former.
    """
    names = list(EXPERIMENTS) if names is None else names
    note = "" if comparable else "500 training images, 3 epochs, 2 trials"
    content = {
        "profile": {"name": "full" if comparable else "quick", "comparable": comparable, "note": note},
        "provenance": {"git_commit": "0123456789abcdef0123456789abcdef01234567", "command": "snakemake --cores 2"},
        "experiments": {name: description(name) for name in names},
    }
    benchmarks.write_benchmark(root / "experiments.json", content)
    benchmark = benchmarks.read_benchmark(root / "experiments.json")
    for planned in benchmark.trials():
        write_files(planned)
    return benchmark


def write_tables(benchmark: benchmarks.Benchmark) -> None:
    """Write metrics.json of every trial and all CSV tables, as the rules do."""
    from lookbook.evaluation.metrics import evaluate_trial
    from lookbook.statistics.comparisons import compare_with_bases
    from lookbook.statistics.ensembles import combine_ensembles
    from lookbook.statistics.factorials import estimate_factorials
    from lookbook.statistics.published import read_published
    from lookbook.statistics.summary import summarise
    from lookbook.statistics.trials import collect_trials

    for planned in benchmark.trials():
        trial = read_trial(planned)
        write_metrics(planned.file("metrics.json"), trial, evaluate_trial(trial))
    experiments, root = benchmark.experiments, benchmark.results
    published, comparable = read_published(ROOT / "config" / "published.csv"), benchmark.profile["comparable"]
    write_table(collect_trials(benchmark), root / "trials.csv")
    trials = read_trials(root / "trials.csv", benchmark)
    write_table(summarise(trials, experiments, published, comparable=comparable), root / "summary.csv")
    write_table(compare_with_bases(trials, experiments), root / "comparisons.csv")
    write_table(combine_ensembles(benchmark), root / "ensembles.csv")
    write_table(estimate_factorials(trials, experiments), root / "factorials.csv")


def write_files(planned: benchmarks.PlannedTrial) -> None:
    """Write one trial's history.csv, model.keras (empty), predictions.npz and trial.json."""
    name, trial, folder = planned.experiment, planned.trial, planned.file("trial.json").parent
    entry = (EXPERIMENTS | MORE)[name]
    status, error, traceback = FAILURES.get((name, trial), ("ok", None, None))
    generator = np.random.default_rng([hash_of(name), trial])
    epochs = int(generator.integers(8, 14)) if entry.valid else 12
    finished = status in FINISHED
    target = 0.1 if status == "collapsed" else entry.accuracy + generator.normal(0, 0.003)
    outputs, in_train = {}, None
    if finished:
        rows = {"train": generator.permutation(len(LABELS["train"])), "test": np.arange(SAMPLES["test"])}
        rows["train"], rows["valid"] = np.split(rows["train"], [SAMPLES["train"]])
        for split in ("train", "valid") if name in RESAMPLED else SAMPLES if entry.valid else ("train", "test"):
            better = 0.02 if split == "train" else 0.0
            outputs[split] = network_outputs(generator, split, rows[split], target + better, class_of(name))
        if name in RESAMPLED:
            in_train = generator.random(SAMPLES["valid"]) < 0.4
    write_predictions(folder / "predictions.npz", outputs, in_train)
    epochs = epochs if finished else 2
    write_history(folder / "history.csv", history(generator, target, epochs, entry.valid))
    write_bytes(folder / "model.keras", b"")
    facts = {"experiment": name, "trial": trial, "seed": trial, "status": status, "spec": description(name)["spec"]}
    facts |= {"digests": {"trial_spec": planned.spec_digest, "code": "a1b2", "dataset": DATASET_DIGEST}}
    facts |= {"identity": trial_identity(planned.spec_digest, DATASET_DIGEST), "error": error, "traceback": traceback}
    facts |= {"seconds": round(float(generator.uniform(20, 60)), 3), "phases": {"build": 2.1, "train": 30.0}}
    facts |= {"images_per_second": round(float(generator.uniform(2e4, 9e4)), 1) if finished else None}
    facts |= {"epochs": epochs, "best_epoch": epochs - 3 if entry.valid and finished else None, "steps": 1500 * epochs}
    facts |= {"parameters": entry.parameters, "penalty": 0.071 if name.startswith("exp10") else 0.0}
    facts |= {"command": f"python workflow/scripts/train_trial.py {name} --trial {trial}", **MACHINE}
    write_trial(folder, facts)


def network_outputs(
    generator: np.random.Generator, split: str, rows: np.ndarray, accuracy: float, one_vs_all: int | None = None
) -> SplitOutputs:
    """Return logits with about the given accuracy; binary ones for a one-vs-all classifier."""
    part, samples = "test" if split == "test" else "train", len(rows)
    labels, targets = LABELS[part][rows], LABELS[part][rows]
    hardness = HARDNESS[part][rows] + generator.normal(0, 0.5, samples)
    wrong = np.argsort(hardness)[samples - round((1 - min(accuracy, 0.999)) * samples) :]
    targets[wrong] = MISTAKEN_FOR[part][rows[wrong]]
    classes = CLASSES
    if one_vs_all is not None:
        labels, classes = (labels == one_vs_all).astype(int), 2
        targets = labels.copy()
        targets[wrong] = 1 - labels[wrong]
    logits = generator.normal(0, 1, (samples, classes))
    margin = generator.exponential(np.where(targets == labels, 4.0, 0.4))
    logits[np.arange(samples), targets] = logits.max(axis=1) + margin + 0.1
    return SplitOutputs(logits, labels, rows)


def history(generator: np.random.Generator, accuracy: float, epochs: int, valid: bool) -> list[dict[str, Any]]:
    """Return the epochs of learning curves that approach the accuracy."""
    rows = []
    for epoch in range(1, epochs + 1):
        gap = 0.35 * np.exp(-epoch / 3) if accuracy > 0.2 else 0.0
        train = min(accuracy + 0.012 * epoch / epochs - gap + generator.normal(0, 0.002), 1.0)
        rest = accuracy - gap + generator.normal(0, 0.004)
        seconds = generator.uniform(1, 2)
        row = {"epoch": epoch, "step": epoch * 1500, "learning_rate": 0.001, "seconds": round(seconds, 3)}
        row |= {"train_loss": round(2.6 * (1 - train), 5), "train_accuracy": round(train, 5)}
        if valid:
            row |= {"valid_loss": round(3.0 * (1.0 - rest) + 0.002 * epoch, 5), "valid_accuracy": round(rest, 5)}
        rows.append(row)
    return rows


if __name__ == "__main__":
    write_tables(write_benchmark(Path(sys.argv[1]), comparable="--quick" not in sys.argv, names=[*EXPERIMENTS, *MORE]))
