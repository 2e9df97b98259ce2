"""Plain Keras as the documents use it: float32, default layers, NumPy arrays, ``fit``."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from cases import Case, images_and_labels, spec_of
from contenders import Settings

ZOOM, ALPHA = (0.9, 1.1), 0.3


def ready(case: Case, settings: Settings) -> tuple[Callable[[int], None], dict[str, Any]]:
    """Return a function that trains a number of steps with ``fit``, and a dictionary of facts."""
    # Threads, oneDNN and XLA keep their defaults.
    os.environ["KERAS_BACKEND"] = settings.backend
    if not settings.gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import keras

    from lookbook import models
    from lookbook.training.optimizers import optimizer_from
    from lookbook.training.setup import wants_one_hot

    spec = spec_of(case, settings.backend, "float32")
    pixels, labels = images_and_labels()
    rescaling = spec["rescaling"] or {"scale": 1.0, "offset": 0.0}
    images = pixels.astype("float32") * np.float32(rescaling["scale"]) + np.float32(rescaling["offset"])
    if wants_one_hot(spec["loss"]):
        labels = keras.utils.to_categorical(labels, 10)
    model = models.build(spec["model"], images.shape[1:], 10, None)
    optimizer = optimizer_from(spec["optimizer"], len(images) // case.batch_size)
    model.compile(optimizer, keras.losses.get(spec["loss"]), metrics=["accuracy"])

    def train(steps: int) -> None:
        count = steps * case.batch_size
        if case.augmented:
            model.fit(_augmented(images[:count], labels[:count], case.batch_size), verbose=0)
        else:
            model.fit(images[:count], labels[:count], batch_size=case.batch_size, verbose=0)

    return train, {"precision": "float32", "parameters": model.count_params()}


def _augmented(images: np.ndarray, labels: np.ndarray, batch_size: int) -> Any:
    """Return the augmentation of exp107's document: SciPy zooms each image on the host, then batches are mixed."""
    import keras
    from scipy.ndimage import affine_transform

    generator = np.random.default_rng(0)

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(images) // batch_size

        def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
            part = slice(number * batch_size, (number + 1) * batch_size)
            zoomed = np.stack([self.zoomed(image) for image in images[part]])
            weight = generator.beta(ALPHA, ALPHA, batch_size).astype("float32")
            partner = generator.permutation(batch_size)
            mixed = weight[:, None, None, None] * zoomed + (1 - weight)[:, None, None, None] * zoomed[partner]
            target = labels[part]
            return mixed, weight[:, None] * target + (1 - weight)[:, None] * target[partner]

        def zoomed(self, image: np.ndarray) -> np.ndarray:
            factors = generator.uniform(*ZOOM, 2)
            centre = (np.array(image.shape[:2]) - 1) / 2
            moved = affine_transform(image[..., 0], factors, centre - factors * centre, order=1, mode="nearest")
            return moved[..., None]

    return Batches()
