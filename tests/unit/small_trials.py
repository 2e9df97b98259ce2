"""Small trials for the tests of training: tiny datasets, their experiments, and functions that run them."""

import csv
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookbook.config.digests import digest
from lookbook.config.experiments import resolve, schema, with_defaults
from lookbook.config.trial_specs import read_config
from lookbook.datasets import arrays, fashion_mnist
from lookbook.datasets.arrays import Dataset
from lookbook.runtime import checkpoints, trial
from lookbook.training.compiled import Program, Task, compile_program
from lookbook.training.fit import to_numpy
from lookbook.training.precision import Hardware

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)
CPU = Hardware()

# 50, 30 and 10 training images of three classes, and four test images of each; each class has a bright row.
COUNT, CLASSES = 90, 3
LABELS = np.r_[np.repeat([0, 1, 2], [50, 30, 10]), np.arange(12) % 3].astype(np.uint8)
IMAGES = np.random.default_rng(0).integers(0, 120, (len(LABELS), 6, 5, 1), dtype=np.uint8)
IMAGES[np.arange(len(LABELS)), 2 * LABELS] += 120
ARRAYS = {
    "train_images": IMAGES[:COUNT],
    "train_labels": LABELS[:COUNT],
    "test_images": IMAGES[COUNT:],
    "test_labels": LABELS[COUNT:],
}
DATA = Dataset(
    name="tiny", classes=("a", "b", "c"), manifest={"digest": "tiny", "sha256": {}}, directory=Path("none"), **ARRAYS
)


def write_tiny(folder: Path) -> Path:
    """Write the dataset ``DATA`` and return its manifest.json."""
    arrays.write(folder, name="tiny", classes=["a", "b", "c"], source="random numbers", **ARRAYS)
    return folder / "manifest.json"


def write_sample(folder: Path) -> Path:
    """Write the dataset ``sample`` and return its manifest.json."""
    fashion_mnist.prepare("sample", folder)
    return folder / "manifest.json"


def tiny_spec(**keys: Any) -> dict[str, Any]:
    """Return a resolved experiment for ``DATA``: other keys have their defaults; a fifth is held out."""
    model = {"class_name": "mlp", "config": {"units": [16], "activation": "relu"}}
    given = {"model": model, "split": {"validation": 0.2}, "training": {"batch_size": 12, "epochs": 3}}
    given |= {"compile": "graph", "precision": "float32", "backend": "tensorflow"}
    return with_defaults(given | keys, schema("experiment"))


def sample_spec(name: str, **keys: Any) -> dict[str, Any]:
    """Return a resolved experiment of the configuration on 200 images, with keys such as ``training={...}`` merged."""
    spec = deepcopy(EXPERIMENTS[name].spec)
    spec["limit"] = {"train_images": 200, "test_images": 60}
    for key, value in keys.items():
        spec[key] = spec[key] | value if isinstance(value, dict) and isinstance(spec[key], dict) else value
    return spec


def trial_spec_of(spec: dict[str, Any], seed: int = 1, name: str = "mine") -> dict[str, Any]:
    """Return the specification of a trial of a resolved experiment."""
    return {"experiment": name, "trial": 0, "seed": seed, "spec": spec, "code_digest": "code"}


def run(trial_spec: dict[str, Any], manifest: Path, folder: Path, log=lambda line: None, **more: Any) -> dict[str, Any]:
    """Run a trial, with its checkpoint in ``folder/state``, and return the content of trial.json."""
    return trial.run(trial_spec, manifest, folder, folder / "state" / "0.npz", threads=1, log=log, **more)


def predictions_in(folder: Path) -> dict[str, np.ndarray]:
    """Return all arrays of predictions.npz."""
    with np.load(folder / "predictions.npz") as archive:
        return dict(archive)


def history_in(folder: Path) -> list[dict[str, str]]:
    """Return the rows of history.csv."""
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def program_of(
    model, optimizer, loss, images, labels, *, compilation, transform=lambda *batch: batch, one_hot=False
) -> Program:
    """Return the compiled calls of a network, in float32 on a CPU without special instructions."""
    return compile_program(
        Task(
            model=model,
            optimizer=optimizer,
            loss=loss,
            transform=transform,
            seeds=[],
            images=images,
            labels=labels,
            one_hot=one_hot,
            compilation=compilation,
            steps=1000,
            hardware=CPU,
        )
    )


class Killed(BaseException):
    """Stands for the signal that ends a process."""


def kill_after_epoch(line: str) -> None:
    """Raise Killed when a log line reports the end of an epoch."""
    if line.startswith("epoch"):
        raise Killed


FLIP = [{"class_name": "RandomFlip", "config": {"mode": "horizontal"}}]


def few(epochs: int, batch_size: int = 32, **more) -> dict:
    return {"epochs": epochs, "batch_size": batch_size, "early_stopping": None, **more}


# One trial compiled by XLA and one in graph mode. Together they have early stopping that takes effect, random
# augmentation, dropout, momentum, a schedule, averaged weights, and a short last batch.
DENSE = trial_spec_of(
    sample_spec(
        "exp001",
        training=few(9, early_stopping={"patience": 1}),
        optimizer={"config": {"learning_rate": 0.05}},
        augmentation=FLIP,
        compile="xla",
    )
)
AVERAGED = {"start_epoch": 1, "every": 1}
CONVOLUTIONAL = trial_spec_of(
    sample_spec("mini_vgg", training=few(2, batch_size=45, weight_averaging=AVERAGED), augmentation=FLIP)
)
NORMALIZED = trial_spec_of(sample_spec("exp003", training=few(1)))
# Folder, content of trial.json and the variables of the last checkpoint of a trained trial.
Trained = tuple[Path, dict, list[np.ndarray]]


def train_into(folder: Path, trial_spec: dict, manifest: Path, log=lambda line: None) -> Trained:
    """Run a trial and return what is left of it."""
    states: list[list[np.ndarray]] = []
    save = checkpoints.save

    def watched(path, identity, variables, result):
        states.append([np.array(array) for array in to_numpy(variables)])
        save(path, identity, variables, result)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "save", watched)
        written = run(trial_spec, manifest, folder, log)
    return folder, written, states[-1] if states else []


def train_once(manifest: Path, tmp_path_factory) -> Callable[[dict], Trained]:
    """Return a function that trains each trial once."""
    done: dict[str, Trained] = {}

    def train(trial_spec: dict) -> Trained:
        if digest(trial_spec) not in done:
            done[digest(trial_spec)] = train_into(tmp_path_factory.mktemp("trained"), trial_spec, manifest)
        return done[digest(trial_spec)]

    return train
