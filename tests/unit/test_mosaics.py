"""Grids of images."""

import re

import numpy as np
from small_benchmark import texts

from lookbook.figures.mosaics import FONT_SIZE, caption_lines, mosaic, mosaic_figure, reduced
from lookbook.figures.style import TEXT, VALID


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


def test_all_texts_have_the_size_that_is_legible_on_a_narrow_page():
    images = np.zeros((14, 28, 28, 1), np.uint8)
    figure = mosaic_figure(images, ["Ankle boot\n23% T-shirt/top"] * 14, columns=7, title="t", headings=["draw"] * 7)
    assert set(re.findall(r"<text[^>]*font-size: (\w+)", figure)) == {f"{FONT_SIZE}px"}


def test_lines_that_are_wider_than_an_image_are_wrapped_in_their_color():
    assert caption_lines("a b\nc dd eee", 4) == [("a b", TEXT), ("c dd", VALID), ("eee", VALID)]
    images = np.zeros((2, 28, 28, 1), np.uint8)
    words = "a subtitle of many words " * 9
    figure = mosaic_figure(images, ["", ""], columns=2, title="t", subtitle=words, headings=["one two " * 4, ""])
    assert sorted(" ".join(texts(figure)).split()) == sorted(["t", *words.split(), *(["one", "two"] * 4)])
    assert max(map(len, texts(figure))) < 95
