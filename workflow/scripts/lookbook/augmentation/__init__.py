"""Transforms of a training batch, on the device. One file each; its name is what a configuration calls it.

To add one, add a file: ``my_transform.py`` with ``def my_transform(images, labels, seed, *, strength=1.0)`` that
returns images and labels. Images are float32 (B, H, W, C) with pixels of 0 to 255, labels are what the loss wants
(one-hot float32 for categorical losses), and ``seed`` is a ``keras.random.SeedGenerator`` for everything random.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

Transform = Callable[[Any, Any], tuple[Any, Any]]


def compose(entries: Iterable[Mapping[str, Any]], seed: Any) -> Transform:
    """Return one function that applies the transforms of a resolved experiment in their order.

    Args:
        entries: ``class_name`` (a file of this folder) and ``config`` (arguments of its function) of each.
        seed: the ``keras.random.SeedGenerator`` that all of them draw from.
    """
    functions = [
        partial(getattr(import_module(f"{__name__}.{e['class_name']}"), e["class_name"]), seed=seed, **e["config"])
        for e in entries
    ]

    def transform(images: Any, labels: Any) -> tuple[Any, Any]:
        for function in functions:
            images, labels = function(images, labels)
        return images, labels

    return transform
