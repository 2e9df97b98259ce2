"""Every experiment of the configuration: its size, one step of its training, and whether its network can learn."""

import gc
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from lookbook import models
from lookbook.config.digests import canonical
from lookbook.config.experiments import changes, resolve, schema, with_defaults
from lookbook.config.trial_specs import read_config
from lookbook.datasets import SOURCES, fashion_mnist
from lookbook.datasets.arrays import Dataset, load
from lookbook.sampling.rows import number_of_outputs
from lookbook.sampling.splits import limit
from lookbook.training.setup import Setup, set_up

ROOT = Path(__file__).parents[2]
# `make test-jax` runs these tests on JAX as well.
ON_JAX = keras.backend.backend() == "jax"
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)
IMAGES = 32
PORTION = 20  # steps between two looks at what is learned
# A data set here: enough images to hold out some and to fill a batch, few enough to make copies of.
DATA_IMAGES = 640
PIXELS = 16
PER_CLASS = 20
# The batch of a large network.
FEW = 8


class Expected(NamedTuple):
    """What an experiment's network is to show.

    Attributes:
        parameters: all of them, as the experiment's document or its network's description states.
        learning_rate: with which Adam learns 32 images by heart.
        steps: how many steps that takes at most, each on all the images.
        eased: arguments of the model with which it learns within seconds, smaller ones or other initial weights;
            its size and its first step are those of the network itself all the same.
    """

    parameters: int
    learning_rate: float = 3e-3
    steps: int = 160
    eased: dict[str, Any] | None = None


