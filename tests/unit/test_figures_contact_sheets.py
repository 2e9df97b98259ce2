"""Contact sheets: one for each augmentation and offline operation, drawn by the real transforms."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookbook.config.signatures import registered
from lookbook.datasets import growing_batch
from lookbook.figures import contact_sheets
from lookbook.figures.contact_sheets import DRAWS, contact_sheet, garments, mixture, shapes, sheet
from lookbook.figures.sheet_names import OFFLINE, arguments_in_use, sheet_names

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


def texts(figure):
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def cells(figure, side):
    """Return the images of a sheet, uint8 (rows, columns, side, side, 3)."""
    (encoded,) = re.findall(r"data:image/png;base64,([^\"]*)", figure)
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))
    rows, columns = 4, DRAWS + 1
    assert seen.shape[1] == columns * (side + 2)
    grid = seen.reshape(rows, -1, columns, side + 2, 4).swapaxes(1, 2)
    assert (grid[:, :, :side, :side, 3] == 255).all()
    return grid[:, :, :side, :side, :3]


def test_there_is_a_sheet_for_every_augmentation_and_every_offline_operation():
    assert tuple(operation.__name__ for operation in growing_batch.OPERATIONS) == OFFLINE
    names = sheet_names()
    assert set(registered("augmentation")) < set(names)
    assert [name for name in names if name.startswith("offline_")] == [f"offline_{name}" for name in OFFLINE]
    assert len(names) == len(set(names))


def test_the_names_cost_no_heavy_import():
    code = (
        "import sys; from lookbook.figures.sheet_names import sheet_names; sheet_names(); "
        "print([name for name in ('numpy', 'matplotlib', 'PIL', 'keras', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_arguments_are_those_of_the_first_experiment_that_has_any():
    zoom = {"class_name": "zoom", "config": {"minimum": 0.5, "maximum": 2}}
    specs = [
        {"augmentation": []},
        {"augmentation": [zoom, {"class_name": "blur", "config": {}}]},
        {"augmentation": [{"class_name": "zoom", "config": {}}]},
    ]
    assert arguments_in_use(specs) == {"zoom": {"minimum": 0.5, "maximum": 2}, "blur": {}}


@pytest.mark.parametrize("name", sheet_names())
def test_a_sheet_shows_four_originals_and_what_becomes_of_them(name):
    figure = contact_sheet(name, {})
    images, classes = shapes() if name in contact_sheets.COLOUR else garments()
    seen = cells(figure, images.shape[1])
    assert (seen[:, 0] == images).all()
    assert (seen[:, 1:] != images[:, None]).any(axis=(2, 3, 4)).mean() > 0.2
    assert name.removeprefix("offline_") in texts(figure)
    assert set(classes) <= set(texts(figure))


def test_flips_are_drawn_with_their_probability():
    images, _ = garments()
    seen = cells(contact_sheet("horizontal_flip", {"probability": 1.0}), 28)
    assert (seen[:, 1:] == images[:, None, :, ::-1]).all()
    seen = cells(contact_sheet("horizontal_flip", {}), 28)
    flipped = (seen[:, 1:] == images[:, None, :, ::-1]).all(axis=(2, 3, 4))
    untouched = (seen[:, 1:] == images[:, None]).all(axis=(2, 3, 4))
    assert (flipped | untouched).all()
    assert 4 < flipped.sum() < 28


def test_a_rare_operation_is_drawn_every_time_and_the_sheet_says_so():
    images, _ = garments()
    figure = contact_sheet("random_erasing", {"probability": 0.1})
    changed = (cells(figure, 28)[:, 1:] != images[:, None]).any(axis=(2, 3, 4))
    assert changed.all()
    assert any("probability=0.1" in text and "drawn here with probability 1" in text for text in texts(figure))


def test_a_sheet_is_the_same_each_time():
    for name in ("gaussian_noise", "offline_gaussian_noise"):
        assert contact_sheet(name, {}) == contact_sheet(name, {})


def test_mixed_images_carry_their_mixed_labels():
    figure = contact_sheet("mixup", {})
    images, classes = garments()
    seen = cells(figure, 28)[..., 0].astype(float)
    _, labels = contact_sheets.augmented("mixup", {"alpha": 0.3}, images)
    mixed = np.einsum("drb,bhw->rdhw", labels, images[..., 0].astype(float))
    assert np.abs(seen[:, 1:] - mixed).max() <= 0.51
    shares = re.findall(r"(\d+)% ([\w/ -]+)", "\n".join(texts(figure)))
    assert len(shares) > 8
    assert {name for _, name in shares} <= set(classes)


def test_a_caption_names_the_classes_of_a_label_by_their_share():
    classes = ("ape", "bee", "cat")
    assert mixture(np.array([1.0, 0.0, 0.0]), 0, classes) == ""
    assert mixture(np.array([0.25, 0.75, 0.0]), 0, classes) == "75% bee\n25% ape"
    assert mixture(np.array([1.0, 0.0, 0.0]), 1, classes) == "100% ape"


def test_an_argument_without_default_that_no_experiment_gives_is_named(monkeypatch):
    module = type(sys)("lookbook.augmentation.tint")
    module.tint = lambda images, labels, seed, *, strength: (images, labels)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert "tint: no experiment uses it, and strength has no default" in contact_sheet("tint", {})
    assert "strength=2" in contact_sheet("tint", {"strength": 2})


def test_the_script_draws_what_it_is_told_to(monkeypatch, tmp_path):
    import plot_contact_sheets

    # Settings of a process of its own.
    monkeypatch.setattr(plot_contact_sheets.devices, "prepare", lambda *_, **__: None)
    arguments = ["--only", "shift", "offline_blur", "--arguments", json.dumps({"shift": {"width": 0.4}})]
    monkeypatch.setattr(sys, "argv", ["plot_contact_sheets.py", "--output", str(tmp_path), *arguments])
    plot_contact_sheets.main()
    assert {path.name for path in tmp_path.iterdir()} == {"shift.svg", "offline_blur.svg"}
    assert "width=0.4, height=0.0" in texts((tmp_path / "shift.svg").read_text())


def test_names_with_signs_of_mathematics_are_printed_as_they_are():
    images = np.zeros((1, 4, 4, 1), np.uint8)
    figure = sheet("a $b$", "c $d$", images, ("e",), np.zeros((DRAWS, 1, 4, 4, 1), np.uint8))
    assert {"a $b$", "c $d$"} <= set(texts(figure))
