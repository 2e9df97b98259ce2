"""The layer of the Shake-Shake network.

For a = 1 and b = 0, its output is the forward weight, and the gradients of its output are the backward weights.
"""

import keras
import numpy as np
import pytest

from lookbook.models.shake_shake import ShakeShake

IMAGES = 4096


@pytest.fixture
def layer() -> keras.layers.Layer:
    return ShakeShake(seed=1)


def weights_of(layer: keras.layers.Layer, training: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the output and the gradients of its sum with respect to a and b, shape (images, 2, 2, 3)."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients with TensorFlow")
    import tensorflow as tf

    a, b = tf.ones((IMAGES, 2, 2, 3)), tf.zeros((IMAGES, 2, 2, 3))
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        output = layer([a, b], training=training)
    return tuple(tensor.numpy() for tensor in (output, *tape.gradient(output, [a, b])))


def test_weights_differ_between_images_and_are_one_number_within_an_image(layer):
    for weights in weights_of(layer, training=True):
        per_image = weights[:, :1, :1, :1]
        np.testing.assert_allclose(weights, np.broadcast_to(per_image, weights.shape), atol=1e-6)
        assert len(np.unique(per_image)) > 0.99 * IMAGES


def test_weights_are_uniform(layer):
    for weights in weights_of(layer, training=True):
        quantiles = np.quantile(weights[:, 0, 0, 0], [0, 0.25, 0.5, 0.75, 1])
        np.testing.assert_allclose(quantiles, [0, 0.25, 0.5, 0.75, 1], atol=0.03)


def test_backward_weights_are_independent_of_forward_weights(layer):
    forward, backward, other = (weights[:, 0, 0, 0] for weights in weights_of(layer, training=True))
    np.testing.assert_allclose(backward + other, 1, atol=1e-6)
    assert abs(np.corrcoef(forward, backward)[0, 1]) < 4 / np.sqrt(IMAGES)


def test_branches_have_equal_weights_in_inference(layer):
    for weights in weights_of(layer, training=False):
        np.testing.assert_array_equal(weights, 0.5)


def test_every_call_has_new_weights_and_a_seed_reproduces_them(layer):
    inputs = [np.ones((8, 1, 1, 1), np.float32), np.zeros((8, 1, 1, 1), np.float32)]
    again = layer.from_config(layer.get_config())
    draws = [keras.ops.convert_to_numpy(layer(inputs, training=True)) for _ in range(2)]
    repeated = [keras.ops.convert_to_numpy(again(inputs, training=True)) for _ in range(2)]
    assert not np.allclose(draws[0], draws[1])
    np.testing.assert_array_equal(draws, repeated)