# A sigmoid passes a quarter of a gradient at most, which larger initial weights make up for.
WIDE_WEIGHTS = {"kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 16}}}
DEEP_WEIGHTS = {"kernel_initializer": {"class_name": "VarianceScaling", "config": {"scale": 24}}}
THIN_BLOCKS = {"blocks": [[8, 8], [16, 16], [32, 32, 32]]}
FEW_BLOCKS = {"blocks": [1, 1], "filters": 16}
TWO_BLOCKS = {"filters": [8, 16]}
# Names of experiments, or patterns of them, that share a network; the first row that has a name counts.
ROWS = {
    "growing_batch_* fixed_batch_paper_n? scaled_baseline exp001": Expected(101_770, learning_rate=1e-3),
    "exp002": Expected(93_322),
    "exp003": Expected(93_962),
    "exp004 exp005 exp006 exp007 exp107 exp108": Expected(426_058, learning_rate=6e-3, eased=THIN_BLOCKS),
    "exp008": Expected(435_306, learning_rate=6e-3, eased=THIN_BLOCKS),
    "exp102": Expected(257_162),
    "exp103 exp104 exp105 exp106 exp106_zoom_wide exp109": Expected(257_802),
    "exp110 exp111 exp112": Expected(1_911_178, learning_rate=1e-2, eased=TWO_BLOCKS),
    "exp113 exp114": Expected(2_350_858, learning_rate=1e-2, eased=TWO_BLOCKS),
    "exp115": Expected(3_467_146, learning_rate=1e-2, eased=TWO_BLOCKS),
    "width_2_4": Expected(156_026, eased=WIDE_WEIGHTS),
    "width_5_10": Expected(389_480, learning_rate=1e-3, eased=WIDE_WEIGHTS),
    "width_8_16": Expected(623_834, learning_rate=3e-4, eased=WIDE_WEIGHTS),
    "width_10_20": Expected(780_570, learning_rate=3e-4, eased=WIDE_WEIGHTS),
    "width_15_30_relu": Expected(1_174_160, learning_rate=1e-3),
    "width_15_30 width_15_30_he": Expected(1_174_160, learning_rate=3e-4, eased=WIDE_WEIGHTS),
    "depth_1": Expected(245_932, eased=DEEP_WEIGHTS),
    "depth_2": Expected(132_832, eased=DEEP_WEIGHTS),
    "depth_3": Expected(56_020, eased=DEEP_WEIGHTS),
    "depth_4": Expected(15_496, learning_rate=6e-3, eased=DEEP_WEIGHTS),
    "mini_vgg mini_vgg_*": Expected(199_146),
    "basic_cnn_vs_all_?": Expected(731_290),  # two logits of 200 units and a bias each in place of ten
    "basic_cnn basic_cnn_*": Expected(732_898),
    "wide_resnet_16_4": Expected(2_754_474, eased={"depth": 10, "width": 1}),
    "resnet_18": Expected(11_191_626, eased=FEW_BLOCKS),
    "resnet_34": Expected(21_310_922, eased=FEW_BLOCKS),
    "mobilenet_v2": Expected(2_270_218, eased={"alpha": 0.35}),
    "shufflenet_v2": Expected(4_028_582, eased={"filters": [16, 32], "repeats": [1, 1]}),
    "shake_shake_34": Expected(22_185_802, eased=FEW_BLOCKS),
    "simpsons_c42_n155_b25_conv512": Expected(1_590_122, eased={"filters": [16, 32, 64, 64, 64]}),
    "simpsons_c42_*": Expected(399_210),
    "simpsons_c20_n300_b20": Expected(393_556),
    "simpsons_mnist_gray": Expected(390_410),  # one channel in place of three into 32 filters of 3x3
    "simpsons_mnist_*": Expected(390_986),  # ten logits of 256 units and a bias each in place of 42
}
ROW_OF = {
    name: next((row for row in ROWS if any(fnmatchcase(name, pattern) for pattern in row.split())), None)
    for name in EXPERIMENTS
}
TABLE = {name: ROWS[row] for name, row in ROW_OF.items() if row}


def is_large(name: str) -> bool:
    """Return whether an experiment's network takes longer to compile, or for a whole batch, than a test may."""
    return TABLE[name].parameters > 1_000_000


# What may be another in an experiment than in the one whose step stands for it: numbers, and what is not of a step.
ALIKE = (
    "augmentation",  # its numbers
    "copies.",
    "dataset",  # its pixels
    "sampling.per_class",
    "initial_weights",
    "one_vs_all",
    "optimizer.config.",
    "split.",
    "training.batch_size",
    "training.early_stopping",
    "training.epochs",
    "training.multiplicity",
    "training.steps_per_epoch",
    "training.weight_averaging",
)


def pixels_of(dataset: str) -> tuple[int, int, int]:
    """Return the shape of a data set's images here; the Simpsons' network takes small ones as well."""
    shape = SOURCES[dataset].shape
    return shape if dataset == "fashion_mnist" else (PIXELS, PIXELS, shape[2])


def network_of(spec: dict[str, Any]) -> str:
    """Return what tells the networks here apart."""
    outputs = number_of_outputs(spec, SOURCES[spec["dataset"]].classes)
    return canonical([spec["model"], spec["rescaling"], pixels_of(spec["dataset"]), outputs])


def step_of(spec: dict[str, Any]) -> str:
    """Return what tells steps apart that do different things, not the same thing with other numbers.

    When training ends and which late weights are averaged changes no step.
    """
    rate, rules, training = spec["optimizer"]["config"]["learning_rate"], spec["sampling"], spec["training"]
    return canonical(
        [
            network_of(spec),
            [entry["class_name"] for entry in (spec["loss"], *spec["augmentation"], spec["optimizer"])],
            rate["class_name"] if isinstance(rate, dict) else "constant",
            {key: value if key in ("before_split", "augment") else value is not None for key, value in rules.items()},
            [spec[key] is not None for key in ("copies", "one_vs_all")],
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
    """Return an experiment that learns a few images by heart: nothing that works against it, and a plain optimizer."""
    expected, spec = TABLE[name], EXPERIMENTS[name].spec
    keys = {key: spec[key] for key in ("dataset", "model", "rescaling", "loss")}
    keys["model"] = spec["model"] | {"config": spec["model"]["config"] | (expected.eased or {})}
    keys |= {"limit": {"train_images": IMAGES}, "training": {"batch_size": IMAGES, "epochs": 1}}
    keys["optimizer"] = {"class_name": "Adam", "config": {"learning_rate": expected.learning_rate}}
    return with_defaults(keys, schema("experiment"))


STEPS = first_of_each(lambda name: step_of(EXPERIMENTS[name].spec))
NETWORKS = first_of_each(lambda name: network_of(to_overfit(name)))


@pytest.fixture(scope="module")
def data_for(tmp_path_factory):
    """Return a function that gives a small data set in the form of the one that an experiment names."""
    folder = tmp_path_factory.mktemp("data")

    @cache
    def data(name: str) -> Dataset:
        if name != "fashion_mnist":
            return drawn(folder / name, SOURCES[name].classes, pixels_of(name))
        fashion_mnist.prepare("sample", folder / name)
        sample = load(folder / name)
        few = limit(sample.train_labels, DATA_IMAGES, 0)
        images, labels = sample.train_images[few], sample.train_labels[few]
        return Dataset("sample", sample.classes, images, labels, images[:10], labels[:10], sample.manifest)

    return data


@pytest.fixture(autouse=True, scope="module")
def quick_to_trace():
    """Trace one step in place of several: what is computed is the same, and these tests hardly run it."""
    # Clearing Keras's state collects garbage, among all objects of the backend too unless they are set aside.
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        if not ON_JAX:
            patch.setattr(import_module("lookbook.training.compiled_tensorflow"), "STEPS_PER_CALL", 1)
        yield
    gc.unfreeze()


@pytest.fixture
def run_eagerly():
    """Return what turns compilation on or off for this test; JAX is slower without."""
    run = (lambda _: None) if ON_JAX else import_module("tensorflow").config.run_functions_eagerly
    yield run
    run(False)


def drawn(folder: Path, count: int, shape: tuple[int, int, int]) -> Dataset:
    """Return images of patterns, one pattern a class, under noise; some were too small or too large once."""
    generator = np.random.default_rng(0)
    labels = np.arange(DATA_IMAGES, dtype=np.uint8) % count
    patterns = generator.integers(0, 200, (count, *shape), dtype=np.uint8)
    images = patterns[labels] + generator.integers(0, 56, (DATA_IMAGES, *shape), dtype=np.uint8)
    folder.mkdir()
    for side in ("heights", "widths"):
        np.save(folder / f"train_{side}.npy", generator.integers(90, 820, DATA_IMAGES))
    classes = tuple(map(str, range(count)))
    return Dataset("drawn", classes, images, labels, images[:10], labels[:10], {"digest": "drawn"}, folder)


def ready(spec: dict[str, Any], data_for) -> Setup:
    keras.backend.clear_session()
    data, copies = data_for(spec["dataset"]), None
    if spec["copies"]:
        source = np.tile(np.arange(DATA_IMAGES, dtype=np.int32), spec["copies"]["number"])
        copies = data.train_images[source][:, ::-1], source
    return set_up(spec, 0, data, None, copies)


def accuracy(setup: Setup, indices: np.ndarray) -> float:
    """Return the better of the accuracy in inference and that of one more training step.

    After few steps, moving averages lag behind the batch's own statistics; in training, dropout is in the way.
    """
    trained = setup.program.train(indices.reshape(1, -1))
    predicted = setup.program.predict(indices).argmax(1) == setup.material.labels[indices]
    return max(trained.correct / trained.images, float(np.mean(predicted)))


def weights(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]


@cache
def built(network: str) -> tuple[int, tuple[int | None, ...]]:
    """Return the number of parameters and the shape of the logits of a network, given by its arguments as JSON."""
    model = models.build(*json.loads(network))
    keras.backend.clear_session()
    return model.count_params(), model.output_shape


def test_every_experiment_of_the_configuration_has_a_row_and_every_row_an_experiment():
    assert [name for name, row in ROW_OF.items() if row is None] == []
    assert list(ROWS) == [row for row in ROWS if row in ROW_OF.values()]


@pytest.mark.parametrize("name", TABLE)
def test_the_network_has_as_many_parameters_as_stated(name):
    spec = EXPERIMENTS[name].spec
    source = SOURCES[spec["dataset"]]
    outputs = number_of_outputs(spec, source.classes)
    parameters, shape = built(canonical([spec["model"], source.shape, outputs, spec["rescaling"]]))
    assert parameters == TABLE[name].parameters
    assert shape == (None, outputs)


@pytest.mark.parametrize("name", TABLE)
def test_the_step_that_stands_for_an_experiment_differs_from_its_own_in_numbers_only(name):
    stands = STEPS[step_of(EXPERIMENTS[name].spec)]
    differing = [change["key"] for change in changes(replace(EXPERIMENTS[name], base=stands), EXPERIMENTS)]
    assert [key for key in differing if not key.startswith(ALIKE)] == []


@pytest.mark.parametrize("name", STEPS.values())
def test_one_batch_gives_a_finite_loss_and_other_weights(name, data_for, run_eagerly):
    run_eagerly(is_large(name))
    spec = deepcopy(EXPERIMENTS[name].spec)
    # JAX's convolutions on a CPU are slow.
    size = spec["training"]["batch_size"] = FEW if is_large(name) or ON_JAX else spec["training"]["batch_size"]
    if spec["sampling"]["per_class"]:
        spec["sampling"]["per_class"] = PER_CLASS
    setup = ready(spec, data_for)
    before = weights(setup.model)
    sums = setup.program.train(setup.material.epoch(1)[:size].reshape(1, -1))
    assert sums.images == size
    assert np.isfinite(sums.loss)
    after = weights(setup.model)
    assert all(np.isfinite(values).all() for values in after)
    # A bias before a normalisation has no gradient, every kernel has.
    moved = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True) if old.ndim > 1]
    assert all(moved)


@pytest.mark.parametrize("name", NETWORKS.values())
def test_the_network_learns_32_images_by_heart(name, data_for):
    setup = ready(to_overfit(name), data_for)
    indices = setup.material.splits["train"]
    assert len(indices) == IMAGES
    found = 0.0
    for _ in range(0, TABLE[name].steps, PORTION):
        setup.program.train(np.tile(indices, (PORTION - 1, 1)))
        found = max(found, accuracy(setup, indices))
        if found >= 0.95:
            break
    assert found >= 0.95
