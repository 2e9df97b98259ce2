"""The faster layers compute what Keras's layers compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lookbook.training.fast_layers import FusedBatchNormalization, RoundedConv2D, exchange, restore
from lookbook.training.precision import Hardware

IMAGES = np.random.default_rng(0).normal(3.0, 2.0, (8, 6, 6, 5)).astype("float32")


def step(layer: keras.layers.Layer, images: np.ndarray, training: bool) -> dict[str, np.ndarray]:
    """Return output, gradients and moving statistics of a layer after one step."""
    inputs = tf.constant(images)
    weights = tf.constant(np.random.default_rng(1).normal(size=images.shape).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=training)
        loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * weights)
    gradients = tape.gradient(loss, [inputs, *layer.trainable_variables])
    found = {"outputs": outputs, "d_inputs": gradients[0], "d_gamma": gradients[1], "d_beta": gradients[2]}
    found |= {"moving_mean": layer.moving_mean, "moving_variance": layer.moving_variance}
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("momentum", [0.99, 0.5])
def test_outputs_gradients_and_moving_statistics_are_those_of_keras(training, momentum):
    plain, fused = keras.layers.BatchNormalization(momentum=momentum), FusedBatchNormalization(momentum=momentum)
    for layer in (plain, fused):
        layer.build(IMAGES.shape)
        layer.gamma.assign(np.linspace(0.5, 1.5, 5))
        layer.beta.assign(np.linspace(-1, 1, 5))
    expected, got = step(plain, IMAGES, training), step(fused, IMAGES, training)
    for name, value in expected.items():
        scale = max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(got[name] / scale, value / scale, atol=1e-5, err_msg=name)


def test_bfloat16_activations_keep_float32_statistics():
    layer = FusedBatchNormalization(dtype="mixed_bfloat16")
    layer.build(IMAGES.shape)
    outputs = layer(tf.cast(IMAGES, tf.bfloat16), training=True)
    assert outputs.dtype == tf.bfloat16
    assert layer.moving_mean.dtype == "float32"
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.01 * IMAGES.mean((0, 1, 2)), atol=1e-3)


def test_dense_inputs_and_frozen_layers_use_the_code_of_keras():
    plain, fused = keras.layers.BatchNormalization(), FusedBatchNormalization()
    rows = IMAGES[:, 0, 0]
    np.testing.assert_allclose(fused(rows, training=True), plain(rows, training=True), atol=1e-6)
    fused.trainable = False
    assert not np.allclose(fused(rows, training=True), plain(rows, training=True))


def convolved(layer: keras.layers.Layer, images: np.ndarray, dtype: str) -> list[np.ndarray]:
    """Return output and gradients of a convolution of images and weights that are rounded to bfloat16, as float32."""
    layer.build(images.shape)
    rng = np.random.default_rng(2)
    layer.set_weights([rng.normal(size=w.shape).astype(tf.bfloat16.as_numpy_dtype) for w in layer.weights])
    inputs = tf.cast(tf.cast(images, tf.bfloat16), dtype)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
        loss = tf.reduce_sum(tf.cast(outputs, tf.float32) ** 2)
    values = [outputs, *tape.gradient(loss, [inputs, *layer.trainable_variables])]
    assert [value.dtype for value in values[:2]] == [dtype, dtype]
    return [tf.cast(value, tf.float32).numpy() for value in values]


@pytest.mark.parametrize("settings", [{}, {"strides": 2}, {"padding": "same", "activation": "relu"}])
def test_a_bfloat16_convolution_rounds_as_that_of_keras(settings):
    expected = convolved(keras.layers.Conv2D(4, 3, use_bias=False, **settings), IMAGES, "float32")

    def error(layer: type[keras.layers.Conv2D]) -> np.ndarray:
        found = convolved(layer(4, 3, use_bias=False, dtype="mixed_bfloat16", **settings), IMAGES, "bfloat16")
        return np.array([np.abs(x - y).max() / np.abs(y).max() for x, y in zip(found, expected, strict=True)])

    rounded, plain = error(RoundedConv2D), error(keras.layers.Conv2D)
    # bfloat16 has eight significant bits.
    assert rounded.max() <= 2**-7
    assert (rounded <= plain + 2**-10).all()
    assert rounded[0] > 2**-12


def test_a_float32_convolution_is_that_of_keras():
    plain, rounded = keras.layers.Conv2D(4, 3), RoundedConv2D(4, 3)
    for layer in (plain, rounded):
        layer.build(IMAGES.shape)
    rounded.set_weights(plain.get_weights())
    np.testing.assert_array_equal(rounded(IMAGES), plain(IMAGES))


@pytest.mark.parametrize(("flags", "layer"), [("avx2", RoundedConv2D), ("avx2 avx512f", keras.layers.Conv2D)])
def test_convolutions_are_exchanged_on_processors_without_bfloat16_convolutions(flags, layer):
    model = keras.Sequential([keras.Input((6, 6, 5)), keras.layers.Conv2D(4, 3)])
    exchange(model, Hardware(processor_flags=frozenset(flags.split())))
    assert type(model.layers[0]) is layer
    restore(model)
    assert type(model.layers[0]) is keras.layers.Conv2D


def test_layers_are_exchanged_at_every_depth_and_saved_as_plain_keras(tmp_path):
    inner = keras.Sequential([keras.Input((6, 6, 5)), keras.layers.BatchNormalization()])
    inputs = keras.Input((6, 6, 5))
    model = keras.Model(inputs, keras.layers.BatchNormalization()(inner(inputs)))
    exchange(model, Hardware())
    assert type(inner.layers[0]) is type(model.layers[-1]) is FusedBatchNormalization
    fused = model(IMAGES, training=True)
    restore(model)
    assert type(inner.layers[0]) is type(model.layers[-1]) is keras.layers.BatchNormalization
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(IMAGES), model(IMAGES), atol=1e-6)
    np.testing.assert_allclose(model(IMAGES, training=True), fused, atol=1e-4)
