"""Contact sheets: what an augmentation does to four images, as the original and eight draws of each.

They run the real transforms, so drawing the sheet of an augmentation imports Keras.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from lookbook.datasets import fashion_mnist, generated, growing_batch
from lookbook.figures.mosaics import mosaic_figure
from lookbook.figures.sheet_names import OFFLINE_PREFIX
from lookbook.figures.style import message_figure
from lookbook.sampling.streams import stream, stream_seed

DRAWS = 8
SEED = 0
# Gray images stay as they are under these.
COLOUR = ("brightness", "contrast", "hue", "saturation")
GARMENTS = ("T-shirt/top", "Ankle boot", "Bag", "Sandal")
SHAPES = ("red_star", "green_crescent", "blue_cross", "yellow_triangle")
SHAPE_PIXELS = 40
# An operation with less chance than this would leave nearly all of a sheet's images unchanged.
RARE = 0.5


def contact_sheet(name: str, arguments: Mapping[str, Any]) -> str:
    """Return the contact sheet of an augmentation, or of an offline operation, as an SVG document.

    Args:
        name: one of ``sheet_names()``.
        arguments: of the augmentation's function, in place of its defaults; offline operations take none. A
            ``probability`` below 0.5 is drawn as 1, so that there is something to see, and the sheet says so.
    """
    if name.startswith(OFFLINE_PREFIX):
        return offline_sheet(name.removeprefix(OFFLINE_PREFIX))
    function = getattr(import_module(f"lookbook.augmentation.{name}"), name)
    used = keyword_arguments(function) | dict(arguments)
    missing = [key for key, value in used.items() if value is inspect.Parameter.empty]
    if missing:
        return message_figure(f"{name}: no experiment uses it, and {', '.join(missing)} has no default")
    settings = ", ".join(f"{key}={value}" for key, value in used.items())
    if used.get("probability", 1.0) < RARE:
        settings += "; drawn here with probability 1"
        used["probability"] = 1.0
    images, classes = shapes() if name in COLOUR else garments()
    return sheet(name, settings, images, classes, *augmented(name, used, images))


def offline_sheet(name: str) -> str:
    """Return the contact sheet of one of the growing-batch document's operations, on gray images."""
    operation = {function.__name__: function for function in growing_batch.OPERATIONS}[name]
    images, classes = garments()
    drawn = [operation(images, stream(SEED, "contact-sheet", draw)) for draw in range(DRAWS)]
    return sheet(name, "growing-batch copies, made once before training", images, classes, np.stack(drawn))


def keyword_arguments(function: Any) -> dict[str, Any]:
    """Return a function's keyword-only arguments with their defaults; ``Parameter.empty`` where there is none."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def augmented(name: str, arguments: Mapping[str, Any], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eight draws of an augmentation, each image with a class of its own.

    Args:
        name: a file of ``lookbook/augmentation``.
        arguments: of its function.
        images: uint8 (B, H, W, C).

    Returns:
        images uint8 (8, B, H, W, C) and labels float32 (8, B, B).
    """
    import keras

    from lookbook.augmentation import compose

    seed = keras.random.SeedGenerator(stream_seed(SEED, "contact-sheet"))
    transform = compose([{"class_name": name, "config": arguments}], seed)
    pixels = keras.ops.convert_to_tensor(images.astype(np.float32))
    labels = keras.ops.convert_to_tensor(np.eye(len(images), dtype=np.float32))
    draws = [[keras.ops.convert_to_numpy(part) for part in transform(pixels, labels)] for _ in range(DRAWS)]
    drawn = np.rint(np.stack([image for image, _ in draws])).clip(0, 255).astype(np.uint8)
    return drawn, np.stack([label for _, label in draws])


def sheet(
    title: str,
    subtitle: str,
    images: np.ndarray,
    classes: tuple[str, ...],
    drawn: np.ndarray,
    labels: np.ndarray | None = None,
) -> str:
    """Lay out one image per row: the original, then its draws; a mixed label stands below the image.

    Args:
        title, subtitle: above all.
        images: uint8 (B, H, W, C).
        classes: B names.
        drawn: uint8 (8, B, H, W, C).
        labels: float32 (8, B, B), the share of each class; None where they stay as they are.
    """
    count = len(images)
    labels = np.broadcast_to(np.eye(count), (DRAWS, count, count)) if labels is None else labels
    cells = np.concatenate([images[None], drawn]).swapaxes(0, 1)
    captions = [
        text
        for row, name in enumerate(classes)
        for text in (name, *(mixture(labels[draw, row], row, classes) for draw in range(DRAWS)))
    ]
    headings = ["original", *(f"draw {draw}" for draw in range(1, DRAWS + 1))]
    return mosaic_figure(
        cells.reshape(-1, *images.shape[1:]),
        captions,
        columns=DRAWS + 1,
        title=title,
        subtitle=subtitle,
        headings=headings,
        font_size=6,
    )


def mixture(label: np.ndarray, own: int, classes: tuple[str, ...]) -> str:
    """Return the classes of a mixed label with their shares, a line each; nothing where it is one class's own."""
    if label[own] > 0.995:
        return ""
    return "\n".join(f"{label[number]:.0%} {classes[number]}" for number in np.argsort(-label) if label[number] > 0.005)


@cache
def garments() -> tuple[np.ndarray, tuple[str, ...]]:
    """Return four images of Fashion-MNIST, uint8 (4, 28, 28, 1), and their classes."""
    sample = fashion_mnist.read(fashion_mnist.SAMPLE_FOLDER, verify=False)
    labels = sample["test_labels"].tolist()
    first = [labels.index(fashion_mnist.CLASSES.index(name)) for name in GARMENTS]
    return sample["test_images"][first][..., None], GARMENTS


@cache
def shapes() -> tuple[np.ndarray, tuple[str, ...]]:
    """Return four drawn images in colour, uint8 (4, 40, 40, 3), and their classes."""
    drawn = [
        generated.draw(generated.CLASSES.index(name), stream(SEED, "contact-sheet", number))
        for number, name in enumerate(SHAPES)
    ]
    return np.stack([np.asarray(image.resize((SHAPE_PIXELS, SHAPE_PIXELS))) for image in drawn]), SHAPES
