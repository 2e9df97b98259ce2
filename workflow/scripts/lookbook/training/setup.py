"""What a trial needs before its first step: its images, its network, its optimizer and its compiled program."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import keras

from lookbook import augmentation, models
from lookbook.datasets.arrays import Dataset
from lookbook.runtime import devices
from lookbook.sampling.streams import stream_seed
from lookbook.training.program import EVALUATION_BATCH, Program
from lookbook.training.schedules import optimizer_from
from lookbook.training.trial_data import Copies, Material, copies_transform, gather


@dataclass(frozen=True)
class Setup:
    """A trial that is ready to train.

    Attributes:
        material: the images, their labels, and which of them are trained on.
        model: raw pixels to logits.
        optimizer: built for the model's trainable variables.
        loss: on labels (one-hot where ``one_hot``) and logits.
        one_hot: whether the loss wants one-hot labels.
        transform_seed: what augmentation draws from.
        program: the compiled calls.
        precision: Keras's policy.
        compiled: ``xla`` or ``graph``.
    """

    material: Material
    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    one_hot: bool
    transform_seed: keras.random.SeedGenerator
    program: Program
    precision: str
    compiled: str

    @property
    def variables(self) -> list[Any]:
        """Everything that a step changes, in a fixed order: what a checkpoint holds."""
        return [*self.model.variables, *self.optimizer.variables, self.transform_seed.state]


def set_up(
    spec: dict[str, Any],
    seed: int,
    data: Dataset,
    initial_weights: Path | None = None,
    copies: Copies | None = None,
) -> Setup:
    """Return a resolved experiment's trial, ready to train.

    Args:
        spec: the resolved experiment.
        seed: the trial's seed; split, weights, order and augmentation each derive a stream from it.
        data: the prepared data set.
        initial_weights: a saved model to start from, or None.
        copies: of the training images, where the experiment trains on copies made before.

    Raises:
        ValueError: the saved model has other weights than the network, or the data cannot give what is asked for.
    """
    material = gather(spec, seed, data, copies)
    transforms = spec["augmentation"]
    if spec["sampling"]["augment"] == "copies":
        material = material.with_drawn_copies_augmented(copies_transform(transforms, seed))
        transforms = []

    model, precision = _build(spec, seed, data.shape, material.outputs)
    if initial_weights is not None:
        start_from(model, initial_weights)
    steps = material.steps_per_epoch * spec["training"]["epochs"]
    optimizer = optimizer_from(spec["optimizer"], steps)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.get(spec["loss"])
    one_hot = wants_one_hot(spec["loss"])
    transform_seed = keras.random.SeedGenerator(stream_seed(seed, "augmentation"))
    xla = devices.choose_xla(spec["compile"], is_convolutional(model))
    # One file for each backend; a trial's source is its own backend's.
    compiler = import_module(f"lookbook.training.compiled_{keras.backend.backend()}")
    program = compiler.compile_program(
        model,
        optimizer,
        loss,
        augmentation.compose(transforms, transform_seed),
        material.images,
        material.labels,
        one_hot=one_hot,
        seeds=[transform_seed],
        xla=xla,
        steps=steps,
        # A small split must not be filled up to a large batch.
        evaluation_batch=min(EVALUATION_BATCH, *(len(rows) for rows in material.splits.values() if len(rows))),
    )
    return Setup(
        material=material,
        model=model,
        optimizer=optimizer,
        loss=loss,
        one_hot=one_hot,
        transform_seed=transform_seed,
        program=program,
        precision=precision,
        compiled="xla" if xla else "graph",
    )


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


def _build(spec: dict[str, Any], seed: int, shape: tuple[int, int, int], outputs: int) -> tuple[keras.Model, str]:
    def build(policy: str) -> keras.Model:
        # The same random state for every build, so that the precision does not change the initial weights.
        keras.utils.set_random_seed(stream_seed(seed, "weights"))
        keras.config.set_dtype_policy(policy)
        return models.build(spec["model"], shape, outputs, spec["rescaling"])

    model = build("float32")
    precision = devices.choose_precision(spec["precision"], is_convolutional(model))
    return (model, precision) if precision == "float32" else (build(precision), precision)
