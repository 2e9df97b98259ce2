"""Properties that every transform of the package has, whatever it does to the pixels."""

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from augmentation_calls import call_compiled, call_eagerly

import lookbook.augmentation

FOLDER = Path(lookbook.augmentation.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
NOT_RANDOM = {"blur"}
MIXES_LABELS = {"mixup"}
BATCH = 16

# Arguments with which a transform leaves every image unchanged.
NEUTRAL: dict[str, dict[str, Any]] = {
    "blur": {"size": 1},
    "cutout": {"holes": 0},
    "gaussian_noise": {"minimum_variance": 0.0, "maximum_variance": 0.0},
    "hue": {"delta": 0.0},
    "quarter_turns": {"probability": 0.0},
    "random_erasing": {"probability": 0.0},
    "rotation": {"degrees": 0.0},
    "saturation": {"minimum": 1.0, "maximum": 1.0},
    "shear": {"degrees": 0.0},
    "shift": {"width": 0.0, "height": 0.0},
    "zoom": {"minimum": 1.0, "maximum": 1.0},
}

REFUSED = [
    ("blur", {"size": 2}),
    ("cutout", {"size": 40}),
    ("gaussian_noise", {"minimum_variance": -1.0}),
    ("hue", {"delta": -0.1}),
    ("mixup", {"alpha": 0.0}),
    ("one_of_k", {"k": 8}),
    ("one_of_k", {"k": 0}),
    ("quarter_turns", {"probability": -0.5}),
    ("random_erasing", {"probability": 1.5}),
    ("random_erasing", {"minimum_area": 0.3}),
    ("random_erasing", {"minimum_aspect": 0.0}),
    ("rotation", {"degrees": -1.0}),
    ("rotation", {"fill_mode": "wrap"}),
    ("saturation", {"minimum": 1.2, "maximum": 0.8}),
    ("shear", {"degrees": -1.0}),
    ("shift", {"width": -0.1}),
    ("zoom", {"minimum": 1.2, "maximum": 0.8}),
]


def transform(name: str, seed: int | keras.random.SeedGenerator = 1, **arguments: Any) -> Any:
    generator = keras.random.SeedGenerator(seed) if isinstance(seed, int) else seed
    return partial(getattr(import_module(f"lookbook.augmentation.{name}"), name), seed=generator, **arguments)


def batch(channels: int = 3, copies_of_one: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return random images and one-hot labels, each image with a class of its own."""
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 12, 12, channels)).astype("float32")
    if copies_of_one:
        images = np.repeat(images[:1], BATCH, axis=0)
    return images, np.eye(BATCH, dtype="float32")


def eager(name: str, images: np.ndarray, labels: np.ndarray, **arguments: Any) -> list[np.ndarray]:
    return call_eagerly(transform(name, **arguments), images, labels)


def compiled(name: str, images: np.ndarray, labels: np.ndarray, *, xla: bool) -> list[np.ndarray]:
    seed = keras.random.SeedGenerator(1)
    return call_compiled(transform(name, seed), [seed], images, labels, xla=xla)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_dtypes_and_the_range_of_pixels_are_kept(name: str, channels: int) -> None:
    images, labels = batch(channels)
    new_images, new_labels = eager(name, images, labels)
    assert new_images.dtype == np.float32
    assert new_images.shape == images.shape
    assert new_labels.dtype == np.float32
    assert new_labels.shape == labels.shape
    assert np.isfinite(new_images).all()
    assert -1e-3 <= new_images.min() <= new_images.max() <= 255 + 1e-3


@pytest.mark.parametrize("name", sorted(set(NAMES) - MIXES_LABELS))
@pytest.mark.parametrize("labels", [np.eye(BATCH, dtype="float32"), np.arange(BATCH, dtype="int32")])
def test_labels_are_returned_unchanged(name: str, labels: np.ndarray) -> None:
    _, new_labels = eager(name, batch()[0], labels)
    np.testing.assert_array_equal(new_labels, labels)


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_RANDOM - MIXES_LABELS))
def test_every_image_of_a_batch_has_its_own_draws(name: str) -> None:
    new_images, _ = eager(name, *batch(copies_of_one=True))
    distinct = {image.tobytes() for image in new_images}
    assert len(distinct) >= (3 if name == "quarter_turns" else 5)


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_RANDOM))
def test_a_seed_determines_the_draws_and_the_next_call_has_new_ones(name: str) -> None:
    images, labels = batch()
    first, again, other = (eager(name, images, labels, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    function = transform(name)
    function(images, labels)
    assert (first != call_eagerly(function, images, labels)[0]).any()


@pytest.mark.parametrize("name", sorted(NEUTRAL))
def test_neutral_arguments_change_nothing(name: str) -> None:
    images, labels = batch()
    new_images, _ = eager(name, images, labels, **NEUTRAL[name])
    np.testing.assert_allclose(new_images, images, atol=1e-3 if name in ("hue", "saturation") else 0)


def test_every_transform_has_neutral_arguments_or_cannot_be_neutral() -> None:
    assert set(NAMES) - set(NEUTRAL) == {"mixup", "one_of_k"}


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_of_any_batch_size_gives_the_eager_result(name: str) -> None:
    images, labels = batch()
    results = zip(compiled(name, images, labels, xla=False), eager(name, images, labels), strict=True)
    for traced, called in results:
        assert traced.dtype == called.dtype
        # A rounding error may change a coefficient that JPEG quantizes.
        assert np.isclose(traced, called, atol=1e-2).mean() > 0.999


@pytest.mark.parametrize("name", NAMES)
def test_xla_compiles_it(name: str) -> None:
    # XLA draws other numbers than graph mode, so only properties that hold for any numbers are compared.
    images, labels = batch(copies_of_one=name not in MIXES_LABELS)
    new_images, new_labels = compiled(name, images, labels, xla=True)
    assert new_images.shape == images.shape
    assert new_images.dtype == np.float32
    assert -1e-3 <= new_images.min() <= new_images.max() <= 255 + 1e-3
    assert len({image.tobytes() for image in new_images}) > (0 if name in NOT_RANDOM else 1)
    np.testing.assert_allclose(new_labels.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments"), REFUSED)
def test_invalid_arguments_are_refused(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\d|must be one of nearest, reflect; got wrap"):
        eager(name, *batch(), **arguments)


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_color_transforms_need_one_or_three_channels(name: str) -> None:
    with pytest.raises(ValueError, match="got 2"):
        eager(name, *batch(channels=2))
    images, labels = batch(channels=1)
    np.testing.assert_array_equal(eager(name, images, labels)[0], images)


def test_quarter_turns_need_square_images_and_mixup_one_hot_labels() -> None:
    images, labels = batch()
    with pytest.raises(ValueError, match="square"):
        eager("quarter_turns", images[:, :8], labels)
    with pytest.raises(ValueError, match="one-hot"):
        eager("mixup", images, np.arange(BATCH))
