"""Growing-batch copies: one operation each, the same bytes for the same seed, and a folder that is complete."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, stats

from lookbook.datasets import arrays, growing_batch
from lookbook.errors import DatasetError

SCRIPT = Path(growing_batch.__file__).parents[2] / "copies.py"
COUNT = 600


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared dataset of smooth grey pictures without symmetry."""
    folder = tmp_path_factory.mktemp("dataset")
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(COUNT, 28, 28, 1)), (0, 2, 2, 0))
    images = np.clip(128 + 400 * noise, 0, 250).astype(np.uint8)
    labels = (np.arange(COUNT) % 10).astype(np.uint8)
    arrays.write(
        folder,
        name="pictures",
        classes=[str(label) for label in range(10)],
        source="drawn",
        train_images=images,
        train_labels=labels,
        test_images=images[:5],
        test_labels=labels[:5],
    )
    return folder


def run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_result_depends_on_the_seed_and_not_on_the_number_of_processes(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    growing_batch.write(tmp_path / "one", dataset, n=2, k=7, seed=3, processes=1, progress=done.append)
    growing_batch.write(tmp_path / "two", dataset, n=2, k=7, seed=3, processes=2)
    growing_batch.write(tmp_path / "other", dataset, n=2, k=7, seed=4)
    assert sum(done) == 2 * COUNT
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one")["images.npy"] != contents(tmp_path / "other")["images.npy"]


def test_more_copies_begin_with_the_same_ones(dataset: Path, tmp_path: Path) -> None:
    for n in (1, 3):
        growing_batch.write(tmp_path / str(n), dataset, n=n, k=4, seed=0)
    few, many = growing_batch.load(tmp_path / "1"), growing_batch.load(tmp_path / "3")
    np.testing.assert_array_equal(few.images, many.images[:COUNT])
    assert (many.images[:COUNT] != many.images[COUNT : 2 * COUNT]).any()


def test_copies_carry_their_source_and_their_operation(dataset: Path, tmp_path: Path) -> None:
    manifest = growing_batch.write(tmp_path / "copies", dataset, n=3, k=5, seed=0)
    copies = growing_batch.load(tmp_path / "copies")
    originals = arrays.load(dataset).train_images
    assert copies.images.dtype == np.uint8
    assert copies.images.shape == (3 * COUNT, 28, 28, 1) == tuple(manifest["shape"])
    np.testing.assert_array_equal(copies.source, np.tile(np.arange(COUNT), 3))
    assert copies.source.dtype == np.int32
    assert copies.operation.dtype == np.uint8
    assert manifest == copies.manifest
    assert manifest["operations"][4] == "horizontal_flip"
    flipped = copies.operation == 4
    np.testing.assert_array_equal(copies.images[flipped], originals[copies.source[flipped]][:, :, ::-1])


@pytest.mark.parametrize("k", [1, 4, 7])
def test_operations_are_drawn_evenly_from_the_first_k(k: int) -> None:
    images = np.zeros((7000, 8, 8, 1), np.uint8)
    _, operation = growing_batch.augment(images, np.random.default_rng(0), k)
    counts = np.bincount(operation, minlength=7)
    assert counts[k:].sum() == 0
    if k > 1:
        assert stats.chisquare(counts[:k]).pvalue > 1e-3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("function", growing_batch.OPERATIONS)
def test_operations_keep_shape_and_dtype_and_their_argument(function: object, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 12, 10, channels), dtype=np.uint8)
    before = images.copy()
    after = function(images, np.random.default_rng(0))  # type: ignore[operator]
    assert after.dtype == np.uint8
    assert after.shape == images.shape
    np.testing.assert_array_equal(images, before)
    assert function(images[:0], np.random.default_rng(0)).shape == (0, 12, 10, channels)  # type: ignore[operator]


