"""Result files of made-up trials, for tests and for looking at the report: python tests/synthetic.py FOLDER

The values are drawn from a random generator, not trained. Some trials fail and some collapse.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from lookbook.config.digests import digest
from lookbook.files import write_bytes
from lookbook.results import benchmark as benchmarks
from lookbook.results.history import write_history
from lookbook.results.metrics import write_metrics
from lookbook.results.predictions import SplitOutputs, write_predictions
from lookbook.results.tables import write_table
from lookbook.results.trial import FINISHED, read_trial, trial_identity, write_trial

ROOT = Path(__file__).parents[1]
CLASSES = 10
SAMPLES = {"train": 400, "valid": 200, "test": 300}
DATASET_DIGEST = "9d3e1c77ab02"
# The images that trials share: train and valid come from the first part, test is the second. Some are hard for all.
IMAGES = np.random.default_rng(0)
LABELS = {part: IMAGES.permutation(np.arange(count) % CLASSES) for part, count in (("train", 600), ("test", 300))}
HARDNESS = {part: IMAGES.normal(0, 1, len(labels)) for part, labels in LABELS.items()}
MISTAKEN_FOR = {part: (labels + IMAGES.integers(1, CLASSES, len(labels))) % CLASSES for part, labels in LABELS.items()}


class Entry(NamedTuple):
    """One experiment; ``accuracy`` is about that of its trials, ``valid`` whether it has a validation split."""

    document: str
    title: str
    base: str | None
    changes: dict[str, tuple[Any, Any]]
    parameters: int
    trials: int
    accuracy: float
    valid: bool


GROWING, SERIES, WIDTH, ZOO, SIMPSONS = "growing-batch", "experiment-series", "width-depth", "zoo", "simpsons"
COPIES = {"augmented_copies": (None, 1), "augmentation": ([], [{"class_name": "one_of_k", "config": {"k": 4}}])}
CONVOLUTIONS = {"model.name": ("dense", "convolutions"), "model.widths": ([128], [32, 64, 64])}
NORMALIZED = {"model.batch_norm": (False, True)}
SLOWER = {"optimizer.config.learning_rate": (0.001, 0.0001), "training.batch_size": (32, 64)}

EXPERIMENTS: dict[str, Entry] = {
    "growing_batch_baseline": Entry(GROWING, "dense network on raw pixels", None, {}, 101770, 5, 0.824, False),
    "growing_batch_n1_k4_e10": Entry(
        GROWING, "one augmented copy of every image", "growing_batch_baseline", COPIES, 101770, 5, 0.806, False
    ),
    "exp001": Entry(SERIES, "two dense layers", None, {}, 101770, 10, 0.878, True),
    "exp002": Entry(SERIES, "three convolutions", "exp001", CONVOLUTIONS, 93322, 10, 0.906, True),
    "exp003": Entry(
        SERIES, "batch normalization after every convolution", "exp002", NORMALIZED, 93962, 10, 0.901, True
    ),
    "exp102": Entry(SERIES, "L2 penalty on every kernel", None, {}, 257162, 3, 0.896, True),
    "exp103": Entry(SERIES, "batch normalization", "exp102", NORMALIZED, 257802, 3, 0.905, True),
    "exp104": Entry(SERIES, "smaller learning rate, larger batches", "exp103", SLOWER, 257802, 1, 0.913, True),
    "width_2_4": Entry(WIDTH, "2 and 4 feature maps", None, {}, 156026, 3, 0.887, False),
    "width_8_16": Entry(
        WIDTH, "8 and 16 feature maps", "width_2_4", {"model.widths": ([2, 4], [8, 16])}, 623834, 3, 0.909, False
    ),
    "width_15_30": Entry(
        WIDTH,
        "15 and 30 feature maps: some trials collapse",
        "width_8_16",
        {"model.widths": ([8, 16], [15, 30])},
        1170000,
        10,
        0.908,
        False,
    ),
    "mini_vgg": Entry(ZOO, "small VGG with dropout and one-cycle", None, {}, 199146, 3, 0.944, False),
    "resnet_34": Entry(ZOO, "ResNet v2 with 34 layers", None, {}, 21310922, 2, 0.947, False),
}
FACTORIALS = {
    f"mini_vgg_{name}": {"study": "mini_vgg", "factors": {"one_cycle": one_cycle, "averaging": averaging}}
    for name, one_cycle, averaging in (
        ("plain", False, False),
        ("one_cycle", True, False),
        ("averaging", False, True),
        ("one_cycle_averaging", True, True),
    )
}
# Written only if asked for by name: a factorial study, one-vs-all classifiers, resampled images, missing images.
MORE: dict[str, Entry] = {
    **{
        name: Entry(ZOO, name.replace("mini_vgg_", "mini VGG, ").replace("_", " "), None, {}, 199146, 3, value, False)
        for name, value in zip(FACTORIALS, (0.91, 0.93, 0.92, 0.945), strict=True)
    },
    **{
        f"basic_cnn_{label}_vs_all": Entry(
            ZOO, f"class {label} or not", None, {}, 731290, 2, 0.97 + 0.002 * label, False
        )
        for label in range(CLASSES)
    },
    "simpsons_c42_n155_b10": Entry(SIMPSONS, "155 images of each class", None, {}, 399210, 3, 0.93, True),
    "simpsons_c42_n700_b64": Entry(SIMPSONS, "700 images of each class", None, {}, 399210, 0, 0.95, True),
}
UNAVAILABLE = {"simpsons_c42_n700_b64": "no images of the competition; set data.simpsons.path to its folder or zip"}
# Resampled before the split, so that some images are in both parts; this dataset has no test labels.
RESAMPLED = {"simpsons_c42_n155_b10"}
FAILURES = {
    ("exp002", 4): ("diverged", "loss is not a number in epoch 2, step 2417", None),
    ("exp003", 7): (
        "failed",
        "ValueError: Input 0 of layer 'dense' is incompatible",
        "Traceback (most recent call last):\n  ...\nValueError: Input 0 of layer 'dense' is incompatible",
    ),
    ("resnet_34", 0): ("out_of_memory", "OOM when allocating tensor with shape[128,512,4,4]", None),
    ("resnet_34", 1): ("out_of_memory", "OOM when allocating tensor with shape[128,512,4,4]", None),
    **{("width_15_30", trial): ("collapsed", None, None) for trial in (1, 2, 5, 8)},
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
    from lookbook.evaluation.trials import evaluate_trial
    from lookbook.statistics.comparisons import compare_with_bases
    from lookbook.statistics.ensembles import combine_ensembles
    from lookbook.statistics.factorials import estimate_factorials
    from lookbook.statistics.published import read_published
    from lookbook.statistics.summary import summarise
    from lookbook.statistics.trials import collect_trials

    for planned in benchmark.trials():
        trial = read_trial(planned)
        write_metrics(planned.file("metrics.json"), trial, evaluate_trial(trial))
    trials, experiments, root = collect_trials(benchmark), benchmark.experiments, benchmark.results
    published, comparable = read_published(ROOT / "config" / "published.csv"), benchmark.profile["comparable"]
    write_table(trials, root / "trials.csv")
    write_table(summarise(trials, experiments, published, comparable=comparable), root / "summary.csv")
    write_table(compare_with_bases(trials, experiments), root / "comparisons.csv")
    write_table(combine_ensembles(benchmark), root / "ensembles.csv")
    write_table(estimate_factorials(trials, experiments), root / "factorials.csv")


def class_of(name: str) -> int | None:
    """Return the class that a one-vs-all classifier separates from all others, else None."""
    return int(name.split("_")[2]) if name.endswith("_vs_all") else None


def description(name: str) -> dict[str, Any]:
    """Return an experiment's entry in experiments.json."""
    entry = (EXPERIMENTS | MORE)[name]
    return {
        "title": entry.title,
        "document": entry.document,
        "citation": f"https://example.org/{entry.document}",
        "claim": "Wider networks are more accurate." if entry.document == WIDTH else None,
        "note": "The code builds more layers than the text counts." if entry.document == WIDTH else None,
        "base": entry.base,
        "changes": [{"key": key, "from": old, "to": new} for key, (old, new) in entry.changes.items()],
        "parameters": entry.parameters,
        "trials": entry.trials,
        "trial_digests": [digest({"experiment": name, "trial": trial}) for trial in range(entry.trials)],
        "factorial": FACTORIALS.get(name),
        "ensemble": None if class_of(name) is None else "basic_cnn_vs_all",
        "figures": ["confusion_matrix", "precision_recall", "wrong_predictions"] if name == "mini_vgg" else [],
        "unavailable": UNAVAILABLE.get(name),
        "dataset": "fashion_mnist",
        "digest": f"{abs(hash_of(name)):016x}",
        "spec": {
            "dataset": "fashion_mnist",
            "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.001}},
            "training": {"batch_size": 32, "epochs": 30, "patience": 3 if entry.valid else None},
            "one_vs_all": class_of(name),
        },
        "budget": f"{entry.trials} trials, up to 30 epochs, batch 32",
    }


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
    facts = {
        "experiment": name,
        "trial": trial,
        "seed": trial,
        "status": status,
        "spec": description(name)["spec"],
        "digests": {"trial_spec": planned.spec_digest, "code": "a1b2", "dataset": DATASET_DIGEST},
        "identity": trial_identity(planned.spec_digest, DATASET_DIGEST),
        "device": "cpu: AMD EPYC, 2 threads",
        "precision": "float32",
        "compile": "xla",
        "versions": {"python": "3.12.3", "keras": "3.12.0", "tensorflow": "2.20.0", "numpy": "2.3.1"},
        "seconds": round(float(generator.uniform(20, 60)), 3),
        "phases": {"build": 2.1, "train": 30.0, "predict": 1.2},
        "images_per_second": round(float(generator.uniform(2e4, 9e4)), 1) if finished else None,
        "epochs": epochs,
        "best_epoch": epochs - 3 if entry.valid and finished else None,
        "steps": 1500 * epochs,
        "parameters": entry.parameters,
        "penalty": 0.071 if name.startswith("exp10") else 0.0,
        "error": error,
        "traceback": traceback,
        "command": f"python workflow/scripts/train_trial.py {name} --trial {trial}",
        "started": "2025-01-01T12:00:00+00:00",
    }
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


def hash_of(name: str) -> int:
    """Return a number that is the same in every process, unlike ``hash``."""
    return int.from_bytes(name.encode()[-6:], "big")


if __name__ == "__main__":
    write_tables(write_benchmark(Path(sys.argv[1]), comparable="--quick" not in sys.argv, names=[*EXPERIMENTS, *MORE]))
