"""Drawn images in the competition's layout."""

import csv
import hashlib
import importlib

import numpy as np
import pytest

from lookbook.datasets import SOURCES, arrays
from lookbook.datasets.generated import (
    CLASSES,
    COMPETITION_COUNTS,
    class_counts,
    draw,
    draw_folder,
    prepare,
)
from lookbook.datasets.images import load_sizes
from lookbook.datasets.simpsons import prepare_layout
from lookbook.streams import stream


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_competition_has_42_classes_and_20933_images():
    assert (len(COMPETITION_COUNTS), sum(COMPETITION_COUNTS)) == (42, 20_933)
    assert (COMPETITION_COUNTS[0], COMPETITION_COUNTS[-1]) == (2246, 3)
    assert len(CLASSES) == len(set(CLASSES)) == 42


def test_class_sizes_have_the_competitions_proportions_and_at_least_three_images():
    assert sorted(class_counts(20_933), reverse=True) == list(COMPETITION_COUNTS)
    counts = class_counts(1200)
    assert (min(counts), max(counts)) == (3, round(1200 * 2246 / 20_933))
    assert sum(counts) == pytest.approx(1200, rel=0.05)


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        draw_folder(tmp_path / name, total=60, tests=4, seed=seed)
    a, b, c = (hashes(tmp_path / name) for name in "abc")
    assert a == b
    assert a.keys() == c.keys()
    assert all(a[name] != c[name] for name in a if name.endswith(".jpg"))


def test_a_larger_total_keeps_the_images_of_a_smaller_one(tmp_path):
    draw_folder(tmp_path / "small", total=60, tests=2)
    draw_folder(tmp_path / "large", total=200, tests=3)
    small, large = (hashes(tmp_path / name) for name in ("small", "large"))
    del small["solution.csv"]
    assert small.items() <= large.items()


def test_sizes_are_mixed_and_some_fall_outside_the_size_filter():
    sizes = np.array([draw(0, stream(0, "sizes", number)).size for number in range(150)])
    assert sizes.min() >= 60
    assert sizes.max() <= 900
    inside = ((sizes > 100) & (sizes < 800)).all(axis=1)
    assert 0.5 < inside.mean() < 0.95
    assert np.median(sizes) < sizes.mean()


def test_the_simpsons_reader_prepares_them(tmp_path):
    manifest = prepare("generated", tmp_path, total=60, tests=5)
    dataset = arrays.load(tmp_path)
    assert dataset.shape == (64, 64, 3)
    assert manifest["skipped"] == []
    assert manifest["class_counts"]["train"] == class_counts(60)
    assert manifest["submission"]["names"] == [f"img{n}.jpg" for n in range(5)]
    assert len(np.unique(load_sizes(tmp_path)[0])) > 50
    with (tmp_path / "drawn" / "solution.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["Id"] for row in rows] == manifest["submission"]["names"]
    assert {row["Expected"] for row in rows} <= set(CLASSES)


def test_a_class_is_told_by_its_colour_better_than_chance_but_not_perfectly(tmp_path):
    """Nearest class mean of the middle pixels: a weak learner, so that a network has something to do and can do it."""
    draw_folder(tmp_path / "in", total=600, tests=126)
    manifest = prepare_layout(tmp_path / "in", tmp_path / "out", name="g", classes=CLASSES, origin="drawn", size=8)
    train = np.load(tmp_path / "out" / "train_images.npy")[:, 2:6, 2:6].mean(axis=(1, 2))
    tests = np.load(tmp_path / "out" / "submission_images.npy")[:, 2:6, 2:6].mean(axis=(1, 2))
    labels = np.load(tmp_path / "out" / "train_labels.npy")
    hues = np.array([name.split("_")[0] for name in CLASSES])
    with (tmp_path / "in" / "solution.csv").open() as file:
        answers = {row["Id"]: row["Expected"].split("_")[0] for row in csv.DictReader(file)}
    truth = np.array([answers[name] for name in manifest["submission"]["names"]])
    train, tests = (pixels - pixels.mean(axis=1, keepdims=True) for pixels in (train, tests))
    means = np.array([train[hues[labels] == hue].mean(axis=0) for hue in np.unique(hues)])
    nearest = np.unique(hues)[np.argmin(((tests[:, None] - means) ** 2).sum(axis=2), axis=1)]
    assert 0.4 < (nearest == truth).mean() < 0.95  # chance: 1 in 6


def test_the_registry_says_what_is_prepared():
    for name, source in SOURCES.items():
        module = importlib.import_module(source.module)
        if hasattr(module, "PIXELS") and isinstance(module.PIXELS, dict):
            assert source.shape == (module.PIXELS[name], module.PIXELS[name], 3)
            assert source.classes == len(module.CLASSES)
    assert SOURCES["generated"].train_images == sum(class_counts(1200))
