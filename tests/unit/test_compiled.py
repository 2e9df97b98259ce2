"""The compiled calls compute what keras.Model.fit computes."""

import keras
import numpy as np
import pytest
from small_trials import program_of

from lookbook.training.trial_data import Stack

BATCH, STEPS, CLASSES = 16, 100, 10


def dense() -> list[keras.layers.Layer]:
    return [keras.layers.Flatten(), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(CLASSES)]


def batch_norm() -> list[keras.layers.Layer]:
    # No bias: before a normalization its gradient is zero up to rounding, and Adam scales that noise to full steps.
    convolution = keras.layers.Conv2D(8, 3, strides=2, use_bias=False)
    return [convolution, keras.layers.BatchNormalization(), keras.layers.ReLU(), *dense()]


def penalised() -> list[keras.layers.Layer]:
    convolution = keras.layers.Conv2D(
        8, 3, strides=2, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3)
    )
    return [convolution, keras.layers.Flatten(), keras.layers.Dense(CLASSES, kernel_regularizer="l2")]


def network(layers) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), *layers()])


def ready(layers) -> tuple[keras.Model, keras.Optimizer, keras.Loss]:
    """Return a network with an optimizer built for it, and its loss."""
    model = network(layers)
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    return model, optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture(scope="module")
def images_and_labels() -> tuple[Stack, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, CLASSES, 1000, dtype=np.int32)
    images = generator.integers(0, 120, (1000, 28, 28, 1), dtype=np.uint8)
    # Each class has a bright row.
    images[np.arange(1000), 2 * labels] += 120
    # Two parts, as the training and test images of a dataset.
    return Stack([images[:700], images[700:]]), labels


@pytest.mark.parametrize("layers", [dense, batch_norm, penalised])
@pytest.mark.parametrize("compilation", ["xla", "graph", "eager"])
def test_100_steps_give_the_weights_that_keras_fit_gives(layers, compilation, images_and_labels):
    images, labels = images_and_labels
    order = np.random.default_rng(2).integers(0, len(images), (STEPS, BATCH)).astype(np.int32)
    ours, optimizer, loss = ready(layers)

    plain = network(layers)
    plain.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    fitted = plain.fit(
        images[order.ravel()].astype("float32"), labels[order.ravel()], batch_size=BATCH, shuffle=False, verbose=0
    ).history

    program = program_of(ours, optimizer, loss, images, labels, compilation=compilation)
    sums = program.train(order)

    for expected, got in zip(plain.weights, ours.weights, strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=1e-4, err_msg=expected.path)
    assert sums.images == STEPS * BATCH
    assert sums.loss / sums.images == pytest.approx(fitted["loss"][0], abs=1e-4)
    assert sums.correct / sums.images == pytest.approx(fitted["accuracy"][0], abs=2e-3)


@pytest.mark.parametrize("compilation", ["xla", "graph", "eager"])
def test_predictions_are_those_of_the_model_without_augmentation(compilation, images_and_labels):
    images, labels = images_and_labels
    model, optimizer, loss = ready(batch_norm)
    program = program_of(
        model, optimizer, loss, images, labels, compilation=compilation, transform=lambda x, y: (x * 0, y)
    )
    chosen = np.arange(700, dtype=np.int32)[::-1]
    expected = model.predict(images[chosen].astype("float32"), verbose=0)
    np.testing.assert_allclose(program.predict(chosen), expected, atol=1e-4)


def test_one_hot_labels_reach_the_augmentation_and_the_loss(images_and_labels):
    images, labels = images_and_labels
    model = network(dense)
    optimizer = keras.optimizers.SGD(0.0)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    seen = []

    def transform(x, y):
        seen.append((tuple(x.shape), tuple(y.shape), y.dtype.name))
        return x, y

    program = program_of(model, optimizer, loss, images, labels, compilation="xla", transform=transform, one_hot=True)
    program.train(np.zeros((2, 4), np.int32))
    assert seen[0] == ((4, 28, 28, 1), (4, CLASSES), "float32")


@pytest.mark.parametrize("compilation", ["xla", "graph"])
def test_preparing_compiles_everything_and_trains_nothing(compilation, images_and_labels):
    images, labels = images_and_labels
    model, optimizer, loss = ready(batch_norm)
    traced = []

    def transform(x, y):
        traced.append(tuple(x.shape))
        return x, y

    program = program_of(model, optimizer, loss, images, labels, compilation=compilation, transform=transform)
    before = model.get_weights()
    order = np.arange(40, dtype=np.int32).reshape(10, 4)
    program.prepare(order)
    assert traced
    for expected, got in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert optimizer.iterations == 0

    count = len(traced)
    program.train(order)
    assert len(traced) == count, "training traced a prepared call again"
    assert optimizer.iterations == 10
    assert np.abs(model.get_weights()[0] - before[0]).max() > 0
