"""The evaluation of one saved model, and how it is printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lookbook.config.experiments import resolve_config
from lookbook.config.signatures import nearest
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.datasets.arrays import Dataset
from lookbook.datasets.by_hand import prepared
from lookbook.errors import ResultError
from lookbook.evaluation.classes import class_names
from lookbook.evaluation.metrics import METRICS, split_metrics
from lookbook.results.predictions import Predictions, log_softmax
from lookbook.results.trial import Trial, read_trial
from lookbook.runtime.predict import check_shapes, load_model
from lookbook.sampling.rows import kept_classes, number_of_outputs, targets

SHOWN = tuple(metric for metric in METRICS if not metric.of_duplicates)


def manifest_of(path: Path) -> Path:
    """Return the manifest of the dataset that the trial of a saved model was trained on, prepared if it is missing.

    Raises:
        ResultError: trial.json is not beside the model.
        DatasetError: the dataset cannot be prepared.
    """
    if (trial := trial_of(path)) is None:
        raise ResultError(f"{path}: no trial.json is beside it; state the dataset with --manifest")
    return prepared(trial.facts["spec"]["dataset"], resolve_config(read_config([CONFIG]))["data"])


def trial_of(path: Path) -> Trial | None:
    """Return the trial that saved a model, or None if its trial.json is not beside the model."""
    beside = path.with_name("trial.json")
    return read_trial(beside) if path.name == "model.keras" and beside.is_file() else None


def outputs_of(path: Path, data: Dataset, one_vs_all: str | None, classes: int | None) -> dict[str, Any]:
    """Return what the outputs of a saved model stand for, as the keys of a specification that say so.

    Args:
        path: the saved model. If trial.json of the trial that saved it is beside it, its specification is used.
        data: the prepared dataset.
        one_vs_all: name or number of the class of a one-vs-all classifier, or None.
        classes: the number of classes, the largest ones, that the model distinguishes, or None.

    Raises:
        ResultError: the dataset has no such class, or fewer classes.
    """
    if one_vs_all is not None:
        names = list(data.classes)
        known = {**{str(number): number for number in range(len(names))}, **{n: i for i, n in enumerate(names)}}
        if one_vs_all not in known:
            raise ResultError(
                f"--one-vs-all: {data.name} has no class '{one_vs_all[:40]}'{nearest(one_vs_all[:40], names)}"
            )
        return {"one_vs_all": known[one_vs_all], "sampling": {"classes": None}}
    if classes is not None:
        if not 2 <= classes <= len(data.classes):
            raise ResultError(f"--classes: must be from 2 to {len(data.classes)}, the classes of {data.name}")
        return {"one_vs_all": None, "sampling": {"classes": classes}}
    if trial := trial_of(path):
        spec = trial.facts["spec"]
        return {"one_vs_all": spec["one_vs_all"], "sampling": {"classes": spec["sampling"]["classes"]}}
    return {"one_vs_all": None, "sampling": {"classes": None}}


def evaluate_model(path: Path, data: Dataset, split: str | None, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return every metric of a saved model on the labelled images of a split.

    Args:
        path: the saved model, from pixels of 0 to 255 to logits.
        data: the prepared dataset.
        split: ``train`` or ``test``; None is test, or train if the dataset has no labelled test images.
        outputs: see ``outputs_of``. Images of classes that the model does not distinguish are left out.

    Returns:
        ``model``, ``split``, ``classes`` (the name of each output), and what ``split_metrics`` returns.

    Raises:
        ResultError: the model cannot be loaded or has other inputs or outputs, or the split has no labelled image.
    """
    split = split or ("test" if len(data.test_labels) else "train")
    images, labels = (
        (data.train_images, data.train_labels) if split == "train" else (data.test_images, data.test_labels)
    )
    if not len(labels):
        raise ResultError(f"the {split} images of {data.name} have no labels; use --split train")
    kept = kept_classes(outputs, np.asarray(data.train_labels))
    rows = np.flatnonzero(np.isin(labels, kept))
    model = load_model(path)
    check_shapes(path, model, data, number_of_outputs(outputs, len(data.classes)))
    pixels = np.asarray(images, np.float32) if len(rows) == len(labels) else np.asarray(images[rows], np.float32)
    log_probabilities = log_softmax(model.predict(pixels, batch_size=500, verbose=0))
    wanted = targets(outputs, np.asarray(labels)[rows], kept)
    metrics = split_metrics(
        Predictions(
            split,
            wanted,
            predicted=log_probabilities.argmax(axis=1),
            rows=rows,
            probabilities=np.exp(log_probabilities),
            log_likelihood=log_probabilities[np.arange(len(rows)), wanted],
            penalty=sum(map(float, model.losses)),
        )
    )
    return {"model": str(path), "split": split, "classes": class_names(outputs, data.manifest), **metrics}


def as_text(evaluated: Mapping[str, Any]) -> str:
    """Return the result of ``evaluate_model`` as two tables: the metrics, and those of each class by name."""
    lines = [f"{evaluated['model']}: {evaluated['samples']:,} {evaluated['split']} images", ""]
    lines += [f"{metric.label:20}{_number(evaluated[metric.name]):>10}" for metric in SHOWN]
    if table := evaluated["per_class"]:
        width = max(len("class"), *map(len, evaluated["classes"])) + 2
        columns = ("precision", "recall", "f1")
        lines += ["", f"{'class':{width}}{'precision':>10}{'recall':>10}{'F1':>10}{'images':>10}"]
        for number, name in enumerate(evaluated["classes"]):
            cells = "".join(f"{_number(table[column][number]):>10}" for column in columns)
            lines.append(f"{name:{width}}{cells}{table['support'][number]:>10,.0f}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
