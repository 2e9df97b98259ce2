"""The fused batch normalisation is Keras's own, computed in one pass."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lookbook.training.fused_normalization import FusedBatchNormalization, fuse, unfuse

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


def test_dense_inputs_and_frozen_layers_take_the_way_of_keras():
    plain, fused = keras.layers.BatchNormalization(), FusedBatchNormalization()
    rows = IMAGES[:, 0, 0]
    np.testing.assert_allclose(fused(rows, training=True), plain(rows, training=True), atol=1e-6)
    fused.trainable = False
    assert not np.allclose(fused(rows, training=True), plain(rows, training=True))


def test_a_model_is_fused_at_every_depth_and_saved_as_plain_keras(tmp_path):
    inner = keras.Sequential([keras.Input((6, 6, 5)), keras.layers.BatchNormalization()])
    inputs = keras.Input((6, 6, 5))
    model = keras.Model(inputs, keras.layers.BatchNormalization()(inner(inputs)))
    fuse(model)
    assert type(inner.layers[0]) is type(model.layers[-1]) is FusedBatchNormalization
    fused = model(IMAGES, training=True)
    unfuse(model)
    assert type(inner.layers[0]) is type(model.layers[-1]) is keras.layers.BatchNormalization
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(IMAGES), model(IMAGES), atol=1e-6)
    np.testing.assert_allclose(model(IMAGES, training=True), fused, atol=1e-4)
