"""Train a small network for 100 steps: KERAS_BACKEND=jax python steps.py NETWORK HOW START.npz END.npz

HOW is `compiled` (the compiled calls), `streamed` (the same with the images on the host) or `fit` (plain Keras).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

import keras
import numpy as np

BATCH, STEPS, CLASSES, IMAGES = 16, 100, 10, 1000
EARLIER = 20_000
NETWORKS = {
    "dense": [],
    "later": [],  # with an optimizer that counts the steps of earlier trials
    "scaled": [],  # with a scaled loss, whose gradients the optimizer divides by the factor
    # No bias: before a normalization its gradient is zero up to rounding, and Adam scales that noise to full steps.
    "batch_norm": [
        keras.layers.Conv2D(8, 3, strides=2, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
    ],
    "penalised": [
        keras.layers.Conv2D(8, 3, strides=2, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3))
    ],
}


def main(name: str, how: str, start: Path, end: Path) -> None:
    """Write the weights after training, and the sum of the losses."""
    from lookbook.training import compiled
    from lookbook.training.precision import Hardware
    from lookbook.training.trial_data import Stack

    keras.utils.set_random_seed(1)
    layers = [keras.layers.Flatten(), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(CLASSES)]
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), *NETWORKS[name], *layers])
    if start.exists():
        with np.load(start) as arrays:
            model.set_weights([arrays[key] for key in arrays.files])
    else:
        np.savez(start, *model.get_weights())

    generator = np.random.default_rng(0)
    labels = generator.integers(0, CLASSES, IMAGES, dtype=np.int32)
    images = generator.integers(0, 120, (IMAGES, 28, 28, 1), dtype=np.uint8)
    images[np.arange(IMAGES), 2 * labels] += 120  # each class has a bright row
    order = np.random.default_rng(2).integers(0, IMAGES, (STEPS, BATCH)).astype(np.int32)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    scaled = keras.optimizers.SGD(0.05, loss_scale_factor=256.0)
    optimizer = scaled if name == "scaled" else keras.optimizers.Adam(1e-3)
    if name == "later":
        optimizer.iterations.assign(EARLIER)
    if how == "fit":
        model.compile(optimizer, loss)
        rows = order.ravel()
        model.fit(images[rows].astype("float32"), labels[rows], batch_size=BATCH, shuffle=False, verbose=0)
    else:
        optimizer.build(model.trainable_variables)
        if how == "streamed":
            compiled.RESIDENT_BYTES = 0
        task = compiled.Task(
            model=model,
            optimizer=optimizer,
            loss=loss,
            transform=lambda x, y: (x, y),
            seeds=[],
            images=Stack([images[:700], images[700:]]),
            labels=labels,
            one_hot=False,
            compilation="xla",
            steps=STEPS,
            hardware=Hardware(),
        )
        program = compiled.compile_program(task)
        sums = program.train(order)
        assert sums.images == STEPS * BATCH
        logits = program.predict(np.arange(7))
        np.testing.assert_allclose(logits, model.predict(images[:7].astype("float32"), verbose=0), atol=1e-3)
    np.savez(end, *model.get_weights())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
