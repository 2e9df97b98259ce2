"""Figures of a dataset: every class with its number of images, sizes with their means."""

import numpy as np
import pytest
from small_benchmark import picture, run, texts, write_dataset

import plot_dataset
from lookbook.datasets import arrays
from lookbook.figures.dataset import BINS, class_counts_figure, image_sizes_figure
from lookbook.results.figures import read_figure
from lookbook.results.paths import DATASET_FIGURES


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
    opacity = picture(figure)[..., 3]
    assert opacity.shape == (BINS, BINS)
    assert np.count_nonzero(opacity) == 2
    row, column = np.argwhere(opacity == 255)[0]
    assert column > BINS - 3
    # Rows of a picture go down, heights up, whichever way the axes turn it.
    assert min(row, BINS - 1 - row) == pytest.approx(BINS * 100 / 306, abs=1)


def test_the_script_draws_both_and_names_what_is_missing(tmp_path):
    manifest = write_dataset(tmp_path / "data")
    with pytest.raises(SystemExit, match=r"error: .*train_heights\.npy is missing"):
        run(plot_dataset, manifest=manifest, output=tmp_path)
    for side in ("heights", "widths"):
        np.save(manifest.with_name(f"train_{side}.npy"), np.arange(1, 31, dtype=np.int32))
    run(plot_dataset, manifest=manifest, output=tmp_path)
    figures = {name: read_figure(tmp_path / f"{name}.svg", arrays.load(manifest).digest) for name in DATASET_FIGURES}
    assert "ape" in texts(figures["class_counts"])
