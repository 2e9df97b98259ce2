"""Every family of networks: its logits, its layers, its saved file."""

import copy
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

FAMILIES = Path(importlib.import_module("lookbook.models").__file__).parent
FASHION = (28, 28, 1)
D = {"padding": "same", "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.001}}}


class Network(NamedTuple):
    family: str
    config: dict[str, Any]
    input_shape: tuple[int, int, int] = FASHION
    classes: int = 10


# The networks of every experiment, with their numbers of parameters, are in experiment_rows.py. Sequences are lists, as
# in the YAML files.
NETWORKS = [
    Network("mlp", {}),
    Network("small_cnn", {}),
    Network("small_cnn", {**D, "batch_normalization": True}),
    Network("stacked_cnn", {"blocks": [[32, 32], [64, 64], [128] * 3]}),
    Network("bottleneck_resnet", {"expansion": 2}),
    Network("sigmoid_width", {"filters": [15, 30], "activation": "relu", "kernel_initializer": "he_normal"}),
    Network("sigmoid_depth", {"blocks": 2}),
    Network("mini_vgg", {}),
    Network("basic_cnn", {}),
    Network("wide_resnet", {}),
    Network("resnet_v2", {"blocks": [1, 2], "filters": 8}, (20, 20, 3), 7),
    Network("residual_cnn", {}),
    Network("mobilenet_v2", {}),
    Network("shufflenet_v2", {}),
    # 36 pixels are 9 before the second stage: an odd size for the shifted shortcut.
    Network("shake_shake", {"blocks": [1, 2], "filters": 8}, (36, 36, 3), 7),
    Network("simpsons_cnn", {"filters": [32, 64, 128, 256, 512]}, (224, 224, 3), 42),
]


def builder(family: str) -> Callable[..., keras.Model]:
    return getattr(importlib.import_module(f"lookbook.models.{family}"), family)


def build(network: Network) -> keras.Model:
    return builder(network.family)(network.input_shape, network.classes, **network.config)


def images_for(network: Network, count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).random((count, *network.input_shape), dtype=np.float32)


def predict(model: keras.Model, images: np.ndarray, training: bool = False) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(images, training=training))


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda network: network.family)
def built(request: pytest.FixtureRequest) -> Iterator[tuple[Network, keras.Model]]:
    """A network of the table and its model, built once for all tests."""
    keras.utils.set_random_seed(0)
    yield request.param, build(request.param)
    keras.backend.clear_session()


def test_every_family_is_in_the_table():
    files = {path.stem for path in FAMILIES.glob("[!_]*.py")}
    assert files == {network.family for network in NETWORKS}


def test_output_is_unnormalized_logits(built):
    network, model = built
    assert model.output_shape == (None, network.classes)
    assert model.layers[-1].activation is keras.activations.linear
    logits = predict(model, images_for(network))
    assert logits.shape == (2, network.classes)
    assert np.isfinite(logits).all()
    assert not np.allclose(logits.sum(axis=1), 1)


def test_an_image_gives_the_same_logits_alone_and_in_a_batch(built):
    network, model = built
    images = images_for(network)
    np.testing.assert_allclose(predict(model, images[:1]), predict(model, images)[:1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2])
def test_training_mode_is_finite(built, batch):
    network, model = built
    weights = model.get_weights()
    assert np.isfinite(predict(model, images_for(network, batch), training=True)).all()
    model.set_weights(weights)


def test_all_layers_except_shake_shake_are_plain_keras(built):
    network, model = built
    own = {type(layer).__name__ for layer in model.layers if not type(layer).__module__.startswith("keras.")}
    assert own == ({"ShakeShake"} if network.family == "shake_shake" else set())


def test_saved_model_gives_the_same_logits(built, tmp_path):
    network, model = built
    images = images_for(network)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(predict(loaded, images), predict(model, images), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.family in ("small_cnn", "resnet_v2")])
def test_building_does_not_change_the_configuration(network):
    build_ = builder(network.family)
    before = copy.deepcopy((network.config, build_.__kwdefaults__))
    build(network)
    assert (network.config, build_.__kwdefaults__) == before


@pytest.mark.parametrize("family", ["basic_cnn", "shake_shake", "shufflenet_v2"])
def test_logits_are_float32_in_mixed_precision(family):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = builder(family)((32, 32, 3), 5)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.layers[1].compute_dtype == "bfloat16"
    assert model.output.dtype == "float32"


