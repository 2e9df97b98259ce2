"""What every transform of a training batch promises, whatever it does to the pixels."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import lookbook.augmentation

FOLDER = Path(lookbook.augmentation.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
NOT_RANDOM = {"blur"}
MIXES_LABELS = {"mixup"}
BATCH = 16

# arguments with which a transform leaves every image as it is
NEUTRAL: dict[str, dict[str, Any]] = {
    "blur": {"size": 1},
    "brightness": {"delta": 0.0},
    "contrast": {"minimum": 1.0, "maximum": 1.0},
    "cutout": {"holes": 0},
    "gaussian_noise": {"minimum_variance": 0.0, "maximum_variance": 0.0},
    "horizontal_flip": {"probability": 0.0},
    "hue": {"delta": 0.0},
    "quarter_turns": {"probability": 0.0},
    "random_erasing": {"probability": 0.0},
    "rotation": {"degrees": 0.0},
    "saturation": {"minimum": 1.0, "maximum": 1.0},
    "shear": {"degrees": 0.0},
    "shift": {"width": 0.0, "height": 0.0},
    "vertical_flip": {"probability": 0.0},
    "zoom": {"minimum": 1.0, "maximum": 1.0},
}

REFUSED = [
    ("blur", {"size": 2}),
    ("brightness", {"delta": -0.1}),
    ("contrast", {"minimum": 1.2, "maximum": 0.8}),
    ("cutout", {"size": 40}),
    ("gaussian_noise", {"minimum_variance": -1.0}),
    ("horizontal_flip", {"probability": 1.5}),
    ("hue", {"delta": -0.1}),
    ("mixup", {"alpha": 0.0}),
    ("one_of_k", {"k": 8}),
    ("one_of_k", {"k": 0}),
    ("quarter_turns", {"probability": -0.5}),
    ("random_erasing", {"minimum_area": 0.3}),
    ("random_erasing", {"minimum_aspect": 0.0}),
    ("rotation", {"degrees": -1.0}),
    ("saturation", {"minimum": 1.2, "maximum": 0.8}),
    ("shear", {"degrees": -1.0}),
    ("shift", {"width": -0.1}),
    ("vertical_flip", {"probability": 1.5}),
    ("zoom", {"minimum": 1.2, "maximum": 0.8}),
]


def transform(name: str) -> Callable:
    return getattr(import_module(f"lookbook.augmentation.{name}"), name)


def batch(channels: int = 3, copies_of_one: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Random pictures and one-hot labels of as many classes as pictures."""
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 12, 12, channels)).astype("float32")
    if copies_of_one:
        images = np.repeat(images[:1], BATCH, axis=0)
    return images, np.eye(BATCH, dtype="float32")


def eager(name: str, images: np.ndarray, labels: np.ndarray, seed: int = 1, **arguments: Any) -> list[np.ndarray]:
    result = transform(name)(images, labels, keras.random.SeedGenerator(seed), **arguments)
    return [keras.ops.convert_to_numpy(part) for part in result]


