"""Every experiment of the configuration: its number of parameters, one training step, and overfitting a few images."""

import gc
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from experiment_parts import covering
from experiment_rows import ROWS

from lookbook import models
from lookbook.config.digests import canonical
from lookbook.config.experiments import changes, resolve, schema, with_defaults
from lookbook.config.trial_specs import read_config
from lookbook.datasets import DATASETS, fashion_mnist
from lookbook.datasets.arrays import Dataset, load
from lookbook.sampling.rows import number_of_outputs
from lookbook.sampling.splits import limit
from lookbook.training.precision import Hardware
from lookbook.training.setup import Setup, set_up

ROOT = Path(__file__).parents[2]
ON_JAX = keras.backend.backend() == "jax"  # `make test-jax` runs these tests on JAX as well.
CONFIG = read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}
CONFIG["experiment_files"].append("config/experiments/beyond_record.yaml")  # for a GPU, so it is not listed
EXPERIMENTS = resolve(CONFIG, ROOT)
IMAGES = 32
PORTION = 20  # steps between two evaluations
DATA_IMAGES = 640  # enough for a validation split and a batch, and few enough to make augmented copies of
PIXELS, PER_CLASS = 16, 20
FEW = 8  # The batch size of a large network.


ROW_OF = {
    name: next((row for row in ROWS if any(fnmatchcase(name, pattern) for pattern in row.split())), None)
    for name in EXPERIMENTS
}
TABLE = {name: ROWS[row] for name, row in ROW_OF.items() if row}


def is_large(name: str) -> bool:
    """Return whether an experiment's network takes too long for a test to compile, or to train on a whole batch."""
    return TABLE[name].parameters > 1_000_000


# Keys that may differ between an experiment and the one whose step is tested for it: they do not change the step's
# operations; of `augmentation` only the arguments and of `dataset` only the image size differ.
ALIKE = (
    *("augmentation", "augmented_copies", "dataset", "sampling.per_class", "initial_weights", "one_vs_all"),
    *("optimizer.config.", "split.", "training.batch_size", "training.early_stopping", "training.epochs"),
    *("training.multiplicity", "training.steps_per_", "training.weight_averaging", "watch"),
)


def pixels_of(dataset: str) -> tuple[int, int, int]:
    """Return the shape of a dataset's images in these tests; the networks of the Simpsons accept small images."""
    shape = DATASETS[dataset].shape
    return shape if dataset == "fashion_mnist" else (PIXELS, PIXELS, shape[2])


def network_of(spec: dict[str, Any]) -> str:
    """Return a text that is equal for equal networks."""
    outputs = number_of_outputs(spec, DATASETS[spec["dataset"]].classes)
    return canonical([spec["model"], spec["rescaling"], pixels_of(spec["dataset"]), outputs])


def step_of(spec: dict[str, Any]) -> str:
    """Return a text that is equal for training steps with the same operations.

    Hyperparameters, the number of epochs and weight averaging do not change the operations of a step.
    """
    rate, sampling, training = spec["optimizer"]["config"]["learning_rate"], spec["sampling"], spec["training"]
    return canonical(
        [
            network_of(spec),
            [entry["class_name"] for entry in (spec["loss"], *spec["augmentation"], spec["optimizer"])],
            rate["class_name"] if isinstance(rate, dict) else "constant",
            {k: value if k in ("before_split", "augment") else value is not None for k, value in sampling.items()},
            [spec[key] is not None for key in ("augmented_copies", "one_vs_all")],
            training["multiplicity"] > 1,
        ]
    )


def first_of_each(kind: Callable[[str], str]) -> dict[str, str]:
    """Return the first experiment of each kind, by kind."""
    found: dict[str, str] = {}
    for name in TABLE:
        found.setdefault(kind(name), name)
    return found


def to_overfit(name: str) -> dict[str, Any]:
    """Return a specification with which the network overfits a few images: no regularization and plain Adam."""
    expected, spec = TABLE[name], EXPERIMENTS[name].spec
    keys = {key: spec[key] for key in ("dataset", "model", "rescaling", "loss")}
    keys["model"] = spec["model"] | {"config": spec["model"]["config"] | (expected.overrides or {})}
    keys |= {"limit": {"train_images": IMAGES}, "training": {"batch_size": IMAGES, "epochs": 1}}
    keys["optimizer"] = {"class_name": "Adam", "config": {"learning_rate": expected.learning_rate}}
    return with_defaults(keys, schema("experiment"))


STEPS = first_of_each(lambda name: step_of(EXPERIMENTS[name].spec))
NETWORKS = first_of_each(lambda name: network_of(to_overfit(name) | {"rescaling": None}))


@pytest.fixture(scope="module")
def data_for(tmp_path_factory):
    """Return a function that makes a small dataset with the classes and channels of the named one."""
    folder = tmp_path_factory.mktemp("data")

    @cache
    def data(name: str) -> Dataset:
        if name != "fashion_mnist":
            return patterned(folder / name, DATASETS[name].classes, pixels_of(name))
        fashion_mnist.prepare("sample", folder / name)
        sample = load(folder / name / "manifest.json")
        few = limit(sample.train_labels, DATA_IMAGES, 0)
        images, labels = sample.train_images[few], sample.train_labels[few]
        return Dataset("sample", sample.classes, images, labels, images[:10], labels[:10], sample.manifest)

    return data


