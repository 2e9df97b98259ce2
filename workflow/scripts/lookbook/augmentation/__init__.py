"""Batched augmentation on the device: one file per transform, and any of Keras's preprocessing layers.

A transform of this folder is a function of its file's name: ``my_transform.py`` has
``def my_transform(images, labels, seed, *, strength=1.0)`` and returns images and labels. Images are float32
(B, H, W, C) with pixels of 0 to 255, labels have the shape that the loss expects (one-hot float32 for categorical
losses), and ``seed`` is a ``keras.random.SeedGenerator`` from which it draws all random numbers. Labels are returned
unchanged, except by ``mixup``. The docstrings of the transforms describe only the other arguments.

Every other ``class_name`` is a layer of ``keras.layers``, for example ``RandomFlip``, with its own arguments. A
transform belongs in this folder if no layer does the same, can be compiled by XLA, and reaches 0.9 of the speed in
graph mode, in which convolutional networks train on a CPU. benchmarks/results/augmentation.md has the measurements.
``AugMix`` differs from its paper: it chooses its operations once, when a step is traced.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import keras

from lookbook.sampling.streams import stream_seed

# The layers that change labels; Keras passes labels to them in a dictionary.
MIXING_LAYERS = ("MixUp", "CutMix")
# Layers that XLA cannot compile on TensorFlow although their `supports_jit` is True.
_NOT_COMPILED_BY_XLA = (*MIXING_LAYERS, "RandomElasticTransform")

# A transform with its seed and arguments bound: images and labels in, the same shapes out.
Function = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True, eq=False)
class Transform:
    """A sequence of transforms with the state of its random numbers.

    Attributes:
        functions: the transforms, in order, with their seeds and arguments bound.
        seeds: the seed generators that the transforms draw from. Their states belong in a checkpoint, and on JAX a
            compiled function takes them as arguments and returns them.
        supports_xla: whether XLA can compile every transform on the present backend.
    """

    functions: list[Function]
    seeds: list[keras.random.SeedGenerator]
    supports_xla: bool

    def __call__(self, images: Any, labels: Any) -> tuple[Any, Any]:
        """Apply the transforms in order to float32 images (B, H, W, C) and their labels."""
        for function in self.functions:
            images, labels = function(images, labels)
        return images, labels


def compose(entries: Iterable[Mapping[str, Any]], seed: keras.random.SeedGenerator) -> Transform:
    """Return the augmentation of a resolved experiment.

    Args:
        entries: the ``class_name`` and the ``config`` of each transform: a file of this folder and the arguments of
            its function, or a preprocessing layer of ``keras.layers`` and the arguments of its constructor.
        seed: the generator from which the transforms of this folder draw. Each Keras layer draws from a generator of
            its own, whose initial seed is derived from this one's and from the layer's position.

    Raises:
        ValueError: a Keras layer does not exist or refuses its arguments.
    """
    functions: list[Function] = []
    layers: list[keras.Layer] = []
    for position, entry in enumerate(entries):
        name, config = entry["class_name"], entry["config"]
        if (Path(__file__).parent / f"{name}.py").is_file():
            functions.append(partial(getattr(import_module(f"{__name__}.{name}"), name), seed=seed, **config))
        else:
            layer = _keras_layer(name, config, stream_seed(seed.get_config()["seed"], f"layer {position}"))
            functions.append(partial(_call_layer, layer))
            layers += layer._flatten_layers()
    generators = [generator for layer in layers for generator in layer._seed_generators]
    return Transform(functions, [seed, *generators], all(map(_supports_xla, layers)))


def _keras_layer(name: str, config: Mapping[str, Any], seed: int) -> keras.Layer:
    kind = getattr(keras.layers, name, None)
    if kind is None:
        raise ValueError(f"{name} is neither a file of {Path(__file__).parent.name}/ nor a layer of keras.layers")
    for key in ("seed", "dtype"):
        if key in config:
            raise ValueError(f"{name}: remove {key}; the seed follows from the trial's and the dtype is float32")
    seeded = {"seed": seed} if "seed" in signature(kind).parameters else {}
    # The dtype policy of mixed precision would round the pixels to bfloat16.
    return kind(**config, **seeded, dtype="float32")


def _call_layer(layer: keras.Layer, images: Any, labels: Any) -> tuple[Any, Any]:
    name = type(layer).__name__
    if name in MIXING_LAYERS:
        if len(labels.shape) != 2:
            raise ValueError(f"{name} needs one-hot labels of shape (batch, classes)")
        mixed = layer({"images": images, "labels": labels}, training=True)
        return mixed["images"], mixed["labels"]
    # Layers without random numbers, such as Solarization, may have no training argument.
    arguments = {"training": True} if "training" in signature(layer.call).parameters else {}
    augmented = layer(images, **arguments)
    if tuple(augmented.shape[1:]) != tuple(images.shape[1:]):
        raise ValueError(f"{name} changes the shape of an image from {images.shape[1:]} to {augmented.shape[1:]}")
    return augmented, labels


def _supports_xla(layer: keras.Layer) -> bool:
    if keras.backend.backend() != "tensorflow":
        return True
    return layer.supports_jit and type(layer).__name__ not in _NOT_COMPILED_BY_XLA
