"""Images of colored shapes, which ``generated`` uses as its classes.

The hue varies towards the neighboring hues; size, place, angle and lighting vary; there are smaller shapes of other
classes, and noise. So the classes are not trivial to tell apart.
"""

import colorsys
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Points = list[tuple[float, float]]


def _arc(radius: float, start: float, stop: float, center: float = 0.0) -> Points:
    """Return points of an arc between two angles, in turns, with its center moved to the right."""
    angles = [2 * math.pi * (start + (stop - start) * step / 24) for step in range(25)]
    return [(center + radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _star(corners: int, inner: float) -> Points:
    radii = [1 if step % 2 == 0 else inner for step in range(2 * corners)]
    angles = [math.pi * step / corners - math.pi / 2 for step in range(2 * corners)]
    return [(r * math.cos(angle), r * math.sin(angle)) for r, angle in zip(radii, angles, strict=True)]


def _cross(half: float) -> Points:
    quarter = [(half, -1.0), (half, -half), (1.0, -half)]
    # A quarter turn maps (x, y) to (-y, x).
    half_turn = quarter + [(-y, x) for x, y in quarter]
    return half_turn + [(-x, -y) for x, y in half_turn]


HUES = {"red": 0.0, "yellow": 1 / 6, "green": 2 / 6, "cyan": 3 / 6, "blue": 4 / 6, "magenta": 5 / 6}
# Outlines within a circle of radius 1 around the origin.
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


def draw_image(name: str, rng: np.random.Generator, width: int, height: int, *, blur: float) -> Image.Image:
    """Return one image of a class, RGB, with all random draws from ``rng``.

    ``blur`` is a factor on the radius of the Gaussian blur that half of the images have.
    """
    # Nearly gray, so that the color of the background does not tell the class.
    ground = rng.uniform(40, 215, size=(3, 3, 1)) + rng.normal(0, 22, size=(3, 3, 3))
    ground = np.clip(ground, 0, 255).astype(np.uint8)
    image = Image.fromarray(ground).resize((width, height), Image.Resampling.BICUBIC)
    canvas = ImageDraw.Draw(image)
    # Smaller shapes of any class, some of them in front of the main shape.
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
    """Draw the shape of a class at a random place; radius and margin are fractions of the shorter side."""
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
    # Dark outlines as in a cartoon, so that few examples are enough to learn the shapes.
    canvas.polygon(outline, fill=fill, outline=(20, 20, 20), width=max(round(flat / 12), 1))
