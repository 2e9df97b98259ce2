"""Every experiment of the configuration: its size, one step of its training, and whether its network can learn."""

from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from lookbook import models
from lookbook.datasets import SOURCES, fashion_mnist
from lookbook.datasets.arrays import Dataset, load
from lookbook.experiments import resolve
from lookbook.orders import read_config
from lookbook.training import compiled_tensorflow
from lookbook.training.setup import Setup, set_up

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)
IMAGES = 32


class Expected(NamedTuple):
    """What an experiment's network is to show.

    Attributes:
        parameters: all of them, as the experiment's document or its network's description states.
        learning_rate: with which Adam learns 32 images by heart.
        steps: how many steps that takes at most; every step sees all the images.
        smaller: arguments of the model that make a large network small enough to overfit within seconds; its
            size and its first step are those of the full network all the same.
    """

    parameters: int
    learning_rate: float = 1e-3
    steps: int = 80
    smaller: dict[str, Any] | None = None


# A sigmoid network takes many small steps: large ones saturate it, and then it never starts to learn.
TABLE = {
    "growing_batch_baseline": Expected(101_770, steps=100),
    "exp001": Expected(101_770, steps=100),
    "exp002": Expected(93_322),
    "exp003": Expected(93_962),
    "exp102": Expected(257_162),
    "exp103": Expected(257_802),
    "exp104": Expected(257_802),
    "width_2_4": Expected(156_026, learning_rate=3e-3, steps=160),
    "width_8_16": Expected(623_834, learning_rate=5e-4, steps=200),
    "mini_vgg": Expected(199_146, steps=120),
}


@pytest.fixture(scope="module")
def data_for(tmp_path_factory):
    """Return a function that gives a small data set in the form of the one that an experiment names."""
    folder = tmp_path_factory.mktemp("sample")
    fashion_mnist.prepare("sample", folder)
    sample = load(folder)

    def data(name: str) -> Dataset:
        source = SOURCES[name]
        return sample if source.shape == sample.shape and source.classes == len(sample.classes) else drawn(source)

    return data


@pytest.fixture(autouse=True, scope="module")
def quick_to_trace():
    """Trace one step in place of several: what is computed is the same, and these tests hardly run it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_tensorflow, "STEPS_PER_CALL", 1)
        yield


def drawn(source) -> Dataset:
    """Return 640 images of patterns, one pattern a class, under noise."""
    generator = np.random.default_rng(0)
    labels = np.arange(640, dtype=np.uint8) % source.classes
    patterns = generator.integers(0, 200, (source.classes, *source.shape), dtype=np.uint8)
    images = patterns[labels] + generator.integers(0, 56, (640, *source.shape), dtype=np.uint8)
    classes = tuple(map(str, range(source.classes)))
    return Dataset("drawn", classes, images, labels, images[:10], labels[:10], {"digest": "drawn"})


def ready(spec: dict[str, Any], data_for) -> Setup:
    keras.backend.clear_session()
    return set_up(spec, 0, data_for(spec["dataset"]), None)


def to_overfit(spec: dict[str, Any], expected: Expected) -> dict[str, Any]:
    """Return an experiment that learns a few images by heart: nothing that works against it, and a plain optimizer."""
    spec = deepcopy(spec)
    spec["model"]["config"] |= expected.smaller or {}
    spec["augmentation"] = []
    spec["split"]["validation"] = 0.0
    spec["limit"]["train_images"] = IMAGES
    spec["training"] |= {"batch_size": IMAGES, "epochs": 1, "early_stopping": None, "weight_averaging": None}
    spec["optimizer"] = {"class_name": "Adam", "config": {"learning_rate": expected.learning_rate}}
    return spec


def accuracy(setup: Setup, indices: np.ndarray) -> float:
    """Return the better of the accuracy in inference and that of one more training step.

    After few steps, moving averages lag behind the batch's own statistics; in training, dropout is in the way.
    """
    trained = setup.program.train(indices.reshape(1, -1))
    predicted = setup.program.predict(indices).argmax(1) == setup.labels[indices]
    return max(trained.correct / trained.images, float(np.mean(predicted)))


def weights(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]


def test_the_table_has_every_experiment_of_the_configuration():
    assert TABLE.keys() == EXPERIMENTS.keys()


@pytest.mark.parametrize("name", TABLE)
def test_the_network_has_as_many_parameters_as_stated(name):
    spec = EXPERIMENTS[name].spec
    source = SOURCES[spec["dataset"]]
    model = models.build(spec["model"], source.shape, source.classes, spec["rescaling"])
    assert model.count_params() == TABLE[name].parameters
    assert model.output_shape == (None, source.classes)
    keras.backend.clear_session()


@pytest.mark.parametrize("name", TABLE)
def test_one_batch_gives_a_finite_loss_and_other_weights(name, data_for):
    spec = EXPERIMENTS[name].spec
    setup = ready(spec, data_for)
    batch = setup.splits["train"][: spec["training"]["batch_size"]]
    before = weights(setup.model)
    sums = setup.program.train(batch.reshape(1, -1))
    assert sums.images == spec["training"]["batch_size"]
    assert np.isfinite(sums.loss)
    after = weights(setup.model)
    assert all(np.isfinite(values).all() for values in after)
    # A bias before a normalisation has no gradient, every kernel has.
    moved = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True) if old.ndim > 1]
    assert all(moved)


@pytest.mark.parametrize("name", TABLE)
def test_the_network_learns_32_images_by_heart(name, data_for):
    expected = TABLE[name]
    setup = ready(to_overfit(EXPERIMENTS[name].spec, expected), data_for)
    indices = setup.splits["train"]
    assert len(indices) == IMAGES
    setup.program.train(np.tile(indices, (expected.steps, 1)))
    assert accuracy(setup, indices) >= 0.95
