"""Compare each transform of Lookbook with the nearest Keras layer, in compiled calls like those of training.

A call gathers uint8 images on the device, converts them to float32, augments them, and reduces them to one number. The
two transforms of a pair take turns in one process, and the medians of the rounds are compared. In graph mode a call has
four steps, with XLA as many as a round has.
"""

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np

from cases import images_and_labels
from results_file import hardware, provenance, table, write_section

STEPS_PER_CALL = 4
CLASSES = 10
NEAREST = {"fill_mode": "nearest"}
REPLACED = ("brightness", "contrast", "horizontal_flip", "vertical_flip")
Entry = tuple[str, dict[str, Any]]


class Pair(NamedTuple):
    """A transform of Lookbook beside a Keras layer, each with its arguments.

    Attributes:
        ours: the transform.
        keras: the layer.
        difference: in which respect the layer differs; empty if it does the same.
    """

    ours: Entry
    keras: Entry
    difference: str = ""


PAIRS = [
    Pair(
        ("zoom", {"minimum": 0.9, "maximum": 1.1}),
        ("RandomZoom", {"height_factor": [-0.1, 0.1], "width_factor": [-0.1, 0.1], **NEAREST}),
    ),
    Pair(("rotation", {"degrees": 20.0}), ("RandomRotation", {"factor": 20 / 360, **NEAREST})),
    Pair(("shift", {"width": 0.4}), ("RandomTranslation", {"height_factor": 0.0, "width_factor": 0.4, **NEAREST})),
    Pair(
        ("shear", {"degrees": 1.0}),
        ("RandomShear", {"x_factor": [0.0, 0.01745], **NEAREST}),
        "shears about a corner instead of the center, by a uniform factor instead of a uniform angle",
    ),
    Pair(
        ("random_erasing", {"probability": 0.1}),
        ("RandomErasing", {"factor": [0.1, 0.1], "scale": [0.02, 0.1]}),
        "draws width and height independently, fills with clipped normal instead of uniform noise",
    ),
    Pair(("mixup", {"alpha": 0.3}), ("MixUp", {"alpha": 0.3}), "partners are a permutation of the batch"),
    Pair(("brightness", {"delta": 0.2}), ("RandomBrightness", {"factor": 0.2})),
    # A single number would give factors of 1 to 1.2 only.
    Pair(("contrast", {"minimum": 0.8, "maximum": 1.2}), ("RandomContrast", {"factor": [0.2, 0.2]})),
    Pair(("hue", {"delta": 0.02}), ("RandomHue", {"factor": 0.04})),
    Pair(
        ("saturation", {"minimum": 0.8, "maximum": 1.2}),
        ("RandomSaturation", {"factor": [0.8 / 1.8, 1.2 / 2.2]}),
        "scales by f / (1 - f) of a uniform f, does not limit the saturation to 1",
    ),
    Pair(
        ("blur", {"size": 3}),
        ("RandomGaussianBlur", {"factor": [1.0, 1.0], "kernel_size": 3, "sigma": [0.5, 1.0]}),
        "Gaussian kernel instead of a box",
    ),
    Pair(("horizontal_flip", {}), ("RandomFlip", {"mode": "horizontal"})),
    Pair(("vertical_flip", {}), ("RandomFlip", {"mode": "vertical"})),
]


class Data(NamedTuple):
    """Images to augment: uint8 (N, H, W, C), their labels (N,), and the batch size."""

    images: np.ndarray
    labels: np.ndarray
    batch_size: int


def small_and_large() -> dict[str, Data]:
    """Return images of Fashion-MNIST in batches of 32, and random color images in batches of 64."""
    images, labels = images_and_labels()
    large = np.random.default_rng(0).integers(0, 256, (1024, 64, 64, 3)).astype(np.uint8)
    return {
        "28x28x1": Data(images[:4096], labels[:4096], 32),
        "64x64x3": Data(large, (np.arange(len(large)) % CLASSES).astype(np.uint8), 64),
    }


