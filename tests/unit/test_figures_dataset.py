"""Figures of a dataset: every class with its number of images, sizes with their means."""

import base64
import io
import re
import sys

import numpy as np
import pytest
from PIL import Image

import plot_dataset
from lookbook.datasets import arrays
from lookbook.figures.class_counts import class_counts_figure
from lookbook.figures.image_sizes import BINS, image_sizes_figure
from lookbook.results.figures import read_figure
from lookbook.results.paths import DATASET_FIGURES


def texts(figure):
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def test_classes_are_sorted_by_their_number_of_images():
    found = texts(class_counts_figure([5, 1200, 40], ["ape", "bee", "cat"]))
    assert [text for text in found if text in ("ape", "bee", "cat")] == ["bee", "cat", "ape"]
    assert [text for text in found if text in ("1,200", "40", "5")][-3:] == ["1,200", "40", "5"]
    assert "1,245 images in 3 classes; the largest has 240 times the images of the smallest" in found


def test_a_class_without_images_has_no_ratio():
    assert "3 images in 2 classes" in texts(class_counts_figure([3, 0], ["ape", "bee"]))


def test_sizes_are_counted_and_their_means_named():
    heights, widths = np.array([100, 100, 300], np.int32), np.array([400, 400, 100], np.int32)
    figure = image_sizes_figure(heights, widths)
    assert {"mean width 300", "mean height 167"} <= set(texts(figure))
    assert "3 images: width 100 to 400, height 100 to 300" in texts(figure)
    (encoded,) = re.findall(r"data:image/png;base64,([^\"]*)", figure)
    opacity = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))[..., 3]
    assert opacity.shape == (BINS, BINS)
    assert np.count_nonzero(opacity) == 2
    row, column = np.argwhere(opacity == 255)[0]
    assert column > BINS - 3
    # Rows of a picture go down, heights up, whichever way the axes turn it.
    assert min(row, BINS - 1 - row) == pytest.approx(BINS * 100 / 306, abs=1)


def test_the_script_draws_both_and_names_what_is_missing(monkeypatch, tmp_path):
    data = tmp_path / "data"
    images, labels = np.zeros((4, 2, 2, 1), np.uint8), np.array([0, 0, 0, 1], np.uint8)
    arrays.write(
        data,
        name="made_up",
        classes=("ape", "bee"),
        source="made up",
        train_images=images,
        train_labels=labels,
        test_images=images[:0],
        test_labels=labels[:0],
    )
    manifest = data / "manifest.json"
    monkeypatch.setattr(sys, "argv", ["plot_dataset.py", "--manifest", str(manifest), "--output", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"error: .*train_heights\.npy is missing"):
        plot_dataset.main()
    for side in ("heights", "widths"):
        np.save(data / f"train_{side}.npy", np.array([3, 4, 5, 6], np.int32))
    plot_dataset.main()
    figures = {name: read_figure(tmp_path / f"{name}.svg", arrays.load(manifest).digest) for name in DATASET_FIGURES}
    assert "ape" in texts(figures["class_counts"])
