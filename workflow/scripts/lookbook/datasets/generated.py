"""Drawn images: 42 imbalanced classes in the layout of the Simpsons competition, for its reader to read.

Ten of the classes also come small, in the form of simpsons-mnist: balanced, with a labelled test split.

A class is a shape in a colour, such as ``green_star``. What makes it less than trivial: the hue wanders
towards its neighbours', size, place, angle and lighting vary, smaller shapes of other classes lie around,
and there is noise. Sizes are mixed as in the competition, and the class sizes have its proportions. An
image depends on the seed, its class and its number alone: a larger total draws the same images and more.
"""

import colorsys
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from tqdm import tqdm

from lookbook.datasets import arrays
from lookbook.datasets.simpsons import prepare_layout
from lookbook.results.submissions import write_submission
from lookbook.sampling.streams import stream

Points = list[tuple[float, float]]


def _arc(radius: float, start: float, stop: float, center: float = 0.0) -> Points:
    """Return points of a circle from angle to angle, in turns, its centre moved to the right."""
    angles = [2 * math.pi * (start + (stop - start) * step / 24) for step in range(25)]
    return [(center + radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _star(corners: int, inner: float) -> Points:
    radii = [1 if step % 2 == 0 else inner for step in range(2 * corners)]
    angles = [math.pi * step / corners - math.pi / 2 for step in range(2 * corners)]
    return [(r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(radii, angles, strict=True)]


def _cross(half: float) -> Points:
    quarter = [(half, -1.0), (half, -half), (1.0, -half)]
    # A quarter turn takes (x, y) to (-y, x).
    half_turn = quarter + [(-y, x) for x, y in quarter]
    return half_turn + [(-x, -y) for x, y in half_turn]


HUES = {"red": 0.0, "yellow": 1 / 6, "green": 2 / 6, "cyan": 3 / 6, "blue": 4 / 6, "magenta": 5 / 6}
# Outlines in a circle of radius 1 around the origin.
SHAPES: dict[str, Points] = {
    "bar": [(-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3)],
    "crescent": _arc(1, 0.15, 0.85) + _arc(0.82, 0.85, 0.15, center=0.35),
    "cross": _cross(0.3),
    "disc": _arc(0.9, 0, 1),
    "square": [(-0.75, -0.75), (0.75, -0.75), (0.75, 0.75), (-0.75, 0.75)],
    "star": _star(5, 0.45),
    "triangle": [(0, -1), (0.9, 0.7), (-0.9, 0.7)],
}
CLASSES = tuple(sorted(f"{hue}_{shape}" for hue in HUES for shape in SHAPES))
# Images per class of the competition, largest first; 20,933 in all.
# fmt: off
COMPETITION_COUNTS = (
    2246, 1454, 1452, 1354, 1342, 1291, 1206, 1194, 1193, 1079, 986, 913, 877, 623, 498, 469, 457, 358, 310,
    246, 181, 128, 121, 106, 103, 98, 89, 72, 71, 65, 55, 47, 45, 42, 40, 32, 27, 27, 17, 8, 8, 3,
)
# fmt: on
SMALLEST_CLASS = 3
PIXELS = {"generated": 64, "generated_128": 128, "generated_224": 224}  # side of the prepared images, by name
SOURCE = "drawn by Lookbook: 42 classes, shapes in colours"
DRAWN = "drawn"
# Grey cannot tell most colours, so shapes that come twice come in the lightest and the darkest one.
SMALL_CLASSES = (
    "blue_cross",
    "blue_disc",
    "blue_star",
    "cyan_triangle",
    "green_square",
    "magenta_crescent",
    "red_bar",
    "yellow_cross",
    "yellow_disc",
    "yellow_star",
)
SMALL_MODES = {"generated_small_rgb": "RGB", "generated_small_gray": "L"}  # colour mode, by name
SMALL_PER_CLASS = {"train": 80, "test": 20}
SMALL_PIXELS = 28
SMALL_CANVAS = 3 * SMALL_PIXELS  # drawn larger and reduced, or the contours would be jagged
SMALL_SOURCE = "drawn by Lookbook: 10 classes, shapes in colours, 28 x 28 pixels"


def prepare(
    name: str,
    output: str | Path,
    source: str | Path | None = None,
    *,
    workers: int = 1,
    total: int = 1200,
    tests: int = 99,
    seed: int = 0,
) -> dict[str, Any]:
    """Draw the images, prepare them as ``simpsons.prepare_layout`` does, and return the manifest.

    The names of ``SMALL_MODES`` are prepared by ``prepare_small``, for which only the seed matters.

    Args:
        name: a key of ``PIXELS`` or of ``SMALL_MODES``.
        output: the folder to write; the JPEG files stay in its folder ``drawn``.
        source: a folder that ``draw_folder`` filled, to use instead of drawing.
        workers: processes that decode.
        total: training images, about.
        tests: test images without labels.
        seed: of the drawing.
    """
    if name in SMALL_MODES:
        return prepare_small(name, output, seed=seed)
    folder = Path(source) if source else Path(output) / DRAWN
    if not source:
        draw_folder(folder, total=total, tests=tests, seed=seed)
    return prepare_layout(
        folder, Path(output), name=name, classes=CLASSES, origin=SOURCE, size=PIXELS[name], workers=workers
    )


def prepare_small(
    name: str, output: str | Path, *, seed: int = 0, per_class: dict[str, int] = SMALL_PER_CLASS
) -> dict[str, Any]:
    """Draw ``SMALL_CLASSES`` at 28 x 28 pixels, write them as ``arrays.write`` does, and return the manifest.

    Images are in the order of class and number. The grey set has the same drawings as the coloured one.

    Args:
        name: a key of ``SMALL_MODES``: uint8 (N, 28, 28, 3) or (N, 28, 28, 1).
        output: the folder to write.
        seed: of the drawing.
        per_class: images of each class in each split.
    """
    labels = {split: np.repeat(np.arange(len(SMALL_CLASSES)), count) for split, count in per_class.items()}
    images = {}
    with tqdm(total=sum(map(len, labels.values())), desc="sampling", unit="image", mininterval=1) as progress:
        for split, answers in labels.items():
            drawn = []
            for number, answer in enumerate(answers):
                rng = stream(seed, f"generated-small-{split}", int(answer), number % per_class[split])
                image = _paint(SMALL_CLASSES[answer], rng, SMALL_CANVAS, SMALL_CANVAS, blur=SMALL_CANVAS / 180)
                image = image.resize((SMALL_PIXELS, SMALL_PIXELS), Image.Resampling.BILINEAR)
                drawn.append(np.asarray(image.convert(SMALL_MODES[name])).reshape(SMALL_PIXELS, SMALL_PIXELS, -1))
                progress.update()
            images[split] = np.stack(drawn)
    return arrays.write(
        Path(output),
        name=name,
        classes=SMALL_CLASSES,
        source=SMALL_SOURCE,
        train_images=images["train"],
        train_labels=labels["train"].astype(np.uint8),
        test_images=images["test"],
        test_labels=labels["test"].astype(np.uint8),
    )


def draw_folder(folder: Path, *, total: int = 1200, tests: int = 99, seed: int = 0) -> None:
    """Fill a folder in the competition's layout: JPEG files of 60 to 900 pixels a side.

    Beside ``train`` and ``testset`` there is ``solution.csv``, the true classes of the test images in the
    form of a submission, so that a submission can be scored. What was in the folder before is removed.

    Args:
        folder: where to write.
        total: training images; classes of fewer than three are filled up, so there may be a few more.
        tests: test images.
        seed: of the drawing; the same seed gives the same bytes with the same version of Pillow.
    """
    shutil.rmtree(folder, ignore_errors=True)
    counts = class_counts(total)
    names = [f"img{number}.jpg" for number in range(tests)]
    answers = stream(seed, "generated-answers").integers(len(CLASSES), size=tests)
    with tqdm(total=sum(counts) + tests, desc="sampling", unit="image", mininterval=1) as progress:
        for label, count in enumerate(counts):
            directory = folder / "train" / "simpsons_dataset" / CLASSES[label]
            directory.mkdir(parents=True)
            for number in range(count):
                image = draw(label, stream(seed, "generated-train", label, number))
                image.save(directory / f"pic_{number:04d}.jpg", quality=85)
                progress.update()
        directory = folder / "testset" / "testset"
        directory.mkdir(parents=True)
        for number, label in enumerate(answers):
            image = draw(int(label), stream(seed, "generated-test", number))
            image.save(directory / names[number], quality=85)
            progress.update()
    write_submission(folder / "solution.csv", names, [CLASSES[label] for label in answers])


def class_counts(total: int) -> list[int]:
    """Return training images per class, in the order of ``CLASSES``, in the competition's proportions."""
    # A stride that shares no factor with 42 spreads large and small classes over all colours and shapes.
    places = [label * 11 % len(CLASSES) for label in range(len(CLASSES))]
    everything = sum(COMPETITION_COUNTS)
    return [max(round(total * COMPETITION_COUNTS[place] / everything), SMALLEST_CLASS) for place in places]


def draw(label: int, rng: np.random.Generator) -> Image.Image:
    """Draw one image of a class, RGB, 60 to 900 pixels a side."""
    side, stretch = math.exp(rng.normal(math.log(180), 0.6)), math.exp(rng.normal(0, 0.15))
    width, height = (int(np.clip(length, 60, 900)) for length in (side * stretch, side / stretch))
    return _paint(CLASSES[label], rng, width, height, blur=side / 180)


def _paint(name: str, rng: np.random.Generator, width: int, height: int, *, blur: float) -> Image.Image:
    """Draw one image of the class of this name, RGB; ``blur`` scales the radius of the blur that half of them have."""
    # Greyish, or the colour of the background would say as much as the colour of the shape.
    ground = rng.uniform(40, 215, size=(3, 3, 1)) + rng.normal(0, 22, size=(3, 3, 3))
    ground = np.clip(ground, 0, 255).astype(np.uint8)
    image = Image.fromarray(ground).resize((width, height), Image.Resampling.BICUBIC)
    canvas = ImageDraw.Draw(image)
    # Smaller shapes of any class, some of them in front of the one that counts.
    others = [CLASSES[int(label)] for label in rng.integers(len(CLASSES), size=rng.integers(2, 6))]
    behind = int(rng.integers(1, len(others)))
    for other in others[:behind]:
        _draw_shape(canvas, image.size, other, rng, radius=rng.uniform(0.06, 0.13), margin=0.05)
    _draw_shape(canvas, image.size, name, rng, radius=rng.uniform(0.27, 0.44), margin=0.4)
    for other in others[behind:]:
        _draw_shape(canvas, image.size, other, rng, radius=rng.uniform(0.06, 0.13), margin=0.05)
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 2.5)) * blur))
    light = rng.uniform(0.6, 1.1) * rng.uniform(0.9, 1.1, size=3)
    noise = rng.standard_normal((height, width, 1), dtype=np.float32) * float(rng.uniform(3, 20))
    pixels = np.asarray(image, np.float32) * light.astype(np.float32) + noise
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _draw_shape(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    name: str,
    rng: np.random.Generator,
    *,
    radius: float,
    margin: float,
) -> None:
    """Draw a class's shape somewhere; radius and margin are parts of the shorter side."""
    hue, shape = name.split("_")
    shorter = min(size)
    x, y = (rng.uniform(margin * shorter, length - margin * shorter) for length in size)
    turn = rng.normal(0, 0.2)
    flat, squeeze = radius * shorter, rng.uniform(0.85, 1.18)
    outline = [
        (
            x + flat * squeeze * (px * math.cos(turn) - py * math.sin(turn)),
            y + flat / squeeze * (px * math.sin(turn) + py * math.cos(turn)),
        )
        for px, py in SHAPES[shape]
    ]
    color = colorsys.hsv_to_rgb((HUES[hue] + rng.normal(0, 0.04)) % 1, rng.uniform(0.4, 1), rng.uniform(0.45, 1))
    fill = tuple(round(255 * channel) for channel in color)
    # Dark contours as in a cartoon: without them, few examples are not enough to learn the outlines from.
    canvas.polygon(outline, fill=fill, outline=(20, 20, 20), width=max(round(flat / 12), 1))
