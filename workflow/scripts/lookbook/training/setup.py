"""A trial ready to train: its images, network, optimizer and compiled calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from lookbook import augmentation, models
from lookbook.sampling.streams import stream_seed
from lookbook.training.compiled import EVALUATION_BATCH, Program, Task, compile_program, compile_transform
from lookbook.training.optimizers import optimizer_from
from lookbook.training.precision import Hardware, choose_compilation, choose_precision
from lookbook.training.trial_data import TrialData, gather

if TYPE_CHECKING:
    from lookbook.datasets.arrays import Dataset


LEAST_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Setup:
    """A trial that is ready to train.

    Attributes:
        data: the images, their labels, and the rows that are trained on.
        task: the network, its optimizer and its loss.
        program: the compiled calls of the task.
        precision: Keras's dtype policy.
        watch: the splits that are evaluated after every epoch besides validation, only to be recorded.
    """

    data: TrialData
    task: Task
    program: Program
    precision: str
    watch: Sequence[str] = ()

    @property
    def model(self) -> keras.Model:
        """The network, from pixels to logits."""
        return self.task.model

    @property
    def variables(self) -> list[Any]:
        """All variables that a training step changes, in a fixed order: the content of a checkpoint."""
        seeds = [seed.state for seed in self.task.seeds]
        return [*self.model.variables, *self.task.optimizer.variables, *seeds]


def set_up(
    spec: dict[str, Any],
    seed: int,
    data: Dataset,
    hardware: Hardware,
    initial_weights: Path | None = None,
    *,
    trial: int = 0,
) -> Setup:
    """Return a trial of a resolved experiment, ready to train.

    Args:
        spec: the resolved experiment.
        seed: the trial's seed; split, weights, order and augmentation each derive a stream from it.
        data: the prepared dataset.
        hardware: what it trains on.
        initial_weights: a saved model to start from, or None.
        trial: the zero-based number of the trial, from which ``steps_per_earlier_trial`` counts.

    Raises:
        ValueError: the saved model does not have the network's weights, the dataset lacks requested images, or early
            stopping has no image to validate on.
    """
    trial_data, transforms = gather(spec, seed, data), spec["augmentation"]
    if spec["training"]["early_stopping"] and not len(trial_data.splits["valid"]):
        raise ValueError("training.early_stopping: the validation split has no image; increase split.validation")
    if trial_data.augmented_before is not None:
        # A stream of its own, so that the random numbers of the training steps do not depend on it. Some of Keras's
        # augmentations also use Python's random numbers.
        keras.utils.set_random_seed(stream_seed(seed, "copies"))
        transform = augmentation.compose(transforms, keras.random.SeedGenerator(stream_seed(seed, "copies")))
        trial_data = trial_data.with_images_augmented_before(compile_transform(transform))
        transforms = []

    model, precision = _build(spec, seed, data.shape, trial_data.outputs, hardware)
    if initial_weights is not None:
        start_from(model, initial_weights)
    steps = trial_data.steps_per_epoch * spec["training"]["epochs"]
    optimizer = optimizer_from(spec["optimizer"], steps)
    optimizer.build(model.trainable_variables)
    if earlier := spec["training"]["steps_per_earlier_trial"]:
        # Only the counter: moments start at zero, as those of a new network do in an optimizer that is used again.
        optimizer.iterations.assign(trial * earlier)
    transform = augmentation.compose(transforms, keras.random.SeedGenerator(stream_seed(seed, "augmentation")))
    compilation = choose_compilation(spec["compile"], is_convolutional(model), hardware, steps, keras.backend.backend())
    if compilation == "xla" and not transform.supports_xla:
        compilation = "graph"
    task = Task(
        model=model,
        optimizer=optimizer,
        loss=keras.losses.get(spec["loss"]),
        transform=transform,
        seeds=transform.seeds,
        images=trial_data.images,
        labels=trial_data.labels,
        one_hot=wants_one_hot(spec["loss"]),
        compilation=compilation,
        steps=steps,
        hardware=hardware,
    )
    evaluation_batch = EVALUATION_BATCH
    if compilation != "eager":
        # A small split must not be padded to a large batch, and a few images not split up a large one.
        sizes = [len(rows) for rows in trial_data.splits.values() if len(rows)]
        evaluation_batch = min(EVALUATION_BATCH, max(sizes), max(LEAST_EVALUATION_BATCH, min(sizes)))
    return Setup(trial_data, task, compile_program(task, evaluation_batch), precision, spec["watch"])


def wants_one_hot(loss: dict[str, Any]) -> bool:
    """Return whether a Keras loss, in its ``class_name``/``config`` form, takes one-hot labels."""
    return not loss["class_name"].startswith("Sparse")


def is_convolutional(model: keras.Model) -> bool:
    """Return whether a model has a convolution, at any depth."""
    return any("conv" in type(layer).__name__.lower() for layer in models.layers_of(model))


def start_from(model: keras.Model, path: Path) -> None:
    """Set a network's weights to those of a saved model; raise ValueError if their shapes differ."""
    if not path.stat().st_size:
        raise ValueError(f"{path} is empty: the trial to start from failed; trial.json beside it has the reason")
    saved = keras.models.load_model(path, compile=False)
    shapes, saved_shapes = [tuple(w.shape) for w in model.weights], [tuple(w.shape) for w in saved.weights]
    if shapes != saved_shapes:
        raise ValueError(f"{path} has weights of other shapes than the network: {saved_shapes} against {shapes}")
    model.set_weights(saved.get_weights())


def _build(
    spec: dict[str, Any], seed: int, shape: tuple[int, int, int], outputs: int, hardware: Hardware
) -> tuple[keras.Model, str]:
    def build(policy: str) -> keras.Model:
        # The same random state for both builds, so that the initial weights do not depend on the precision.
        keras.utils.set_random_seed(stream_seed(seed, "weights"))
        keras.config.set_dtype_policy(policy)
        return models.build(spec["model"], shape, outputs, spec["rescaling"])

    model = build("float32")
    precision = choose_precision(spec["precision"], is_convolutional(model), hardware)
    return (model, precision) if precision == "float32" else (build(precision), precision)
