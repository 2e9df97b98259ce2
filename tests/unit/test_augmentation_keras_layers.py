"""Keras's preprocessing layers as augmentations: which ones work, their seeds, and the ones that experiments use."""

from typing import Any

import keras
import numpy as np
import pytest
from augmentation_calls import assert_uniform, call_compiled, call_eagerly

from lookbook.augmentation import Transform, compose

BATCH, MANY = 8, 2000
# Every image layer that keeps the shape of an image, with arguments that change most images.
LAYERS: dict[str, dict[str, Any]] = {
    "AugMix": {},
    "AutoContrast": {},
    "CutMix": {},
    "Equalization": {},
    "MixUp": {},
    "RandAugment": {},
    "RandomBrightness": {"factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {"brightness_factor": 0.3},
    "RandomContrast": {"factor": [0.2, 0.2]},
    "RandomElasticTransform": {},
    "RandomErasing": {},
    "RandomFlip": {},
    "RandomGaussianBlur": {},
    "RandomGrayscale": {},
    "RandomHue": {"factor": 0.1},
    "RandomInvert": {},
    "RandomPerspective": {"factor": 0.5},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.1},
    "RandomSaturation": {"factor": 0.4},
    "RandomSharpness": {"factor": 0.5},
    "RandomShear": {"x_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1},
    "Solarization": {"threshold_factor": 0.5},
}
NO_XLA = {"AugMix", "CutMix", "MixUp", "RandAugment", "RandomElasticTransform", "RandomPerspective", "RandomRotation"}
NO_XLA |= {"RandomShear", "RandomTranslation", "RandomZoom"}


def layers(*entries: tuple[str, dict[str, Any]], seed: int = 3) -> Transform:
    listed = [{"class_name": name, "config": config} for name, config in entries]
    return compose(listed, keras.random.SeedGenerator(seed))


def batch() -> tuple[np.ndarray, np.ndarray]:
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 12, 12, 3)).astype("float32")
    return images, np.eye(BATCH, dtype="float32")


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_augments_float32_images_in_graph_mode_and_where_supported_with_xla(name: str) -> None:
    images, labels = batch()
    supports_xla = layers((name, LAYERS[name])).supports_xla
    assert supports_xla == (keras.backend.backend() != "tensorflow" or name not in NO_XLA)
    for xla in [False, True] if supports_xla else [False]:
        transform = layers((name, LAYERS[name]))
        new_images, new_labels = call_compiled(transform, transform.seeds, images, labels, xla=xla)
        assert new_images.dtype == np.float32
        assert new_images.shape == images.shape
        assert (new_images != images).any()
        assert np.isfinite(new_images).all()
        np.testing.assert_allclose(new_labels.sum(axis=1), 1, atol=1e-5)
        if name not in ("MixUp", "CutMix"):
            np.testing.assert_array_equal(new_labels, labels)


# AugMix chooses its operations with Python's global random numbers when it is traced.
@pytest.mark.parametrize("name", sorted(set(LAYERS) - {"AugMix"}))
def test_the_seeds_are_all_the_state_of_a_layer(name: str) -> None:
    images, labels = batch()
    transform = layers((name, LAYERS[name]))
    call_eagerly(transform, images, labels)
    saved = [keras.ops.convert_to_numpy(seed.state.value) for seed in transform.seeds]
    expected = call_eagerly(transform, images, labels)
    resumed = layers((name, LAYERS[name]), seed=4)
    for seed, state in zip(resumed.seeds, saved, strict=True):
        seed.state.assign(state)
    for part, same in zip(call_eagerly(resumed, images, labels), expected, strict=True):
        np.testing.assert_array_equal(part, same)


def test_seeds_start_with_the_given_one_and_each_layer_draws_from_its_own() -> None:
    seed = keras.random.SeedGenerator(3)
    shift = {"class_name": "shift", "config": {}}
    brightness = {"class_name": "RandomBrightness", "config": {"factor": 0.2}}
    transform = compose([shift, brightness, brightness], seed)
    assert transform.seeds[0] is seed
    _, first, second = (keras.ops.convert_to_numpy(s.state.value) for s in transform.seeds)
    assert (first != second).any()
    again = compose([shift, brightness, brightness], keras.random.SeedGenerator(3))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again.seeds[1].state.value), first)
    other = compose([shift, brightness], keras.random.SeedGenerator(5))
    assert (keras.ops.convert_to_numpy(other.seeds[1].state.value) != first).any()


