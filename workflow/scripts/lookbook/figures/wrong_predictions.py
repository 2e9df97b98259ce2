"""The wrong predictions of highest confidence, with their images."""

from collections.abc import Sequence

import numpy as np

from lookbook.datasets.arrays import Dataset
from lookbook.figures.mosaics import mosaic_figure
from lookbook.figures.style import message_figure
from lookbook.results.predictions import Predictions

SIDE = 5  # rows and columns of the mosaic


def wrong_predictions_figure(predictions: Predictions, names: Sequence[str], described: str, data: Dataset) -> str:
    """Draw the images of the wrong predictions of highest confidence: true class, predicted class, its probability.

    Args:
        predictions: of one trial.
        names: of the classes.
        described: the images and the trial in words, for the title.
        data: the dataset that the trial was trained on.
    """
    wrong = np.flatnonzero(~predictions.correct)
    if not wrong.size:
        return message_figure(f"no wrong prediction among {described}")
    confidence = predictions.probabilities[wrong, predictions.predicted[wrong]]
    first = np.argsort(-confidence, kind="stable")[: SIDE**2]
    images = data.test_images if predictions.split == "test" else data.train_images
    captions = [
        f"{names[predictions.labels[number]]}\n{names[predictions.predicted[number]]} {share:.1%}"
        for number, share in zip(wrong[first], confidence[first], strict=True)
    ]
    return mosaic_figure(
        np.stack([images[row] for row in predictions.rows[wrong[first]]]),
        captions,
        columns=SIDE,
        title=f"the most confident of {wrong.size:,} wrong predictions among {described}: true class, then predicted",
    )
