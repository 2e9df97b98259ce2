"""Contact sheets: one per augmentation, drawn by the transforms that training uses."""

import json
import re
import sys

import numpy as np
import pytest
from small_benchmark import picture, run, texts

import plot_contact_sheets
from lookbook.augmentation.one_of_k import OPERATIONS
from lookbook.config.digests import digest
from lookbook.config.selection import sheet_names
from lookbook.errors import ResultError
from lookbook.figures import contact_sheets
from lookbook.figures.contact_sheets import DRAWS, contact_sheet, garments, mixture, shapes, sheet, shown_in_color
from lookbook.results.figures import read_figure

LAYERS = {"RandomFlip": {}, "RandomBrightness": {"factor": 0.2}, "MixUp": {}}


def cells(figure, side, columns=DRAWS + 1):
    """Return the images of a sheet, uint8 (rows, columns, side, side, 3)."""
    pixels = picture(figure)
    assert pixels.shape[1] == columns * (side + 2)
    grid = pixels.reshape(4, -1, columns, side + 2, 4).swapaxes(1, 2)
    assert (grid[:, :, :side, :side, 3] == 255).all()
    return grid[:, :, :side, :side, :3]


@pytest.mark.parametrize("name", [*(name for name in sheet_names() if name != "one_of_k"), *LAYERS])
def test_a_sheet_shows_four_originals_and_their_draws(name):
    figure = contact_sheet(name, LAYERS.get(name, {}))
    images, classes = shapes() if shown_in_color(name) else garments()
    found = cells(figure, images.shape[1])
    assert (found[:, 0] == images).all()
    assert (found[:, 1:] != images[:, None]).any(axis=(2, 3, 4)).mean() > 0.2
    words = " ".join(texts(figure)).split()
    assert {name, *" ".join(classes).replace("_", " ").split()} <= set(words)


@pytest.mark.parametrize("k", [4, 7])
def test_the_sheet_of_one_of_k_has_a_column_for_each_operation(k):
    images, _ = garments()
    figure = contact_sheet("one_of_k", {"k": k})
    found = cells(figure, 28, columns=k + 1)
    assert (found[:, 0] == images).all()
    headings = [name.replace("_", " ") for name in OPERATIONS]
    words = [word for heading in headings for word in heading.split()]
    shown = [word for text in texts(figure) for word in text.split() if word in words]
    assert shown == [word for heading in headings[:k] for word in heading.split()]
    assert (found[:, 1:] != images[:, None]).any(axis=(2, 3, 4)).any(axis=0).all()
    if k == 7:
        assert (found[:, 1 + headings.index("horizontal flip")] == images[:, :, ::-1]).all()


def test_flips_are_drawn_with_their_probability():
    images, _ = shapes()
    found = cells(contact_sheet("RandomFlip", {"mode": "horizontal"}), images.shape[1])
    flipped = (found[:, 1:] == images[:, None, :, ::-1]).all(axis=(2, 3, 4))
    unchanged = (found[:, 1:] == images[:, None]).all(axis=(2, 3, 4))
    assert (flipped | unchanged).all()
    assert 4 < flipped.sum() < 28


def test_a_rare_transform_is_drawn_with_probability_1_and_the_sheet_states_it():
    images, _ = garments()
    figure = contact_sheet("random_erasing", {"probability": 0.1})
    changed = (cells(figure, 28)[:, 1:] != images[:, None]).any(axis=(2, 3, 4))
    assert changed.all()
    assert re.search(r"probability=0\.1,.*; drawn here with probability 1$", " ".join(texts(figure)))


def test_a_sheet_is_the_same_each_time():
    for name in ("gaussian_noise", "one_of_k", "RandomFlip"):
        assert contact_sheet(name, {}) == contact_sheet(name, {})


def test_mixed_images_have_their_mixed_labels():
    figure = contact_sheet("mixup", {})
    images, classes = garments()
    found = cells(figure, 28)[..., 0].astype(float)
    _, labels = contact_sheets.augmented("mixup", {"alpha": 0.3}, images)
    mixed = np.einsum("drb,bhw->rdhw", labels, images[..., 0].astype(float))
    assert np.abs(found[:, 1:] - mixed).max() <= 0.51
    captions = " ".join(texts(figure))
    assert len(re.findall(rf"\d+% (?:{'|'.join(classes)})", captions)) == captions.count("%") > 8


def test_a_caption_names_the_classes_of_a_label_by_their_share():
    classes = ("ape", "bee", "cat")
    assert mixture(np.array([1.0, 0.0, 0.0]), 0, classes) == ""
    assert mixture(np.array([0.25, 0.75, 0.0]), 0, classes) == "75% bee\n25% ape"
    assert mixture(np.array([1.0, 0.0, 0.0]), 1, classes) == "100% ape"


def test_an_argument_without_default_that_no_experiment_sets_is_named(monkeypatch):
    monkeypatch.setattr(contact_sheets, "registered", lambda _: ("tint",))
    monkeypatch.setattr(contact_sheets, "function_arguments", lambda *_: {"strength": None})
    assert "tint: no experiment uses it, and strength has no default" in contact_sheet("tint", {})
    assert "RandomBrightness: no experiment uses it, and factor has no default" in contact_sheet("RandomBrightness", {})


@pytest.fixture
def script(monkeypatch):
    """The script, without its settings for a process of its own."""
    monkeypatch.setattr(plot_contact_sheets.devices, "prepare", lambda *_, **__: 0.0)
    return plot_contact_sheets


def test_the_script_draws_the_given_sheets_and_states_their_identity(script, monkeypatch, tmp_path):
    used = {"shift": {"width": 0.4}, "RandomFlip": {"mode": "vertical"}}
    arguments = ["--only", "shift", "RandomFlip", "blur", "--arguments", json.dumps(used)]
    monkeypatch.setattr(sys, "argv", ["plot_contact_sheets.py", "--output", str(tmp_path), *arguments])
    script.main()
    assert {path.name for path in tmp_path.iterdir()} == {"shift.svg", "RandomFlip.svg", "blur.svg"}
    identity = digest({"sheet": "shift", "arguments": {"width": 0.4}})
    assert "width=0.4, height=0.0" in texts(read_figure(tmp_path / "shift.svg", identity))
    read_figure(tmp_path / "blur.svg", digest({"sheet": "blur", "arguments": {}}))
    with pytest.raises(ResultError):
        read_figure(tmp_path / "RandomFlip.svg", digest({"sheet": "RandomFlip", "arguments": {}}))


def test_an_unknown_name_is_refused_with_the_known_ones(script, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(script, output=tmp_path, only="zooom")
    assert "--only: there is no augmentation zooom; known: blur, " in capsys.readouterr().err


def test_mathematical_symbols_in_names_are_printed_unchanged():
    images = np.zeros((1, 4, 4, 1), np.uint8)
    figure = sheet("a $b$", "c $d$", images, ("e",), ["f"], np.zeros((1, 1, 4, 4, 1), np.uint8))
    assert {"a $b$", "c $d$"} <= set(texts(figure))
