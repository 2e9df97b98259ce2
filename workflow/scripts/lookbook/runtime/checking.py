"""Build what experiments name, once each and on a few images, so that nonsense is found before any training.

The configuration is checked without Keras first; this finds what only Keras and the networks themselves know: layers
that are larger than their input, negative units, a loss that does not fit the labels, transforms that do not fit the
images.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from lookbook import augmentation, models
from lookbook.config.digests import canonical
from lookbook.datasets import DATASETS
from lookbook.sampling.rows import number_of_outputs
from lookbook.training.optimizers import optimizer_from
from lookbook.training.setup import wants_one_hot

IMAGES = 4
# A schedule is evaluated at the first and the last step of a training of this length.
STEPS = 1000
MAXIMUM_PARAMETERS = 2_000_000_000

Part = tuple[str, Callable[..., object], tuple[Any, ...]]


def problems(experiments: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each experiment that cannot be built with the key and what is wrong.

    Parts that several experiments share are built once; their problem is that of the first.

    Args:
        experiments: the resolved specifications by name.
    """
    built: set[str] = set()
    for name, spec in experiments.items():
        for key, build, arguments in _parts(spec):
            identity = canonical([key, arguments])
            if identity in built:
                continue
            built.add(identity)
            try:
                build(*arguments)
            # Any exception of Keras or of a function of the library is about the configured values.
            except Exception as error:
                yield name, f"{key}: cannot be used: {_message(error)}; correct its class_name or config"


def _parts(spec: Mapping[str, Any]) -> Iterable[Part]:
    info, loss, entries = DATASETS[spec["dataset"]], spec["loss"], spec["augmentation"]
    outputs = number_of_outputs(spec, info.classes)
    yield "model", _build_model, (spec["model"], info.shape, outputs, spec["rescaling"])
    yield "optimizer", _step, (spec["optimizer"],)
    yield "loss", _compute, (loss, outputs)
    for number, entry in enumerate(entries):
        yield f"augmentation[{number}]", _augment, (entry, info.shape, outputs, wants_one_hot(loss))


def _build_model(model: Mapping[str, Any], shape: tuple[int, int, int], outputs: int, rescaling: Any) -> None:
    # Variables have shapes but no values here, so that large networks cost neither time nor memory.
    with keras.StatelessScope(initialize_variables=False):
        network = models.build(model, shape, outputs, rescaling)
    parameters = sum(math.prod(variable.shape) for variable in network.variables)
    keras.utils.clear_session()
    if parameters > MAXIMUM_PARAMETERS:
        raise ValueError(f"the network has {parameters:,} parameters, more than {MAXIMUM_PARAMETERS:,}")


def _step(entry: dict[str, Any]) -> None:
    optimizer = optimizer_from(entry, STEPS)
    variable = keras.Variable(np.ones((2, 2), "float32"))
    optimizer.build([variable])
    optimizer.apply([keras.ops.ones((2, 2))], [variable])
    rate = optimizer.get_config()["learning_rate"]
    schedule = optimizer._learning_rate if isinstance(rate, dict) else lambda step: optimizer.learning_rate
    for step in (0, STEPS - 1):
        value = float(schedule(step))
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"the learning rate of step {step} is {value}")


def _compute(entry: dict[str, Any], outputs: int) -> None:
    labels: Any = np.arange(IMAGES) % outputs
    if wants_one_hot(entry):
        labels = np.eye(outputs, dtype="float32")[labels]
    value = keras.losses.get(entry)(labels, keras.ops.zeros((IMAGES, outputs)))
    if tuple(value.shape) != ():
        raise ValueError(f"the loss of a batch has the shape {tuple(value.shape)}; it must be one number")


def _augment(entry: Mapping[str, Any], shape: tuple[int, int, int], outputs: int, one_hot: bool) -> None:
    transform = augmentation.compose([entry], keras.random.SeedGenerator(0))
    numbers = np.arange(IMAGES) % outputs
    labels = np.eye(outputs, dtype="float32")[numbers] if one_hot else numbers
    images = np.full((IMAGES, *shape), 100.0, "float32")
    changed, changed_labels = transform(keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(labels))
    for what, before, after in (("images", images, changed), ("labels", labels, changed_labels)):
        if tuple(after.shape) != before.shape:
            raise ValueError(f"{what} of shape {before.shape} become {tuple(after.shape)}")


def _message(error: Exception) -> str:
    """Return the beginning of an error's message on one line, without TensorFlow's name of the graph."""
    text = re.sub(r"\{\{.*?\}\} ?|\x1b\[\d*m|\s+", " ", str(error)).strip()
    return f"{type(error).__name__}: {text[:300]}".rstrip(".;: ")