def test_transforms_and_layers_apply_in_order() -> None:
    images, labels = batch()
    blurred = call_eagerly(compose([{"class_name": "blur", "config": {}}], keras.random.SeedGenerator(0)), images)[0]
    entries = [("blur", {}), ("Solarization", {"threshold_factor": 0.0, "addition_factor": 0.0})]
    np.testing.assert_allclose(call_eagerly(layers(*entries), images, labels)[0], 255 - blurred, atol=1e-3)


def test_mixed_precision_does_not_round_the_pixels() -> None:
    policy = keras.config.dtype_policy()
    images = np.full((MANY, 2, 2, 1), 100.3, "float32")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        flipped = call_eagerly(layers(("RandomFlip", {})), images)[0]
    finally:
        keras.config.set_dtype_policy(policy)
    np.testing.assert_array_equal(flipped, images)


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_mixing_layers_need_one_hot_labels(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} needs one-hot labels"):
        call_eagerly(layers((name, {})), batch()[0], np.arange(BATCH))


def test_integer_labels_are_returned_unchanged() -> None:
    labels = np.arange(BATCH, dtype="int32")
    for new in (
        call_eagerly(layers(("RandomFlip", {})), batch()[0], labels)[1],
        call_compiled(layers(("RandomFlip", {})), [], batch()[0], labels, xla=False)[1],
    ):
        assert new.dtype == np.int32
        np.testing.assert_array_equal(new, labels)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("RandomZooom", {}, "neither a file of augmentation/ nor a layer of keras.layers"),
        ("RandomFlip", {"seed": 1}, "remove seed"),
        ("RandomFlip", {"dtype": "bfloat16"}, "remove dtype"),
        ("RandomCrop", {"height": 8, "width": 8}, "changes the shape of an image"),
    ],
)
def test_invalid_entries_are_refused(name: str, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call_eagerly(layers((name, config)), *batch())


@pytest.mark.parametrize(("mode", "axis"), [("horizontal", 2), ("vertical", 1)])
def test_random_flip_mirrors_half_of_the_images(mode: str, axis: int) -> None:
    images = np.arange(12, dtype="float32").reshape(1, 3, 4, 1).repeat(MANY, axis=0)
    flipped = call_eagerly(layers(("RandomFlip", {"mode": mode})), images)[0]
    mirrored = (flipped == np.flip(images, axis)).all(axis=(1, 2, 3))
    same = (flipped == images).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert mirrored.mean() == pytest.approx(0.5, abs=0.04)


def test_random_brightness_adds_one_value_to_an_image_and_clips() -> None:
    layer = ("RandomBrightness", {"factor": 0.2})
    change = call_eagerly(layers(layer), np.full((MANY, 4, 4, 3), 120, "float32"))[0] - 120
    assert np.ptp(change, axis=(1, 2, 3)).max() < 1e-3
    assert_uniform(change[:, 0, 0, 0], -51, 51)
    clipped = call_eagerly(layers(layer), np.full((MANY, 1, 1, 1), 250, "float32"))[0]
    assert clipped.max() == 255


def test_random_contrast_with_two_factors_scales_each_channel_s_distance_from_its_mean() -> None:
    image = np.array([100, 140], "float32").reshape(1, 1, 2, 1) + np.array([0, 20, 40], "float32")
    after = call_eagerly(layers(("RandomContrast", {"factor": [0.2, 0.2]})), np.repeat(image, MANY, axis=0))[0]
    np.testing.assert_allclose(after.mean(axis=(1, 2)), np.tile([120, 140, 160], (MANY, 1)), atol=1e-3)
    factors = np.diff(after, axis=2)[:, 0, 0] / 40
    np.testing.assert_allclose(factors, np.repeat(factors[:, :1], 3, axis=1), atol=1e-4)
    assert_uniform(factors[:, 0], 0.8, 1.2)