def compiled(name: str, images: np.ndarray, labels: np.ndarray, *, xla: bool) -> list[np.ndarray]:
    """Call the transform as a training epoch does: traced, on TensorFlow with an unknown batch size."""
    seed, function = keras.random.SeedGenerator(1), transform(name)
    if keras.backend.backend() == "jax":
        import jax

        def call(state: Any, images: Any, labels: Any) -> Any:
            with keras.StatelessScope([(seed.state, state)]):
                return function(images, labels, seed)

        return [np.asarray(part) for part in jax.jit(call)(seed.state.value, images, labels)]
    import tensorflow as tf

    size = BATCH if xla else None
    signature = [tf.TensorSpec((size, *part.shape[1:]), part.dtype) for part in (images, labels)]
    traced = tf.function(lambda x, y: function(x, y, seed), input_signature=signature, jit_compile=xla)
    return [part.numpy() for part in traced(images, labels)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_and_dtypes_stay(name: str, channels: int) -> None:
    images, labels = batch(channels)
    new_images, new_labels = eager(name, images, labels)
    assert new_images.dtype == np.float32
    assert new_images.shape == images.shape
    assert new_labels.dtype == np.float32
    assert new_labels.shape == labels.shape


@pytest.mark.parametrize("name", NAMES)
def test_pixels_stay_within_their_range(name: str) -> None:
    images, labels = batch()
    new_images, _ = eager(name, images, labels)
    assert np.isfinite(new_images).all()
    assert new_images.min() >= -1e-3
    assert new_images.max() <= 255 + 1e-3


@pytest.mark.parametrize("name", sorted(set(NAMES) - MIXES_LABELS))
@pytest.mark.parametrize("labels", [np.eye(BATCH, dtype="float32"), np.arange(BATCH, dtype="int32")])
def test_labels_pass_through(name: str, labels: np.ndarray) -> None:
    _, new_labels = eager(name, batch()[0], labels)
    np.testing.assert_array_equal(new_labels, labels)


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_RANDOM - MIXES_LABELS))
def test_every_image_of_a_batch_has_its_own_draw(name: str) -> None:
    new_images, _ = eager(name, *batch(copies_of_one=True))
    distinct = {image.tobytes() for image in new_images}
    assert len(distinct) >= (2 if "flip" in name else 3 if name == "quarter_turns" else 5)


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_RANDOM))
def test_a_seed_fixes_the_draws_and_the_next_call_has_new_ones(name: str) -> None:
    images, labels = batch()
    first, again, other = (eager(name, images, labels, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    seed = keras.random.SeedGenerator(1)
    transform(name)(images, labels, seed)
    second = keras.ops.convert_to_numpy(transform(name)(images, labels, seed)[0])
    assert (first != second).any()


@pytest.mark.parametrize("name", sorted(NEUTRAL))
def test_neutral_arguments_change_nothing(name: str) -> None:
    images, labels = batch()
    new_images, _ = eager(name, images, labels, **NEUTRAL[name])
    np.testing.assert_allclose(new_images, images, atol=1e-3 if name in ("hue", "saturation") else 0)


def test_every_transform_has_neutral_arguments_or_cannot_be_neutral() -> None:
    assert set(NAMES) - set(NEUTRAL) == {"mixup", "one_of_k"}


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_of_any_batch_size_gives_what_eager_calls_give(name: str) -> None:
    images, labels = batch()
    results = zip(compiled(name, images, labels, xla=False), eager(name, images, labels), strict=True)
    for traced, called in results:
        assert traced.dtype == called.dtype
        assert np.isclose(traced, called, atol=1e-2).mean() > 0.999  # a rounding may tip where JPEG quantises


@pytest.mark.parametrize("name", NAMES)
def test_xla_compiles_it(name: str) -> None:
    # XLA draws other numbers than the graph does, so only what any numbers must obey is compared
    images, labels = batch(copies_of_one=name not in MIXES_LABELS)
    new_images, new_labels = compiled(name, images, labels, xla=True)
    assert new_images.shape == images.shape
    assert new_images.dtype == np.float32
    assert -1e-3 <= new_images.min() <= new_images.max() <= 255 + 1e-3
    assert len({image.tobytes() for image in new_images}) > (0 if name in NOT_RANDOM else 1)
    np.testing.assert_allclose(new_labels.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments"), REFUSED)
def test_senseless_arguments_are_refused(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\d|above 0"):
        eager(name, *batch(), **arguments)


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_colours_need_one_or_three_channels(name: str) -> None:
    with pytest.raises(ValueError, match="not 2"):
        eager(name, *batch(channels=2))
    images, labels = batch(channels=1)
    np.testing.assert_array_equal(eager(name, images, labels)[0], images)


def test_quarter_turns_need_squares_and_mixup_needs_rows_of_labels() -> None:
    images, labels = batch()
    with pytest.raises(ValueError, match="square"):
        eager("quarter_turns", images[:, :8], labels)
    with pytest.raises(ValueError, match="one-hot"):
        eager("mixup", images, np.arange(BATCH))