def transform_of(entry: Entry, seed: int = 0) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return a transform of Lookbook, one that was replaced, or a Keras layer, as a function of images and labels."""
    import keras

    import replaced_transforms
    from lookbook.augmentation import compose

    name, config = entry
    generator = keras.random.SeedGenerator(seed)
    if name in REPLACED:
        return partial(getattr(replaced_transforms, name), seed=generator, **config)
    return compose([{"class_name": name, "config": config}], generator)


def compiled(entry: Entry, data: Data, xla: bool) -> Callable[[int], None]:
    """Return a function that augments the given number of batches."""
    import tensorflow as tf

    transform = transform_of(entry)
    images, labels = tf.constant(data.images), tf.constant(data.labels.astype(np.int32))
    rows = tf.constant(np.arange(len(data.images), dtype=np.int32).reshape(-1, data.batch_size))
    batches = len(rows)

    def step(number: tf.Tensor) -> tf.Tensor:
        batch = rows[number % batches]
        pixels, label = tf.gather(images, batch), tf.one_hot(tf.gather(labels, batch), CLASSES)
        pixels, label = transform(tf.cast(pixels, tf.float32), label)
        return tf.reduce_sum(pixels) + tf.reduce_sum(label)

    def scan(steps: tf.Tensor) -> tf.Tensor:
        def body(number: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return number + 1, total + step(number)

        return tf.while_loop(lambda number, _: number < steps, body, (0, 0.0))[1]

    def unrolled(first: tf.Tensor) -> tf.Tensor:
        return tf.add_n([step(first + number) for number in range(STEPS_PER_CALL)])

    compiled_scan, compiled_unrolled = tf.function(scan, jit_compile=True), tf.function(unrolled)

    def run(steps: int) -> None:
        if xla:
            compiled_scan(tf.constant(steps)).numpy()
        else:
            [compiled_unrolled(tf.constant(first)) for first in range(0, steps, STEPS_PER_CALL)][-1].numpy()

    return run


def rates(pair: Pair, data: Data, xla: bool, rounds: int, seconds: float) -> list[float] | None:
    """Return the images per CPU second of Lookbook's transform and of Keras's layer; None if XLA cannot compile it."""
    import tensorflow as tf

    try:
        contenders = [compiled(entry, data, xla) for entry in (pair.ours, pair.keras)]
        steps = [_steps(run, seconds) for run in contenders]
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return None
    measured: list[list[float]] = [[], []]
    for _ in range(rounds):
        for run, count, found in zip(contenders, steps, measured, strict=True):
            found.append(count * data.batch_size / _timed(run, count))
    return [median(found) for found in measured]


def _steps(run: Callable[[int], None], seconds: float) -> int:
    """Return how many steps take about the given time, after they have been compiled."""
    steps = STEPS_PER_CALL
    while True:
        run(steps)
        if (spent := _timed(run, steps)) > seconds / 2:
            return steps
        steps = min(8 * steps, -(-int(steps * 1.2 * seconds / spent) // STEPS_PER_CALL) * STEPS_PER_CALL)


def _timed(run: Callable[[int], None], steps: int) -> float:
    # CPU time, because it does not depend on the load of the machine as much as wall time.
    started = time.process_time()
    run(steps)
    return time.process_time() - started


def draws(entry: Entry, data: Data) -> tuple[str, str]:
    """Return whether a layer draws once per image or per batch, and whether the same seed gives the same images."""
    import keras

    images = np.repeat(data.images[:1], 16, axis=0).astype("float32")
    labels = np.eye(16, dtype="float32")

    def calls() -> tuple[np.ndarray, np.ndarray]:
        transform = transform_of(entry, seed=1)
        # Several calls, because some operations are rare.
        results = [transform(images, labels) for _ in range(5)]
        return tuple(
            np.stack([keras.ops.convert_to_numpy(part) for part in parts]) for parts in zip(*results, strict=True)
        )

    (first, mixed), (again, _) = calls(), calls()
    per_image = (first != first[:, :1]).any() or (mixed != labels).any()
    kind = "per image" if per_image else "per batch" if (first != first[:1]).any() else "none"
    return kind, "yes" if np.array_equal(first, again) else "no"


def main() -> None:
    """Measure each pair, print the table and write it."""
    names = [pair.ours[0] for pair in PAIRS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="transforms (all)", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=7, help="timed turns of each transform (7)")
    parser.add_argument("--seconds", type=float, default=0.2, help="approximate CPU time of a turn (0.2)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (1)")
    arguments = parser.parse_args()
    from lookbook.runtime import devices

    devices.prepare(arguments.threads, gpu=False, slots_per_gpu=1, backend="tensorflow")
    devices.limit_threads(arguments.threads)
    shapes = small_and_large()
    header = ["Lookbook", "Keras", "its fill mode", "its draws", "repeatable", "how it differs"]
    header += [f"{shape}, {mode}" for shape in shapes for mode in ("graph", "XLA")]
    rows = []
    for pair in PAIRS:
        name, (layer, config) = pair.ours[0], pair.keras
        if name not in arguments.only:
            continue
        colored = name in ("hue", "saturation")
        facts = [config.get("fill_mode", "-"), *draws(pair.keras, shapes["64x64x3" if colored else "28x28x1"])]
        row = [f"`{name}`", f"`{layer}`", *facts, pair.difference or "-"]
        for shape, data in shapes.items():
            for xla in (False, True):
                if colored and shape == "28x28x1":
                    row.append("-")
                elif found := rates(pair, data, xla, arguments.rounds, arguments.seconds):
                    row.append(f"**{found[1] / found[0]:.2f}** ({found[1]:,.0f} to {found[0]:,.0f})")
                else:
                    row.append("not compiled")
        rows.append(row)
        print(" | ".join(row), flush=True)
    device = devices.facts(arguments.threads, gpu=False)["device"]
    note = (
        f"Images per CPU second on {device}: the ratio of Keras's rate to Lookbook's, medians of {arguments.rounds} "
        f"alternating rounds of about {arguments.seconds:g} s, for batches of 32 images of 28x28x1 and of 64 images of "
        "64x64x3. XLA cannot compile some layers on TensorFlow. Keras has no layer like `cutout`, `gaussian_noise`, "
        f"`one_of_k` and `quarter_turns`. Keras's layers replaced {', '.join(f'`{name}`' for name in REPLACED)}: they "
        "do the same, and experiments that use them compile in graph mode on a CPU."
    )
    text = f"{note}\n\n{table(header, rows)}\n{provenance(devices.versions())}"
    print(write_section("Augmentation", hardware(device), text))


if __name__ == "__main__":
    main()
