"""Early stopping decides as keras.callbacks.EarlyStopping with restore_best_weights does."""

from itertools import product

import keras
import numpy as np
import pytest

from lookbook.training.early_stopping import EarlyStopping

NAN = float("nan")
SEQUENCES = [
    [5.0, 4.0, 3.0, 2.0, 1.0],
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    [3.0, 2.0, 2.0, 2.0, 2.0, 2.0],
    [3.0, 2.0, 2.5, 2.4, 1.9, 2.0, 2.1, 2.2, 1.0],
    [3.0, 3.1, 2.9, 3.1, 2.8, 3.1, 3.2],
    np.random.default_rng(0).random(40).tolist(),
]
NOT_FINITE = [[3.0, NAN, NAN, 1.0, NAN, NAN, NAN, 0.5], [float("inf"), 2.0, 3.0, 4.0, 5.0]]


def by_keras(losses: list[float], patience: int) -> tuple[int, int, float]:
    """Return the last epoch, the best epoch and the restored weight, where the weight is the number of its epoch."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    callback = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.set_weights([np.array([[epoch + 1.0]])])
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, callback.best_epoch + 1, float(model.get_weights()[0].item())


def by_early_stopping(losses: list[float], patience: int) -> tuple[int, int | None, float]:
    stopping, weight = EarlyStopping(patience), NAN
    for epoch, loss in enumerate(losses, start=1):
        if stopping.improves(epoch, loss):
            weight = float(epoch)
        if stopping.stops(epoch):
            break
    return epoch, stopping.best_epoch, weight


@pytest.mark.parametrize(
    ("losses", "patience"),
    [*product(SEQUENCES, [1, 2, 3, 5]), *((losses, 3) for losses in NOT_FINITE)],
    ids=str,
)
def test_stops_and_restores_where_keras_does(losses, patience):
    assert by_early_stopping(losses, patience) == by_keras(losses, patience)