def test_network_d_regularizes_every_kernel():
    model = builder("small_cnn")(FASHION, 10, **D)
    layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
    expected = [0.001 * np.square(keras.ops.convert_to_numpy(layer.kernel)).sum() for layer in layers]
    assert len(layers) == 5
    np.testing.assert_allclose([float(loss) for loss in model.losses], expected, rtol=1e-4)
    assert len({id(layer.kernel_regularizer) for layer in layers}) == 5


@pytest.mark.parametrize("family", ["resnet_v2", "shake_shake"])
def test_residual_networks_regularize_every_convolution(family):
    model = builder(family)(FASHION, 10, blocks=[1, 1], filters=8)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.kernel_regularizer.get_config()["l2"] for layer in convolutions} == {1e-4}
    assert len(model.losses) == len(convolutions)


def test_bottleneck_resnet_halves_the_image_if_a_block_has_more_channels():
    model = builder("bottleneck_resnet")(FASHION, 10)
    sizes = [model.get_layer(f"block{number}_relu").output.shape[1] for number in range(1, 7)]
    assert sizes == [28, 28, 14, 14, 7, 7]


@pytest.mark.parametrize(
    ("pools", "sizes"), [(["none", "after", "after"], [28, 28, 14]), (["none", "before", "before"], [28, 14, 7])]
)
def test_residual_cnn_pools_before_or_after_the_convolution_of_a_stage(pools, sizes):
    model = builder("residual_cnn")(FASHION, 10, pools=pools)
    assert [model.get_layer(f"stage{stage}_conv").output.shape[1] for stage in (1, 2, 3)] == sizes
    assert [model.get_layer(f"stage{stage}_block1_add").output.shape[1] for stage in (2, 3)] == [14, 7]


def test_residual_cnn_has_no_bias_before_a_normalization_and_pools_globally_as_stated():
    maximum, mean = (builder("residual_cnn")(FASHION, 10, global_max_pooling=is_max) for is_max in (True, False))
    convolutions = [layer for layer in maximum.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 7
    assert not any(layer.use_bias for layer in convolutions)
    assert all(isinstance(layer.kernel_initializer, keras.initializers.HeNormal) for layer in convolutions)
    assert type(maximum.get_layer("global_pool")) is keras.layers.GlobalMaxPooling2D
    assert type(mean.get_layer("global_pool")) is keras.layers.GlobalAveragePooling2D


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"blocks": [1, 1]}, "they have 3, 2 and 3"),
        ({"pools": ["none", "after", "both"]}, r"after, none; got \['both'\]"),
    ],
)
def test_residual_cnn_refuses_stages_that_do_not_fit_together(config, message):
    with pytest.raises(ValueError, match=message):
        builder("residual_cnn")(FASHION, 10, **config)


@pytest.mark.parametrize("depth", [4, 18])
def test_wide_resnet_refuses_a_depth_without_an_integer_number_of_blocks(depth):
    with pytest.raises(ValueError, match="depth must be 6 n"):
        builder("wide_resnet")(FASHION, 10, depth=depth)


@pytest.mark.parametrize(("pixels", "padded"), [((28, 27), (32, 32)), ((40, 30), (40, 32)), ((32, 33), (32, 33))])
def test_padding_centers_small_images_and_does_not_change_large_ones(pixels, padded):
    pad_to = importlib.import_module("lookbook.models._layers").pad_to
    image = np.ones((1, *pixels, 1), dtype=np.float32)
    inputs = keras.Input(image.shape[1:])
    result = predict(keras.Model(inputs, pad_to(inputs, 32)), image)
    assert result.shape == (1, *padded, 1)
    top, left = ((size - small) // 2 for size, small in zip(padded, pixels, strict=True))
    assert result.sum() == result[:, top : top + pixels[0], left : left + pixels[1]].sum() == image.sum()


def test_channel_shuffle_interleaves_the_halves():
    shuffle = importlib.import_module("lookbook.models.shufflenet_v2")._concatenate_and_shuffle
    left, right = keras.Input((1, 1, 3)), keras.Input((1, 1, 3))
    model = keras.Model([left, right], shuffle(left, right, name="unit"))
    halves = np.arange(6, dtype=np.float32).reshape(2, 1, 1, 1, 3)
    assert predict(model, list(halves)).ravel().tolist() == [0, 3, 1, 4, 2, 5]
