"""The three figures of an experiment's predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lookbook.datasets.arrays import load
from lookbook.errors import ResultError
from lookbook.evaluation.classes import class_names
from lookbook.figures.confusion_matrix import confusion_matrix_figure
from lookbook.figures.precision_recall import precision_recall_figure
from lookbook.figures.predictions import select_predictions
from lookbook.figures.style import message_figure
from lookbook.figures.wrong_predictions import wrong_predictions_figure
from lookbook.results.paths import PREDICTION_FIGURES
from lookbook.results.trial import Trial, remedy

NO_PREDICTIONS = "no finished trial with predictions of test or validation images"


def prediction_figures(trials: Sequence[Trial], spec: Mapping[str, Any], manifest: Path) -> dict[str, str]:
    """Return the SVG documents of an experiment by their name in ``PREDICTION_FIGURES``.

    They show the test split, or the validation split where there is none. The confusion matrix shows all finished
    trials. Precision-recall curves and wrong predictions need the probabilities of one network: those of the first
    finished trial.

    Args:
        trials: of the experiment.
        spec: its resolved specification.
        manifest: manifest.json of the dataset that it was trained on. It is not opened where no trial finished.

    Raises:
        DatasetError: the dataset is missing or damaged.
        ResultError: the predictions of a finished trial are missing or damaged, or a trial was trained on other images.
    """
    finished = [predictions for trial in trials if (predictions := select_predictions(trial)) is not None]
    if not finished:
        return no_prediction_figures()
    data = load(manifest)
    for trial in trials:
        if trial.facts["digests"]["dataset"] != data.digest:
            raise ResultError(f"{trial.path} was trained on another version of {data.name}; {remedy(trial.path)}")
    names = class_names(spec, data.manifest)
    return {
        "confusion_matrix": confusion_matrix_figure(finished, names),
        "precision_recall": precision_recall_figure(finished[0], names),
        "wrong_predictions": wrong_predictions_figure(finished[0], names, data),
    }


def no_prediction_figures() -> dict[str, str]:
    """Return the same figures for where there are no predictions: they say so."""
    return dict.fromkeys(PREDICTION_FIGURES, message_figure(NO_PREDICTIONS))
