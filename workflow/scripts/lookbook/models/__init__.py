"""The networks: one file per family, with a function of the same name, the configuration's ``model.class_name``.

To add a family, add a file such as ``my_net.py`` with ``def my_net(input_shape, classes, *, width=1) -> keras.Model``.
This holds for every such function; its own docstring describes what is its own:

- ``input_shape`` is the height, width and channels of the images, ``classes`` the number of classes.
- The keyword-only arguments are those that ``model.config`` may set. Initializers and regularizers are given by name,
  or by ``class_name`` and ``config``; the regularizer None regularizes nothing.
- The result is a model from images (batch, height, width, channels) to logits (batch, classes).
- Stated numbers of parameters are those for 28x28x1 images and 10 classes, unless the docstring says otherwise.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import keras


def build(
    model: Mapping[str, Any],
    input_shape: tuple[int, int, int],
    classes: int,
    rescaling: Mapping[str, float] | None,
) -> keras.Model:
    """Return the network of a resolved experiment, from raw pixels to logits.

    Args:
        model: ``class_name`` (a file of this folder) and ``config`` (arguments of its function).
        input_shape: height, width and channels.
        classes: the number of logits.
        rescaling: ``scale`` and ``offset`` of the pixels, or None for no rescaling.

    Returns:
        A model with float32 (B, H, W, C) pixels from 0 to 255 as input and logits (B, classes) as output. It contains
        the rescaling, so a saved model takes raw images.
    """
    builder = getattr(import_module(f"{__name__}.{model['class_name']}"), model["class_name"])
    network = builder(input_shape, classes, **model["config"])
    if rescaling is None:
        return network
    pixels = keras.Input(input_shape, name="pixels")
    scaled = keras.layers.Rescaling(**rescaling, name="rescaling")(pixels)
    return keras.Model(pixels, network(scaled), name=network.name)


def layers_of(model: Any) -> Iterator[Any]:
    """Yield every layer of a model, including those of nested models."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from layers_of(layer)
