"""Fabricated trials for the tests and for looking at the report: python tests/synthetic.py FOLDER

The figures are drawn, not trained: they look like a benchmark, with trials that fail and that collapse.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 10
SAMPLES = {"train": 400, "valid": 200, "test": 300}
# The images that trials share: train and valid come from the first part, test is the second. Some are hard for all.
IMAGES = np.random.default_rng(0)
LABELS = {part: IMAGES.permutation(np.arange(count) % CLASSES) for part, count in (("train", 600), ("test", 300))}
HARDNESS = {part: IMAGES.normal(0, 1, len(labels)) for part, labels in LABELS.items()}
MISTAKEN_FOR = {part: (labels + IMAGES.integers(1, CLASSES, len(labels))) % CLASSES for part, labels in LABELS.items()}

# name: document, title, base, changes, parameters, trials, accuracy, validation split?
EXPERIMENTS: dict[str, tuple[str, str, str | None, dict[str, tuple[Any, Any]], int, int, float, bool]] = {
    "growing_batch_baseline": (
        "growing-batch",
        "dense network on raw pixels",
        None,
        {},
        101770,
        5,
        0.824,
        False,
    ),
    "growing_batch_n1_k4_e10": (
        "growing-batch",
        "one augmented copy of every image",
        "growing_batch_baseline",
        {"augmentation.copies": (None, 1), "augmentation.operations": (None, 4)},
        101770,
        5,
        0.806,
        False,
    ),
    "exp001": ("experiment-series", "two dense layers", None, {}, 101770, 10, 0.878, True),
    "exp002": (
        "experiment-series",
        "three convolutions",
        "exp001",
        {"model.name": ("dense", "convolutions"), "model.widths": ([128], [32, 64, 64])},
        93322,
        10,
        0.906,
        True,
    ),
    "exp003": (
        "experiment-series",
        "batch normalisation after every convolution",
        "exp002",
        {"model.batch_norm": (False, True)},
        93962,
        10,
        0.901,
        True,
    ),
    "exp102": ("experiment-series", "L2 penalty on every kernel", None, {}, 257162, 3, 0.896, True),
    "exp103": (
        "experiment-series",
        "batch normalisation",
        "exp102",
        {"model.batch_norm": (False, True)},
        257802,
        3,
        0.905,
        True,
    ),
    "exp104": (
        "experiment-series",
        "smaller learning rate, larger batches",
        "exp103",
        {"optimizer.config.learning_rate": (0.001, 0.0001), "training.batch_size": (32, 64)},
        257802,
        1,
        0.913,
        True,
    ),
    "width_2_4": ("width-depth", "2 and 4 feature maps", None, {}, 156026, 3, 0.887, False),
    "width_8_16": (
        "width-depth",
        "8 and 16 feature maps",
        "width_2_4",
        {"model.widths": ([2, 4], [8, 16])},
        623834,
        3,
        0.909,
        False,
    ),
    "width_15_30": (
        "width-depth",
        "15 and 30 feature maps: sometimes never starts to learn",
        "width_8_16",
        {"model.widths": ([8, 16], [15, 30])},
        1170000,
        10,
        0.908,
        False,
    ),
    "mini_vgg": ("zoo", "small VGG with dropout and one-cycle", None, {}, 199146, 3, 0.944, False),
    "resnet_34": ("zoo", "ResNet v2 with 34 layers", None, {}, 21310922, 2, 0.947, False),
}
# Only where asked for by name: a factorial study, one-vs-all classifiers, data with copies, and data without files.
MORE: dict[str, tuple[Any, ...]] = {
    **{
        f"mini_vgg_{name}": ("zoo", f"mini VGG, {name.replace('_', ' ')}", None, {}, 199146, 3, accuracy, False)
        for name, accuracy in (
            ("plain", 0.91),
            ("one_cycle", 0.93),
            ("averaging", 0.92),
            ("one_cycle_averaging", 0.945),
        )
    },
    **{
        f"basic_cnn_{label}_vs_all": ("zoo", f"class {label} or not", None, {}, 731290, 2, 0.97 + 0.002 * label, False)
        for label in range(CLASSES)
    },
    "simpsons_c42_n155_b10": ("simpsons", "155 images of each class", None, {}, 399210, 3, 0.93, True),
    "simpsons_c42_n700_b64": ("simpsons", "700 images of each class", None, {}, 399210, 0, 0.95, True),
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
UNAVAILABLE = {"simpsons_c42_n700_b64": "no images of the competition; set data.simpsons.path to its folder or zip"}
# Experiments that draw copies before they split, so that some stand on both sides; this data set has no test labels.
WITH_COPIES = {"simpsons_c42_n155_b10"}
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


def write_benchmark(root: Path, *, comparable: bool = True, names: list[str] | None = None) -> dict[str, int]:
    """Write ``root/trials`` and ``root/experiments.json``; return the plan, experiment to number of trials.

    Args:
        root: the folder, made where it is not there.
        comparable: whether the budget is the full one.
        names: of ``EXPERIMENTS`` and ``MORE``; None takes all of the former.
    """
    root.mkdir(parents=True, exist_ok=True)
    names = list(EXPERIMENTS) if names is None else names
    for name in names:
        for trial in range(entry(name)[5]):
            write_trial(root / "trials" / name / str(trial), name, trial)
    note = "" if comparable else "500 training images, 3 epochs, 2 trials"
    benchmark = {
        "profile": {"name": "full" if comparable else "quick", "comparable": comparable, "note": note},
        "provenance": {
            "git_commit": "0123456789abcdef0123456789abcdef01234567",
            "command": "snakemake --cores 2",
        },
        "experiments": {name: description(name) for name in names},
    }
    (root / "experiments.json").write_text(json.dumps(benchmark, indent=1), encoding="utf-8")
    return {name: entry(name)[5] for name in names}


def entry(name: str) -> tuple[Any, ...]:
    """Return an experiment's tuple: document, title, base, changes, parameters, trials, accuracy, validation split?"""
    return (EXPERIMENTS | MORE)[name]


