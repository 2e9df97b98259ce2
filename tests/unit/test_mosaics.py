"""Grids of images."""

import numpy as np
from small_benchmark import texts

from lookbook.figures.mosaics import mosaic, mosaic_figure, reduced


def test_large_images_are_reduced_to_their_means_and_small_ones_are_unchanged():
    images = np.zeros((2, 128, 256, 3), np.uint8)
    images[:, :, 1::2] = 200
    assert (reduced(images) == 100).all()
    assert reduced(images).shape == (2, 32, 64, 3)
    assert (reduced(images[:, :64, :64]) == images[:, :64, :64]).all()
    gray = np.full((1, 100, 100, 1), 7, np.uint8)
    assert reduced(gray).shape == (1, 64, 64, 1)


def test_images_are_arranged_row_by_row_with_transparent_gaps():
    images = np.arange(1, 4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    picture = mosaic(images, 2, right=1, below=1)
    np.testing.assert_array_equal(picture[::3, ::3, 0], [[1, 2], [3, 0]])
    np.testing.assert_array_equal(picture[0, :, 3], [255, 255, 0, 255, 255, 0])
    assert not picture[2, :, 3].any()


def test_captions_title_and_headings_are_text():
    images = np.zeros((2, 4, 4, 1), np.uint8)
    figure = mosaic_figure(images, ["a\nb", "c"], columns=2, title="$5", subtitle="below", headings=["h", "i"])
    assert sorted(texts(figure)) == sorted(["a", "b", "c", "h", "i", "$5", "below"])
