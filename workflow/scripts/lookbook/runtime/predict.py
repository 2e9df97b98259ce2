"""Predictions of saved models."""

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from lookbook.datasets.arrays import Dataset
from lookbook.datasets.competition_layout import unread_images
from lookbook.errors import ResultError
from lookbook.results.predictions import log_softmax
from lookbook.results.submissions import write_submission
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import Trial
from lookbook.sampling.rows import kept_classes

BATCH = 32


def load_model(path: Path) -> Any:
    """Return a saved Keras model, which may contain this project's own layers.

    Raises:
        ResultError: Keras cannot load the file.
    """
    import keras

    from lookbook import models

    # Importing a module of networks registers its layers with Keras.
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"{models.__name__}.{module.name}")
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:  # What a damaged file raises depends on its bytes.
        about = " ".join(str(error).split())[:300]
        raise ResultError(f"{path}: Keras cannot load the model ({type(error).__name__}: {about})") from None


def check_shapes(path: Path, model: Any, data: Dataset, outputs: int) -> None:
    """Raise ResultError unless a model takes the images of a dataset and returns this number of logits."""
    expected = (None, *data.shape), (None, outputs)
    try:
        stated = tuple(model.input_shape), tuple(model.output_shape)
    except AttributeError:  # a model that was not built
        stated = (), ()
    fits = all(
        len(shape) == len(sizes) and all(size in (None, wanted) for size, wanted in zip(shape, sizes, strict=True))
        for shape, sizes in zip(stated, expected, strict=True)
    )
    if not fits or stated[1][-1] is None:
        raise ResultError(
            f"{path}: the model maps {stated[0]} to {stated[1]}, but {data.name} requires {expected[0]} to "
            f"{expected[1]}; use a model that was trained on this dataset, or state --one-vs-all or --classes"
        )


def mean_probabilities(models: Sequence[Path], images: np.ndarray, transforms: Sequence[str] = ()) -> np.ndarray:
    """Return the mean over saved models of the probabilities, float64 (M, C), of uint8 images (M, H, W, 3).

    ``transforms`` are those over which each model averages, see ``training.test_time_augmentation``.
    """
    from lookbook.training.test_time_augmentation import averaged

    starts = range(0, len(images), BATCH)
    probabilities = []
    with tqdm(total=len(models) * len(starts), desc="predict", unit="batch", mininterval=1, disable=None) as progress:
        for path in models:
            model = averaged(load_model(path), transforms)
            model.jit_compile = False  # XLA's convolutions are slow on a CPU
            logits = []
            for start in starts:  # only one batch at a time is read from disk and converted to float32
                logits.append(model.predict_on_batch(np.asarray(images[start : start + BATCH], np.float32)))
                progress.update()
            probabilities.append(np.exp(log_softmax(np.concatenate(logits))))
    return np.mean(probabilities, axis=0)


def submit(path: Path, trials: Sequence[Trial], data: Dataset) -> int:
    """Write the submission of an experiment and return the number of trials that it averages.

    A class is predicted by the mean probabilities of the trials that ran to their end; without such trials the
    submission has no rows. A test image that could not be read has the largest class of the training images, because
    the competition requires a row for each.

    Args:
        path: the CSV file to write.
        trials: all trials of the experiment.
        data: the prepared dataset.

    Raises:
        DatasetError: the dataset has no images without labels.
        ResultError: a model is missing or damaged, or does not distinguish the classes of the dataset.
    """
    from lookbook.training.test_time_augmentation import transforms_of

    images, identity = data.submission_images(), identity_of_trials(trials)
    finished = [trial for trial in trials if trial.is_finished]
    if not finished:
        write_submission(path, {}, identity=identity)
        return 0
    if any(trial.facts["digests"]["dataset"] != data.digest for trial in finished):
        raise ResultError(f"{finished[0].path}: the trials used other images than {data.directory}; train them again")
    spec = finished[0].facts["spec"]
    kept = kept_classes(spec, data.train_labels)
    models = [trial.file("model.keras") for trial in finished]
    probabilities = mean_probabilities(models, images, transforms_of(spec))
    if spec["one_vs_all"] is not None or probabilities.shape[1] != len(kept):
        raise ResultError(f"{finished[0].path}: its network does not distinguish the {len(kept)} kept classes")
    predicted = [data.classes[label] for label in kept[probabilities.argmax(axis=1)]]
    answers = dict(zip(data.manifest["submission"]["names"], predicted, strict=True))
    largest = data.classes[int(np.bincount(data.train_labels).argmax())]
    write_submission(path, answers | dict.fromkeys(unread_images(data.manifest), largest), identity=identity)
    return len(finished)
