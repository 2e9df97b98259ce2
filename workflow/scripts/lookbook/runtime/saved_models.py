"""The evaluation of one saved model, and how it is printed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lookbook.config.experiments import resolve_config
from lookbook.config.signatures import nearest
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.datasets import DATASETS
from lookbook.datasets.arrays import Dataset
from lookbook.datasets.by_hand import prepared
from lookbook.errors import ResultError
from lookbook.evaluation.classes import class_names
from lookbook.evaluation.metrics import METRICS, split_metrics
from lookbook.results.predictions import Predictions, log_softmax
from lookbook.results.trial import Trial, read_trial
from lookbook.runtime.predict import check_shapes, load_model
from lookbook.sampling.rows import kept_classes, number_of_outputs, targets
from lookbook.training.test_time_augmentation import averaged, transforms_of

SHARES = ("precision", "recall", "f1")
SHOWN = tuple(metric for metric in METRICS if not metric.of_duplicates)


def manifest_of(path: Path) -> Path:
    """Return the manifest of the dataset that the trial of a saved model was trained on, prepared if it is missing.

    Raises:
        ResultError: trial.json is not beside the model, or names a dataset that is not among ``DATASETS``.
        DatasetError: the dataset cannot be prepared.
    """
    if (trial := trial_of(path)) is None:
        raise ResultError(f"{path}: no trial.json is beside it; state the dataset with --manifest")
    dataset = trial.facts["spec"]["dataset"]
    if dataset not in DATASETS:
        raise ResultError(f"{trial.path}: its dataset '{dataset}' is unknown; state the manifest of it with --manifest")
    return prepared(dataset, resolve_config(read_config([CONFIG]))["data"])


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
        ResultError: the dataset has no such class, or fewer classes; trial.json is damaged.
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
        spec, count = trial.facts["spec"], len(data.classes)
        if (spec["one_vs_all"] or 0) >= count or (spec["sampling"]["classes"] or 0) > count:
            raise ResultError(
                f"{trial.path}: the model distinguishes classes of {spec['dataset']} that {data.name} does not have; "
                f"use the manifest of {spec['dataset']}"
            )
        return {"one_vs_all": spec["one_vs_all"], "sampling": {"classes": spec["sampling"]["classes"]}}
    return {"one_vs_all": None, "sampling": {"classes": None}}


def evaluate_model(
    path: Path, data: Dataset, split: str | None, outputs: Mapping[str, Any], transforms: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return every metric of a saved model on the labelled images of a split.

    Args:
        path: the saved model, from pixels of 0 to 255 to logits.
        data: the prepared dataset.
        split: ``train`` or ``test``; None is test, or train if the dataset has no labelled test images.
        outputs: see ``outputs_of``. Images of classes that the model does not distinguish are left out.
        transforms: those of an image over which the probabilities are averaged, see
            ``training.test_time_augmentation``; None is those of the trial whose trial.json is beside the model.

    Returns:
        ``model``, ``split``, ``note`` (why it is not the test split, or None), ``classes`` (the name of each output),
        and what ``split_metrics`` returns.

    Raises:
        ResultError: the model cannot be loaded or has other inputs or outputs, or the split has no labelled image.
    """
    unlabelled = f"the test images of {data.name} have no labels"
    note = unlabelled if split is None and not len(data.test_labels) else None
    split = split or ("train" if note else "test")
    images, labels = (
        (data.train_images, data.train_labels) if split == "train" else (data.test_images, data.test_labels)
    )
    if not len(labels):
        raise ResultError(f"{unlabelled}; use --split train")
    kept = kept_classes(outputs, np.asarray(data.train_labels))
    rows = np.flatnonzero(np.isin(labels, kept))
    if not len(rows):
        raise ResultError(f"no {split} image of {data.name} is of a class of the model; use the other --split")
    model = load_model(path)
    check_shapes(path, model, data, number_of_outputs(outputs, len(data.classes)))
    pixels = np.asarray(images, np.float32) if len(rows) == len(labels) else np.asarray(images[rows], np.float32)
    if transforms is None:
        transforms = transforms_of(trial.facts["spec"]) if (trial := trial_of(path)) else ()
    log_probabilities = log_softmax(averaged(model, transforms).predict(pixels, batch_size=500, verbose=0))
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
    classes = class_names(outputs, data.manifest)
    return {"model": str(path), "split": split, "note": note, "classes": classes, **metrics}


def as_text(evaluated: Mapping[str, Any]) -> str:
    """Return the result of ``evaluate_model`` as two tables: the metrics, and those of each class by name.

    The last row has the means over the classes where a value is defined, and the number of all images.
    """
    note = f" ({evaluated['note']})" if evaluated["note"] else ""
    lines = [f"{evaluated['model']}: {evaluated['samples']:,} {evaluated['split']} images{note}", ""]
    lines += [f"{metric.label:20}{_number(evaluated[metric.name]):>10}" for metric in SHOWN]
    if table := evaluated["per_class"]:
        names = [*evaluated["classes"], "mean, total"]
        width = max(map(len, names)) + 2
        # Without dtype, a column of which every value is undefined is one of objects.
        values = pd.DataFrame(table, dtype=float)
        values.loc[len(values)] = {**values.mean(), "support": evaluated["samples"]}
        lines += ["", f"{'class':{width}}{'precision':>10}{'recall':>10}{'F1':>10}{'images':>10}"]
        for name, (*shares, images) in zip(names, values[[*SHARES, "support"]].to_numpy(), strict=True):
            cells = "".join(f"{_number(value):>10}" for value in shares)
            lines.append(f"{name:{width}}{cells}{images:>10,.0f}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "undefined" if value is None or np.isnan(value) else f"{value:.4f}"