def class_of(name: str) -> int | None:
    """Return the class that a one-vs-all classifier tells from all others, else None."""
    return int(name.split("_")[2]) if name.endswith("_vs_all") else None


def description(name: str) -> dict[str, Any]:
    """Return an experiment's entry in experiments.json."""
    document, title, base, changes, parameters, trials, _, valid = entry(name)
    return {
        "title": title,
        "document": document,
        "source": f"https://example.org/{document}",
        "note": "The code builds more layers than the text counts." if document == "width-depth" else None,
        "base": base,
        "changes": [{"key": key, "from": old, "to": new} for key, (old, new) in changes.items()],
        "parameters": parameters,
        "trials": trials,
        "factorial": FACTORIALS.get(name),
        "ensemble": None if class_of(name) is None else "basic_cnn_vs_all",
        "figures": ["confusion_matrix", "precision_recall", "wrong_predictions"] if name == "mini_vgg" else [],
        "unavailable": UNAVAILABLE.get(name),
        "dataset": "fashion_mnist",
        "digest": f"{abs(hash_of(name)):016x}",
        "spec": {
            "dataset": "fashion_mnist",
            "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.001}},
            "training": {"batch_size": 32, "epochs": 30, "patience": 3 if valid else None},
            "one_vs_all": class_of(name),
        },
        "budget": f"{trials} trials, up to 30 epochs, batch 32",
    }


