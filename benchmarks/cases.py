"""The cases that are timed: a network of the benchmark with a batch size, with or without augmentation."""

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import numpy as np

from lookbook.config.experiments import Experiment, resolve
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.datasets import arrays, fashion_mnist

ROOT = Path(__file__).parents[1]
IMAGES = 60_000


class Case(NamedTuple):
    """A row of the table.

    Attributes:
        experiment: name of the experiment with the network, loss and optimizer.
        batch_size: images per step.
        augmented: whether the step includes the experiment's augmentation.
        target: the required ratio to plain Keras in float32 on a CPU, or None.
    """

    experiment: str
    batch_size: int
    augmented: bool = False
    target: float | None = None


CASES = {
    "dense": Case("exp001", 32, target=8),
    "width_8_16": Case("width_8_16", 128, target=2),
    "exp104": Case("exp104", 64),
    "exp107": Case("exp107", 32),
    "exp107, augmented": Case("exp107", 32, augmented=True),
    "basic_cnn": Case("basic_cnn", 128, target=2.5),
    "wide_resnet_16_4": Case("wide_resnet_16_4", 128, target=6),
    "resnet_18": Case("resnet_18", 128),
}
CONVOLUTIONAL = [name for name, case in CASES.items() if name != "dense" and not case.augmented]


def experiments_on(backend: str) -> dict[str, Experiment]:
    """Return every experiment of the full benchmark, resolved for a backend of Keras."""
    config = read_config([CONFIG])
    return resolve(config | {"experiments": None, "devices": config["devices"] | {"backend": backend}}, ROOT)


def spec_of(case: Case, backend: str, precision: str = "auto") -> dict[str, Any]:
    """Return the resolved experiment of a case, trained on all images.

    Args:
        case: the case.
        backend: Keras's backend.
        precision: Keras's dtype policy, or auto.
    """
    spec = deepcopy(experiments_on(backend)[case.experiment].spec)
    # Only steps are timed: without a validation split, early stopping and weight averaging.
    spec["training"] |= {"batch_size": case.batch_size, "early_stopping": None, "weight_averaging": None}
    spec["split"]["validation"] = 0.0
    if not case.augmented:
        spec["augmentation"] = []
    return spec | {"precision": precision}


def images_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """Return the embedded sample of Fashion-MNIST, repeated: uint8 (60000, 28, 28, 1) and uint8 (60000,)."""
    data = fashion_mnist.read(fashion_mnist.SAMPLE_FOLDER, verify=False)
    repeats = -(-IMAGES // len(data["train_labels"]))
    images = np.tile(data["train_images"], (repeats, 1, 1))[:IMAGES, ..., np.newaxis]
    return images, np.tile(data["train_labels"], repeats)[:IMAGES]


def write_sample(folder: Path) -> Path:
    """Write these images as a prepared dataset, 10,000 of them for testing, and return the path of its manifest."""
    images, labels = images_and_labels()
    arrays.write(
        folder,
        name="sample",
        classes=fashion_mnist.CLASSES,
        source="the embedded sample, repeated",
        train_images=images,
        train_labels=labels,
        test_images=images[:10_000],
        test_labels=labels[:10_000],
    )
    return folder / "manifest.json"
