"""Mixup, random erasing and cutout: distribution and size of what they replace."""

from typing import Any

import keras
import numpy as np
import pytest
from augmentation_calls import augmented
from scipy import stats

from lookbook.augmentation._beta import beta_from_uniform
from lookbook.augmentation.cutout import cutout
from lookbook.augmentation.mixup import mixup
from lookbook.augmentation.random_erasing import random_erasing

MANY = 2000


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0.1), (0.3, 0.3), (1.0, 1.0), (2.0, 5.0)])
def test_the_quantile_table_draws_from_the_beta_distribution(alpha: float, beta: float) -> None:
    uniform = np.random.default_rng(0).random(200_000, dtype="float32")
    drawn = keras.ops.convert_to_numpy(beta_from_uniform(uniform, alpha, beta)).astype(float)
    grid = np.linspace(0.001, 0.999, 400)
    empirical = np.searchsorted(np.sort(drawn), grid) / len(drawn)
    # The Kolmogorov-Smirnov bound of this sample at p = 0.001 is 0.0044.
    assert np.abs(empirical - stats.beta.cdf(grid, alpha, beta)).max() < 0.0044
    assert drawn.mean() == pytest.approx(alpha / (alpha + beta), abs=0.005)
    assert 0 <= drawn.min() <= drawn.max() <= 1


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_mixup_mixes_labels_as_it_mixes_images(alpha: float) -> None:
    # Each image shows its own one-hot label.
    labels = np.eye(300, dtype="float32")
    mixed_images, mixed_labels = augmented(mixup, 255 * labels.reshape(300, 20, 15, 1), labels, alpha=alpha)
    np.testing.assert_allclose(mixed_images.reshape(300, 300) / 255, mixed_labels, atol=1e-5)
    np.testing.assert_allclose(mixed_labels.sum(axis=1), 1, atol=1e-5)
    assert (np.count_nonzero(mixed_labels, axis=1) <= 2).all()


def test_mixup_draws_weight_and_partner_for_each_sample() -> None:
    labels = np.eye(MANY, dtype="float32")
    _, mixed = augmented(mixup, np.zeros((MANY, 1, 1, 1), "float32"), labels, alpha=0.3)
    weight = np.diagonal(mixed).astype(float)
    assert stats.kstest(weight[weight < 1], stats.beta(0.3, 0.3).cdf).pvalue > 1e-3
    partners = (mixed * (1 - labels)).argmax(axis=1)[(weight > 0.01) & (weight < 0.99)]
    assert stats.kstest(partners / MANY, "uniform").pvalue > 1e-3
    # Drawn independently, some samples have the same partner.
    assert len(np.unique(partners)) > 0.6 * len(partners)
    assert len(np.unique(partners)) < len(partners)


def erased(images: np.ndarray, **arguments: Any) -> tuple[np.ndarray, np.ndarray]:
    after = augmented(random_erasing, images, **arguments)[0]
    return after, (after != images).any(axis=-1)


def test_random_erasing_hits_the_given_share_of_images() -> None:
    images = np.full((MANY, 28, 28, 1), -1, "float32")
    assert erased(images, probability=0.1)[1].any(axis=(1, 2)).mean() == pytest.approx(0.1, abs=0.025)
    assert erased(images, probability=1.0)[1].any(axis=(1, 2)).all()


def test_random_erasing_fills_one_square_of_the_given_area() -> None:
    _, mask = erased(np.full((MANY, 28, 28, 1), -1, "float32"), probability=1.0)
    height, width = mask.any(axis=2).sum(axis=1), mask.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(mask.sum(axis=(1, 2)), height * width)
    np.testing.assert_array_equal(height, width)
    # Sides are whole pixels, from sqrt(0.02 x 784) = 3.96 to sqrt(0.1 x 784) = 8.85.
    assert height.min() == 4
    assert height.max() == 9
    assert (mask.sum(axis=(1, 2)) / 784).mean() == pytest.approx(0.06, abs=0.003)


def test_random_erasing_reaches_every_edge_evenly() -> None:
    _, mask = erased(np.full((MANY, 28, 28, 1), -1, "float32"), probability=1.0)
    cover = mask.mean(axis=0)
    assert cover.min() > 0
    np.testing.assert_allclose(cover, cover[::-1, ::-1], atol=0.05)
    assert cover[0].mean() == pytest.approx(cover[:, 0].mean(), abs=0.01)


def test_random_erasing_draws_aspects_and_random_pixels() -> None:
    after, mask = erased(
        np.full((MANY, 28, 28, 3), -1, "float32"), probability=1.0, minimum_aspect=0.3, maximum_aspect=3.3
    )
    ratio = mask.any(axis=2).sum(axis=1) / mask.any(axis=1).sum(axis=1)
    assert 0.2 <= ratio.min() < 0.45
    assert 2.4 < ratio.max() <= 5
    assert np.median(ratio) == pytest.approx(1, abs=0.15)
    filled = after[mask]
    assert stats.kstest(filled[:5000, 0] / 255, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(filled[:, 0], filled[:, 1])[0, 1]) < 0.02


def test_cutout_fills_nine_single_pixels() -> None:
    holes = augmented(cutout, np.zeros((MANY, 28, 28, 1), "float32"))[0][..., 0] == 255
    counts = holes.sum(axis=(1, 2))
    assert counts.max() == 9
    assert counts.mean() == pytest.approx(784 * (1 - (1 - 1 / 784) ** 9), abs=0.05)  # holes may coincide
    share = holes.mean(axis=0)
    assert share.mean() == pytest.approx(9 / 784, rel=0.02)
    assert share[0].mean() == pytest.approx(9 / 784, rel=0.2)
    assert share[:, -1].mean() == pytest.approx(9 / 784, rel=0.2)


def test_cutout_holes_have_the_given_size_and_fill() -> None:
    after = augmented(cutout, np.zeros((50, 28, 20, 3), "float32"), holes=1, size=5, fill=7.0)[0]
    assert set(np.unique(after)) == {0.0, 7.0}
    np.testing.assert_array_equal((after == 7).all(axis=-1).sum(axis=(1, 2)), 25)
