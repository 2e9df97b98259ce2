"""Contact sheets: four images before and after augmentation, with six draws of each.

The sheets call the transforms that training uses, so drawing one imports Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lookbook.config.signatures import class_arguments, function_arguments, registered
from lookbook.datasets import fashion_mnist, generated
from lookbook.figures.mosaics import mosaic_figure
from lookbook.figures.style import message_figure
from lookbook.sampling.streams import stream, stream_seed

DRAWS = 6
SEED = 0
GARMENTS = ("T-shirt/top", "Ankle boot", "Bag", "Sandal")
SHAPES = ("red_star", "green_crescent", "blue_cross", "yellow_triangle")
SHAPE_PIXELS = 40
# A transform with a lower probability would leave nearly all images of a sheet unchanged.
RARE = 0.5


def contact_sheet(name: str, arguments: Mapping[str, Any]) -> str:
    """Return the contact sheet of an augmentation as an SVG document.

    Args:
        name: a transform of ``lookbook.augmentation`` or a layer of ``keras.layers``. The sheet of ``one_of_k`` has one
            column for each of its operations instead of draws.
        arguments: values that replace the defaults. A ``probability`` less than 0.5 is replaced by 1 to make the effect
            visible, and the sheet states this.
    """
    if name in registered("augmentation"):
        defaults = function_arguments("augmentation", name)
    else:
        required = class_arguments("augmentation", name)
        defaults = {key: None for key, is_required in required.items() if is_required}
    used: dict[str, Any] = {**defaults, **arguments}
    if missing := [key for key, default in defaults.items() if default is None and key not in arguments]:
        return message_figure(f"{name}: no experiment uses it, and {', '.join(missing)} has no default")
    settings = ", ".join(f"{key}={value}" for key, value in used.items())
    if used.get("probability", 1.0) < RARE:
        settings += "; drawn here with probability 1"
        used["probability"] = 1.0
    images, classes = shapes() if shown_in_color(name) else garments()
    if name == "one_of_k":
        return sheet(name, settings, images, classes, *operations(used["k"], images))
    headings = [f"draw {draw}" for draw in range(1, DRAWS + 1)]
    return sheet(name, settings, images, classes, headings, *augmented(name, used, images))


def shown_in_color(name: str) -> bool:
    """Return whether a sheet has color images: for transforms of colors, and for Keras's layers that keep labels."""
    return name in ("hue", "saturation") or name not in (*registered("augmentation"), "MixUp", "CutMix")


def augmented(name: str, arguments: Mapping[str, Any], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return six draws of an augmentation, each image with a class of its own.

    Images are uint8 (B, H, W, C); the draws are uint8 (6, B, H, W, C), with labels float32 (6, B, B).
    """
    from lookbook.augmentation import compose

    transform = compose([{"class_name": name, "config": arguments}], _seed())
    results = [_applied(transform, images) for _ in range(DRAWS)]
    return np.stack([images for images, _ in results]), np.stack([labels for _, labels in results])


def operations(k: int, images: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return the names of the first k operations of ``one_of_k``, and the images after each: uint8 (k, B, H, W, C)."""
    from lookbook.augmentation.one_of_k import OPERATIONS

    seed, names = _seed(), list(OPERATIONS)[:k]
    results = [_applied(lambda x, y, name=name: OPERATIONS[name](x, y, seed), images)[0] for name in names]
    return names, np.stack(results)


def _seed() -> Any:
    import keras

    return keras.random.SeedGenerator(stream_seed(SEED, "contact-sheet"))


def _applied(transform: Callable[..., tuple[Any, Any]], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from keras import ops

    pixels = ops.convert_to_tensor(images.astype(np.float32))
    pixels, labels = transform(pixels, ops.convert_to_tensor(np.eye(len(images), dtype=np.float32)))
    return np.rint(ops.convert_to_numpy(pixels)).clip(0, 255).astype(np.uint8), ops.convert_to_numpy(labels)


def sheet(
    title: str,
    subtitle: str,
    images: np.ndarray,
    classes: tuple[str, ...],
    headings: list[str],
    results: np.ndarray,
    labels: np.ndarray | None = None,
) -> str:
    """Lay out one image per row: the original, then its results, with mixed labels below.

    Args:
        images: uint8 (B, H, W, C).
        classes: B names.
        headings: D names of the columns with results.
        results: uint8 (D, B, H, W, C).
        labels: float32 (D, B, B), the share of each class; None if labels do not change.
    """
    count = len(images)
    labels = np.broadcast_to(np.eye(count), (len(results), count, count)) if labels is None else labels
    cells = np.concatenate([images[None], results]).swapaxes(0, 1)
    captions = [
        text
        for row, name in enumerate(classes)
        for text in (name.replace("_", " "), *(mixture(label[row], row, classes) for label in labels))
    ]
    return mosaic_figure(
        cells.reshape(-1, *images.shape[1:]),
        captions,
        columns=len(results) + 1,
        title=title,
        subtitle=subtitle,
        headings=["original", *(heading.replace("_", " ") for heading in headings)],
    )


def mixture(label: np.ndarray, own: int, classes: tuple[str, ...]) -> str:
    """Return the classes of a mixed label with their shares, one per line; empty for a label of its own class only."""
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
    """Return four generated color images, uint8 (4, 40, 40, 3), and their classes."""
    drawn = [
        generated.draw(generated.CLASSES.index(name), stream(SEED, "contact-sheet", number))
        for number, name in enumerate(SHAPES)
    ]
    return np.stack([np.asarray(image.resize((SHAPE_PIXELS, SHAPE_PIXELS))) for image in drawn]), SHAPES