def test_rotation_turns_half_of_the_images_within_45_degrees() -> None:
    grid = np.stack(np.meshgrid(np.arange(29), np.arange(29), indexing="ij"), axis=-1).astype(np.uint8) * 8
    rotated = growing_batch.rotation(np.repeat(grid[None], 3000, axis=0), np.random.default_rng(0)).astype(float)
    slope = (rotated[:, 18, 14] - rotated[:, 10, 14]) / 64  # how fast the source row and column change downwards
    angles = np.degrees(np.arctan2(-slope[:, 1], slope[:, 0]))
    turned = (rotated != grid).any(axis=(1, 2, 3))
    assert turned.mean() == pytest.approx(0.5, abs=0.03)
    assert -46 < angles.min() < -43
    assert 43 < angles.max() < 46
    assert angles[turned].std() == pytest.approx(90 / np.sqrt(12), rel=0.05)


def test_rotation_resamples_as_scipy_does() -> None:
    image = np.random.default_rng(1).integers(0, 256, (1, 28, 28, 1), dtype=np.uint8)
    for seed in range(6):
        generator = np.random.default_rng(seed)
        turned, angle = generator.random(1) < 0.5, generator.uniform(-np.pi / 4, np.pi / 4)
        matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        offset = 13.5 - matrix @ [13.5, 13.5]
        expected = ndimage.affine_transform(image[0, ..., 0].astype(float), matrix, offset, order=1, mode="nearest")
        after = growing_batch.rotation(image, np.random.default_rng(seed))[0, ..., 0].astype(float)
        np.testing.assert_allclose(after, expected if turned else image[0, ..., 0], atol=0.6)


def test_noise_cutout_and_blur_do_what_they_say() -> None:
    generator, grey = np.random.default_rng(0), np.full((1000, 28, 28, 1), 128, np.uint8)
    variance = (growing_batch.gaussian_noise(grey, generator).astype(float) - 128).var(axis=(1, 2, 3))
    assert variance.mean() == pytest.approx(30, abs=1)
    assert 8 < variance.min() < 12
    assert 46 < variance.max() < 60
    holes = (growing_batch.cutout(grey, generator) == 255).sum(axis=(1, 2, 3))
    assert holes.max() == 9
    assert holes.mean() == pytest.approx(9 - 36 / 784, abs=0.03)
    image = generator.integers(0, 256, (3, 9, 7, 2), dtype=np.uint8)
    expected = ndimage.uniform_filter(image.astype(float), (0, 3, 3, 0), mode="mirror")
    np.testing.assert_allclose(growing_batch.blur(image, generator), expected, atol=0.51)


def test_jpeg_compression_keeps_little_and_is_the_same_at_quality_0_and_1(dataset: Path) -> None:
    images = np.array(arrays.load(dataset).train_images[:50])
    coded = growing_batch.jpeg_compression(images, np.random.default_rng(0))
    np.testing.assert_array_equal(coded, growing_batch.jpeg_compression(images, np.random.default_rng(1)))
    assert 3 < np.abs(coded.astype(float) - images).mean() < 60


def test_the_command_shows_progress_and_an_example(dataset: Path, tmp_path: Path) -> None:
    arguments = ("--copies", 2, "--operations", 4, "--seed", 1, "--output", tmp_path / "copies")
    result = run("--dataset", dataset, *arguments, "--processes", 2)
    assert result.returncode == 0, result.stderr
    assert "100%" in result.stderr
    assert set(contents(tmp_path / "copies")) == {"images.npy", "source.npy", "operation.npy", "manifest.json"}
    assert "example:" in run("--help").stdout


def test_the_command_says_what_is_wrong_without_a_traceback(dataset: Path, tmp_path: Path) -> None:
    for folder, copies, operations in ((tmp_path / "none", 1, 1), (dataset, 0, 1), (dataset, 1, 8)):
        result = run(
            "--dataset", folder, "--copies", copies, "--operations", operations, "--output", tmp_path / "copies"
        )
        assert result.returncode == 1
        assert result.stderr.startswith("copies.py: ") or "\ncopies.py: " in result.stderr
        assert "Traceback" not in result.stderr


def test_unfinished_copies_are_not_opened(dataset: Path, tmp_path: Path) -> None:
    growing_batch.write(tmp_path, dataset, n=1, k=3, seed=0)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(DatasetError, match="no manifest"):
        growing_batch.load(tmp_path)
