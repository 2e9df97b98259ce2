"""Every optimizer of Keras, with every option, trains as keras.Model.fit does, and ends with the same weights."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from small_trials import program_of

from lookbook.config.signatures import class_names
from lookbook.training.fit import set_final_weights
from lookbook.training.optimizers import optimizer_from
from lookbook.training.trial_data import Stack

BATCH, STEPS, CLASSES = 8, 24, 4
OPTIONS = [
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 7},
    {"loss_scale_factor": 1024.0},
    {"gradient_accumulation_steps": 3},
    {"weight_decay": 0.1},
    {"clipnorm": 0.01},
    {"clipvalue": 0.001},
    {"global_clipnorm": 0.01},
]
CASES = [(name, {}, "graph") for name in class_names("optimizer")]
# XLA may compile the options differently.
CASES += [("SGD", options, how) for options in OPTIONS for how in ("graph", "xla", "eager")]
CASES += [("Adam", options, "graph") for options in OPTIONS[:3]]
CASES += [("SGD", {"momentum": 0.9, "nesterov": True}, "graph")]


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((6, 6, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(8, "relu"),
        keras.layers.Dense(CLASSES),
    ]
    return keras.Sequential(layers)


@pytest.mark.parametrize(("name", "options", "compilation"), CASES)
def test_training_ends_with_the_weights_that_keras_fit_gives(name, options, compilation):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 9, (100, 6, 6, 1), dtype=np.uint8)
    labels = generator.integers(0, CLASSES, 100, dtype=np.int32)
    order = generator.integers(0, 100, (STEPS, BATCH)).astype(np.int32)
    entry = {"class_name": name, "config": {"learning_rate": 0.01} | options}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    plain = network()
    plain.compile(optimizer_from(entry, STEPS), loss)
    # ScheduleFreeAdamW copies the weights when it is built, which must not happen inside the compiled first step.
    plain.optimizer.build(plain.trainable_variables)
    inputs = images[order.ravel()].astype("float32")
    plain.fit(inputs, labels[order.ravel()], batch_size=BATCH, shuffle=False, verbose=0)

    ours, optimizer = network(), optimizer_from(entry, STEPS)
    optimizer.build(ours.trainable_variables)
    program = program_of(ours, optimizer, loss, Stack([images]), labels, compilation=compilation)
    before = [weight.numpy() for weight in ours.weights]
    program.train(order)
    last = [weight.numpy() for weight in ours.weights]
    setup = SimpleNamespace(model=ours, task=SimpleNamespace(optimizer=optimizer))
    set_final_weights(setup, SimpleNamespace(stopping=None, average=None))

    for expected, got in zip(plain.weights, ours.weights, strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=1e-4, err_msg=expected.path)
    assert any((now != then).any() for now, then in zip(last, before, strict=True))
    swaps = bool(options.get("use_ema"))
    assert any((weight.numpy() != then).any() for weight, then in zip(ours.weights, last, strict=True)) == swaps