def write_trial(folder: Path, name: str, trial: int) -> None:
    """Write one trial's history.csv, predictions.npz and trial.json."""
    _, _, _, _, parameters, _, accuracy, valid = entry(name)
    status, error, traceback = FAILURES.get((name, trial), ("ok", None, None))
    generator = np.random.default_rng([hash_of(name), trial])
    epochs = int(generator.integers(8, 14)) if valid else 12
    finished = status in ("ok", "collapsed")
    target = 0.1 if status == "collapsed" else accuracy + generator.normal(0, 0.003)
    arrays: dict[str, np.ndarray] = {}
    if finished:
        rows = {"train": generator.permutation(len(LABELS["train"])), "test": np.arange(SAMPLES["test"])}
        rows["train"], rows["valid"] = np.split(rows["train"], [SAMPLES["train"]])
        splits = ("train", "valid") if name in WITH_COPIES else SAMPLES if valid else ("train", "test")
        for split in splits:
            better = 0.02 if split == "train" else 0.0
            arrays |= predictions(generator, split, rows[split], target + better, class_of(name))
        if name in WITH_COPIES:
            arrays["valid_in_train"] = generator.random(SAMPLES["valid"]) < 0.4
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "predictions.npz", **arrays)
    write_history(folder / "history.csv", generator, target, epochs if finished else 2, valid)
    facts = {
        "experiment": name,
        "trial": trial,
        "seed": trial,
        "status": status,
        "spec": description(name)["spec"],
        "digests": {"spec": "5f0c", "source": "a1b2", "dataset": "9d3e1c77ab02"},
        "device": "cpu: AMD EPYC, 2 threads",
        "precision": "float32",
        "compile": "xla",
        "versions": {"python": "3.12.3", "keras": "3.12.0", "tensorflow": "2.20.0", "numpy": "2.3.1"},
        "seconds": round(float(generator.uniform(20, 60)), 3),
        "phases": {"build": 2.1, "train": 30.0, "predict": 1.2},
        "images_per_second": round(float(generator.uniform(2e4, 9e4)), 1) if finished else None,
        "epochs": epochs if finished else 2,
        "best_epoch": epochs - 3 if valid and finished else None,
        "steps": 1500 * epochs,
        "parameters": parameters,
        "penalty": 0.071 if name.startswith("exp10") else 0.0,
        "error": error,
        "traceback": traceback,
        "command": f"python workflow/scripts/train_trial.py {name} --trial {trial}",
        "started": "2025-01-01T12:00:00+00:00",
    }
    (folder / "trial.json").write_text(json.dumps(facts), encoding="utf-8")


def predictions(
    generator: np.random.Generator, split: str, rows: np.ndarray, accuracy: float, one_vs_all: int | None = None
) -> dict[str, np.ndarray]:
    """Return the arrays of a split whose accuracy is near the given one; binary ones for a one-vs-all classifier."""
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
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return {
        f"{split}_probabilities": np.exp(log_probabilities).astype(np.float16),
        f"{split}_labels": labels.astype(np.uint8),
        f"{split}_predicted": logits.argmax(axis=1).astype(np.uint8),
        f"{split}_log_likelihood": log_probabilities[np.arange(samples), labels].astype(np.float32),
        f"{split}_rows": rows.astype(np.int32),
    }


def write_history(path: Path, generator: np.random.Generator, accuracy: float, epochs: int, valid: bool) -> None:
    """Write learning curves that approach the accuracy."""
    rows = ["epoch,step,learning_rate,seconds,train_loss,train_accuracy,valid_loss,valid_accuracy"]
    for epoch in range(1, epochs + 1):
        gap = 0.35 * np.exp(-epoch / 3) if accuracy > 0.2 else 0.0
        train = min(accuracy + 0.012 * epoch / epochs - gap + generator.normal(0, 0.002), 1.0)
        rest = accuracy - gap + generator.normal(0, 0.004)
        held_out = f"{3.0 * (1.0 - rest) + 0.002 * epoch:.5f},{rest:.5f}" if valid else ","
        seconds, loss = generator.uniform(1, 2), 2.6 * (1 - train)
        rows.append(f"{epoch},{epoch * 1500},0.001,{seconds:.3f},{loss:.5f},{train:.5f},{held_out}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def hash_of(name: str) -> int:
    """Return a number that is the same in every process, unlike ``hash``."""
    return int.from_bytes(name.encode()[-6:], "big")


if __name__ == "__main__":
    write_benchmark(Path(sys.argv[1]), comparable="--quick" not in sys.argv, names=[*EXPERIMENTS, *MORE])
