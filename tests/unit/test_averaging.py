"""The average of late weights, and the batch-norm statistics of the averaged network."""

import keras
import numpy as np
import pytest
from small_trials import CPU, DATA, program_of, tiny_spec

from lookbook.training import fit
from lookbook.training.averaging import WeightAverage, reestimate_statistics
from lookbook.training.setup import set_up
from lookbook.training.trial_data import Stack

IMAGES = np.random.default_rng(0).integers(0, 256, (90, 8, 8, 1), dtype=np.uint8)
LABELS = np.random.default_rng(1).integers(0, 3, 90, dtype=np.int32)


def test_epochs_are_included_from_the_first_at_equal_distances():
    average = WeightAverage(start_epoch=24, every=2)
    assert [epoch for epoch in range(1, 31) if average.includes(epoch)] == [24, 26, 28, 30]


def test_the_average_is_the_mean_of_what_was_added():
    weights = [[np.random.default_rng(seed).normal(size=(3, 2)), np.full(4, float(seed))] for seed in range(5)]
    average = WeightAverage(start_epoch=1)
    for some in weights:
        average.add(some)
    assert average.count == 5
    for position, mean in enumerate(average.weights):
        np.testing.assert_allclose(mean, np.mean([some[position] for some in weights], axis=0))


@pytest.fixture(params=["xla", "graph", "eager"])
def model_and_program(request):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    layers += [keras.layers.Flatten(), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 255), *layers])
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return model, program_of(model, optimizer, loss, Stack([IMAGES]), LABELS, compilation=request.param)


def test_statistics_are_the_average_of_those_of_the_batches(model_and_program):
    model, program = model_and_program
    program.train(np.arange(60, dtype=np.int32).reshape(2, 30))
    convolution, normalisation = model.layers[1], model.layers[2]
    weights = [w.numpy() for w in model.trainable_variables]
    batches = np.split(np.arange(90, dtype=np.int32), [40, 80])

    reestimate_statistics(model, program.update_batch_statistics, batches)

    maps = [convolution(IMAGES[batch].astype("float32") / 255).numpy() for batch in batches]
    sizes = [len(batch) for batch in batches]
    mean = np.average([m.mean((0, 1, 2)) for m in maps], axis=0, weights=sizes)
    variance = np.average([m.var((0, 1, 2)) for m in maps], axis=0, weights=sizes)
    np.testing.assert_allclose(normalisation.moving_mean.numpy(), mean, atol=1e-5)
    np.testing.assert_allclose(normalisation.moving_variance.numpy(), variance, rtol=1e-4)
    assert normalisation.momentum == 0.99
    for before, after in zip(weights, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(after.numpy(), before)


def test_every_batch_of_a_dataset_sorted_by_class_has_images_of_several_classes(monkeypatch):
    spec = tiny_spec(training={"batch_size": 12, "epochs": 1, "weight_averaging": {"start_epoch": 1, "every": 1}})
    setup, result, seen = set_up(spec, 1, DATA, CPU), fit.start(spec), []
    fit.fit(setup, 1, result)
    monkeypatch.setattr(fit, "reestimate_statistics", lambda model, update, batches: seen.extend(batches))
    fit.set_final_weights(setup, result)
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), setup.data.train_rows)
    assert all(len(set(setup.data.labels[batch])) > 1 for batch in seen)
