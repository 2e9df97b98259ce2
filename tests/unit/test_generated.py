"""Generated images: in the competition's layout, and the small datasets."""

import hashlib

import numpy as np
import pytest

from lookbook.datasets import DATASETS, arrays
from lookbook.datasets.generated import (
    CLASSES,
    COMPETITION_COUNTS,
    SMALL_CLASSES,
    SMALL_MODES,
    class_counts,
    draw,
    draw_folder,
    prepare,
    prepare_small,
)
from lookbook.sampling.streams import stream


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_class_sizes_have_the_competitions_proportions_and_at_least_three_images():
    assert (len(COMPETITION_COUNTS), sum(COMPETITION_COUNTS)) == (42, 20_933)
    assert (COMPETITION_COUNTS[0], COMPETITION_COUNTS[-1]) == (2246, 3)
    assert len(CLASSES) == len(set(CLASSES)) == 42
    assert sorted(class_counts(20_933), reverse=True) == list(COMPETITION_COUNTS)
    counts = class_counts(1200)
    assert (min(counts), max(counts)) == (3, round(1200 * 2246 / 20_933))
    assert sum(counts) == pytest.approx(1200, rel=0.05)
    for name in ("generated", "generated_128", "generated_224"):
        assert (DATASETS[name].classes, DATASETS[name].train_images) == (42, sum(counts))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others(tmp_path):
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


def test_they_are_prepared_like_the_competitions_images_and_leave_only_the_declared_files(tmp_path):
    manifest = prepare("generated", tmp_path, total=60, tests=5)
    dataset = arrays.load(tmp_path / "manifest.json")
    assert dataset.shape == (64, 64, 3)
    assert {path.name for path in tmp_path.iterdir()} == {
        "manifest.json",
        *(f"{name}.npy" for name in DATASETS["generated"].arrays),
    }
    assert manifest["skipped"] == []
    assert manifest["class_counts"]["train"] == class_counts(60)
    assert manifest["submission"]["names"] == [f"img{n}.jpg" for n in range(5)]
    assert len(np.unique(dataset.original_sizes()[0])) > 50


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The two small datasets as they are prepared by default."""
    folder = tmp_path_factory.mktemp("small")
    return {name: (prepare(name, folder / name), arrays.load(folder / name / "manifest.json")) for name in SMALL_MODES}


@pytest.mark.parametrize("name", SMALL_MODES)
def test_the_small_datasets_are_balanced_and_have_labeled_test_images(small, name):
    manifest, dataset = small[name]
    info = DATASETS[name]
    assert info.family == "generated"
    assert dataset.shape == info.shape
    assert dataset.classes == SMALL_CLASSES == tuple(sorted(set(SMALL_CLASSES) & set(CLASSES)))
    assert manifest["class_counts"] == {"train": [80] * 10, "test": [20] * 10}
    assert (info.classes, info.train_images) == (10, len(dataset.train_images))


def test_the_gray_small_dataset_has_the_images_of_the_colored_one_and_no_image_occurs_twice(small):
    color, gray = (small[name][1] for name in ("generated_small_rgb", "generated_small_gray"))
    luma = np.array([299, 587, 114]) / 1000
    for split in ("train_images", "test_images"):
        np.testing.assert_allclose(getattr(color, split) @ luma, getattr(gray, split)[..., 0], atol=1)
    images = np.concatenate([color.train_images, color.test_images])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 1000


def test_a_small_dataset_depends_on_the_seed_and_more_images_begin_with_the_same_ones(tmp_path, small):
    few = {"train": 2, "test": 1}
    for seed in (0, 1):
        prepare_small("generated_small_rgb", tmp_path / str(seed), seed=seed, per_class=few)
    same, other = (arrays.load(tmp_path / str(seed) / "manifest.json").train_images for seed in (0, 1))
    default = small["generated_small_rgb"][1].train_images.reshape(10, 80, 28, 28, 3)
    np.testing.assert_array_equal(same, default[:, :2].reshape(same.shape))
    assert (same != other).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize(
    ("name", "low", "high"), [("generated_small_rgb", 0.5, 0.8), ("generated_small_gray", 0.2, 0.6)]
)
def test_the_small_datasets_can_be_learned_but_not_trivially(small, name, low, high):
    """A linear classifier of the pixels is far above chance, 0.1, but leaves room for a network."""
    dataset = small[name][1]
    train, test = (images.reshape(len(images), -1) / 255 for images in (dataset.train_images, dataset.test_images))
    ridge = train.T @ train + 100 * np.eye(train.shape[1])
    weights = np.linalg.solve(ridge, train.T @ np.eye(10)[dataset.train_labels])
    accuracy = ((test @ weights).argmax(axis=1) == dataset.test_labels).mean()
    assert low < accuracy < high