@pytest.fixture(autouse=True, scope="module")
def quick_to_trace():
    """Compile one step instead of several per call: the result is the same and compiling is faster."""
    # Clearing Keras's state collects garbage; freezing excludes the objects of the backend, which takes less time.
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        if not ON_JAX:
            patch.setattr(import_module("lookbook.training.compiled_tensorflow"), "STEPS_PER_CALL", 1)
        yield
    gc.unfreeze()


@pytest.fixture
def run_eagerly():
    """Return a function that turns compilation off for a test; on JAX it does nothing, because that is slower."""
    run = (lambda _: None) if ON_JAX else import_module("tensorflow").config.run_functions_eagerly
    yield run
    run(False)


def patterned(folder: Path, count: int, shape: tuple[int, int, int]) -> Dataset:
    """Return a dataset with one noisy pattern per class, and original sizes some of which `sampling.size` excludes."""
    generator = np.random.default_rng(0)
    labels = np.arange(DATA_IMAGES, dtype=np.uint8) % count
    patterns = generator.integers(0, 200, (count, *shape), dtype=np.uint8)
    images = patterns[labels] + generator.integers(0, 56, (DATA_IMAGES, *shape), dtype=np.uint8)
    folder.mkdir()
    for side in ("heights", "widths"):
        np.save(folder / f"train_{side}.npy", generator.integers(90, 820, DATA_IMAGES))
    classes = tuple(map(str, range(count)))
    return Dataset(
        "drawn", classes, images, labels, images[:10], labels[:10], {"digest": "drawn", "sha256": {}}, folder
    )


def ready(spec: dict[str, Any], data_for) -> Setup:
    keras.backend.clear_session()
    return set_up(spec, 0, data_for(spec["dataset"]), Hardware())


def accuracy(setup: Setup, indices: np.ndarray) -> float:
    """Return the higher of the accuracy in inference and that of one more training step.

    After few steps, moving averages are far from the batch statistics in inference; dropout is active in training.
    """
    trained = setup.program.train(indices.reshape(1, -1))
    predicted = setup.program.predict(indices).argmax(1) == setup.data.labels[indices]
    return max(trained.correct / trained.images, float(np.mean(predicted)))


def weights(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]


@cache
def built(network: str) -> tuple[int, tuple[int | None, ...]]:
    """Return the number of parameters and the output shape of a network, whose arguments are given as JSON."""
    model = models.build(*json.loads(network))
    keras.backend.clear_session()
    return model.count_params(), model.output_shape


def test_every_experiment_has_a_row_and_every_row_an_experiment():
    assert [name for name, row in ROW_OF.items() if row is None] == []
    assert list(ROWS) == [row for row in ROWS if row in ROW_OF.values()]


@pytest.mark.parametrize("name", TABLE)
def test_the_network_has_the_stated_number_of_parameters(name):
    spec = EXPERIMENTS[name].spec
    info = DATASETS[spec["dataset"]]
    outputs = number_of_outputs(spec, info.classes)
    parameters, shape = built(canonical([spec["model"], info.shape, outputs, spec["rescaling"]]))
    assert parameters == TABLE[name].parameters
    assert shape == (None, outputs)


@pytest.mark.parametrize("name", TABLE)
def test_the_step_that_is_tested_for_an_experiment_differs_only_in_hyperparameters(name):
    tested = STEPS[step_of(EXPERIMENTS[name].spec)]
    differing = [change["key"] for change in changes(replace(EXPERIMENTS[name], base=tested), EXPERIMENTS)]
    assert [key for key in differing if not key.startswith(ALIKE)] == []


# XLA compiles slowly on a CPU, so on JAX each class of network, optimizer, loss and transform has its turn once.
@pytest.mark.parametrize("name", covering(STEPS.values(), EXPERIMENTS) if ON_JAX else STEPS.values())
def test_one_batch_gives_a_finite_loss_and_changes_the_weights(name, data_for, run_eagerly):
    run_eagerly(is_large(name))
    spec = deepcopy(EXPERIMENTS[name].spec)
    # Convolutions on JAX are slow on a CPU.
    size = spec["training"]["batch_size"] = FEW if is_large(name) or ON_JAX else spec["training"]["batch_size"]
    if spec["sampling"]["per_class"]:
        spec["sampling"]["per_class"] = PER_CLASS
    setup = ready(spec, data_for)
    before = weights(setup.model)
    sums = setup.program.train(setup.data.epoch(1)[:size].reshape(1, -1))
    assert sums.images == size
    assert np.isfinite(sums.loss)
    after = weights(setup.model)
    assert all(np.isfinite(values).all() for values in after)
    # A bias before a normalization has no gradient, but every kernel has one.
    changed = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True) if old.ndim > 1]
    assert all(changed)


@pytest.mark.parametrize("name", NETWORKS.values())
def test_the_network_overfits_32_images(name, data_for):
    setup = ready(to_overfit(name), data_for)
    indices = setup.data.splits["train"]
    assert len(indices) == IMAGES
    found = 0.0
    for _ in range(0, TABLE[name].steps, PORTION):
        setup.program.train(np.tile(indices, (PORTION - 1, 1)))
        found = max(found, accuracy(setup, indices))
        if found >= 0.95:
            break
    assert found >= 0.95
