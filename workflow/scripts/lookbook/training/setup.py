"""What a trial needs before its first step: its images, its network, its optimizer and its compiled program."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lookbook import augmentation, models
from lookbook.datasets.arrays import Dataset
from lookbook.datasets.splits import limit, split_indices
from lookbook.streams import stream_seed
from lookbook.training import devices
from lookbook.training.compiled_tensorflow import compile_program
from lookbook.training.program import Program
from lookbook.training.schedules import optimizer_from

# A limited set must not depend on the trial: every trial is tested on the same images.
LIMIT_SEED = 0


@dataclass(frozen=True)
class Setup:
    """A trial that is ready to train.

    Attributes:
        splits: indices into the program's images by split (train, valid, test), int32.
        labels: the label of every image, whole numbers (N,).
        model: raw pixels to logits.
        optimizer: built for the model's trainable variables.
        loss: on labels (one-hot where ``one_hot``) and logits.
        one_hot: whether the loss wants one-hot labels.
        transform_seed: what augmentation draws from.
        program: the compiled calls.
        precision: Keras's policy.
        compiled: ``xla`` or ``graph``.
        steps_per_epoch: optimizer steps of an epoch, a last short batch included.
    """

    splits: dict[str, np.ndarray]
    labels: np.ndarray
    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    one_hot: bool
    transform_seed: keras.random.SeedGenerator
    program: Program
    precision: str
    compiled: str
    steps_per_epoch: int

    @property
    def variables(self) -> list[Any]:
        """Everything that a step changes, in a fixed order: what a checkpoint holds."""
        return [*self.model.variables, *self.optimizer.variables, self.transform_seed.state]


def set_up(spec: dict[str, Any], seed: int, data: Dataset, initial_weights: Path | None) -> Setup:
    """Return a resolved experiment's trial, ready to train.

    Args:
        spec: the resolved experiment.
        seed: the trial's seed; split, weights, order and augmentation each derive a stream from it.
        data: the prepared data set.
        initial_weights: a saved model to start from, or None.

    Raises:
        ValueError: the saved model has other weights than the network.
    """
    splits = split(spec, data.train_labels, data.test_labels, seed)
    images = np.concatenate([data.train_images, data.test_images])
    labels = np.concatenate([data.train_labels, data.test_labels])

    model, precision = _build(spec, seed, data)
    if initial_weights is not None:
        start_from(model, initial_weights)
    batch_size = spec["training"]["batch_size"]
    steps_per_epoch = math.ceil(len(splits["train"]) / batch_size)
    optimizer = optimizer_from(spec["optimizer"], steps_per_epoch * spec["training"]["epochs"])
    optimizer.build(model.trainable_variables)
    loss = keras.losses.get(spec["loss"])
    one_hot = wants_one_hot(spec["loss"])
    transform_seed = keras.random.SeedGenerator(stream_seed(seed, "augmentation"))
    xla = devices.choose_xla(spec["compile"], is_convolutional(model))
    program = compile_program(
        model,
        optimizer,
        loss,
        augmentation.compose(spec["augmentation"], transform_seed),
        images,
        labels,
        one_hot=one_hot,
        xla=xla,
    )
    return Setup(
        splits=splits,
        labels=labels,
        model=model,
        optimizer=optimizer,
        loss=loss,
        one_hot=one_hot,
        transform_seed=transform_seed,
        program=program,
        precision=precision,
        compiled="xla" if xla else "graph",
        steps_per_epoch=steps_per_epoch,
    )


def split(spec: dict[str, Any], train_labels: np.ndarray, test_labels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return the indices (int32) of train, valid and test; test images come after all training images.

    Args:
        spec: the resolved experiment: ``split`` and ``limit`` matter.
        train_labels: labels of the data set's training images (N,).
        test_labels: labels of its test images (M,).
        seed: the trial's seed, unless the experiment fixes one for the split.
    """
    available = limit(train_labels, spec["limit"]["train_images"], LIMIT_SEED)
    fixed = spec["split"]["seed"]
    train, valid = split_indices(len(available), spec["split"]["validation"], seed if fixed is None else fixed)
    test = limit(test_labels, spec["limit"]["test_images"], LIMIT_SEED)
    return {
        "train": available[train],
        "valid": available[valid],
        "test": (test + len(train_labels)).astype(np.int32),
    }


def wants_one_hot(loss: dict[str, Any]) -> bool:
    """Return whether a Keras loss, in its ``class_name``/``config`` form, wants one-hot labels."""
    return not loss["class_name"].startswith("Sparse")


def is_convolutional(model: keras.Model) -> bool:
    """Return whether a model has a convolution, at any depth."""
    return any("conv" in type(layer).__name__.lower() for layer in models.layers_of(model))


def start_from(model: keras.Model, path: Path) -> None:
    """Give a network the weights of a saved model; raise ValueError where they do not fit."""
    if not path.stat().st_size:
        raise ValueError(f"{path} is empty: the trial to start from has failed, see trial.json beside it")
    saved = keras.models.load_model(path, compile=False)
    ours, theirs = [tuple(w.shape) for w in model.weights], [tuple(w.shape) for w in saved.weights]
    if ours != theirs:
        raise ValueError(f"{path} has weights of other shapes than the network: {theirs} against {ours}")
    model.set_weights(saved.get_weights())


def _build(spec: dict[str, Any], seed: int, data: Dataset) -> tuple[keras.Model, str]:
    def build(policy: str) -> keras.Model:
        # The same random state for every build, so that the precision does not change the initial weights.
        keras.utils.set_random_seed(stream_seed(seed, "weights"))
        keras.config.set_dtype_policy(policy)
        return models.build(spec["model"], data.shape, len(data.classes), spec["rescaling"])

    model = build("float32")
    precision = devices.choose_precision(spec["precision"], is_convolutional(model))
    return (model, precision) if precision == "float32" else (build(precision), precision)
