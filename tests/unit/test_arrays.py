"""Prepared datasets: arrays and a manifest."""

import hashlib
import json

import numpy as np
import pytest

from lookbook.datasets import arrays
from lookbook.errors import DatasetError

RNG = np.random.default_rng(0)
CONTENT = {
    "train_images": RNG.integers(256, size=(6, 4, 5, 3), dtype=np.uint8),
    "train_labels": np.array([0, 1, 0, 1, 0, 0], np.uint8),
    "test_images": RNG.integers(256, size=(2, 4, 5, 3), dtype=np.uint8),
    "test_labels": np.array([1, 1], np.uint8),
}


def write(folder, **changes):
    about = {"name": "toys", "classes": ("cat", "dog", "owl"), "source": "a test"}
    return arrays.write(folder, **(about | CONTENT | changes))


def test_a_written_dataset_is_loaded(tmp_path):
    write(tmp_path / "toys")
    dataset = arrays.load(tmp_path / "toys" / "manifest.json")
    assert (dataset.name, dataset.classes, dataset.shape) == ("toys", ("cat", "dog", "owl"), (4, 5, 3))
    for key, array in CONTENT.items():
        loaded = getattr(dataset, key)
        assert loaded.dtype == np.uint8
        np.testing.assert_array_equal(loaded, array)


def test_arrays_are_mapped_from_disk_and_cannot_be_changed(tmp_path):
    write(tmp_path)
    dataset = arrays.load(tmp_path / "manifest.json")
    assert isinstance(dataset.train_images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        dataset.train_images[0] = 0


def test_the_manifest_describes_the_arrays(tmp_path):
    manifest = write(tmp_path)
    assert manifest == json.loads((tmp_path / "manifest.json").read_text())
    assert manifest == arrays.load(tmp_path / "manifest.json").manifest
    assert manifest["name"] == "toys"
    assert manifest["source"] == "a test"
    assert manifest["classes"] == ["cat", "dog", "owl"]
    assert manifest["shape"] == [4, 5, 3]
    assert manifest["counts"] == {"train": 6, "test": 2}
    assert manifest["class_counts"] == {"train": [4, 2, 0], "test": [0, 2, 0]}
    for key, array in CONTENT.items():
        assert manifest["sha256"][key] == hashlib.sha256(array.tobytes()).hexdigest()


def test_writing_again_gives_the_same_bytes(tmp_path):
    for folder in ("one", "two", "two"):
        write(tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted([*(f"{key}.npy" for key in CONTENT), "manifest.json"])
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_digest_depends_only_on_what_training_depends_on(tmp_path):
    digest = write(tmp_path)["digest"]
    assert write(tmp_path, name="other", source="elsewhere", classes=("a", "b", "c"))["digest"] == digest
    other_pixel = CONTENT["train_images"].copy()
    other_pixel[0, 0, 0, 0] ^= 1
    turned = {key: CONTENT[key].reshape(-1, 5, 4, 3) for key in ("train_images", "test_images")}
    digests = {
        digest,
        write(tmp_path, train_images=other_pixel)["digest"],
        write(tmp_path, test_labels=np.array([0, 1], np.uint8))["digest"],
        write(tmp_path, classes=("cat", "dog"))["digest"],
        write(tmp_path, **turned)["digest"],
    }
    assert len(digests) == 5
    assert arrays.load(tmp_path / "manifest.json").digest in digests


def test_a_dataset_may_have_no_test_images(tmp_path):
    write(tmp_path, test_images=np.zeros((0, 4, 5, 3), np.uint8), test_labels=np.zeros(0, np.uint8))
    assert arrays.load(tmp_path / "manifest.json").test_images.shape == (0, 4, 5, 3)


def test_an_interrupted_rewrite_leaves_no_manifest(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setattr(np, "save", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        write(tmp_path)
    with pytest.raises(DatasetError, match="does not exist"):
        arrays.load(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"train_images": CONTENT["train_images"][..., 0]}, "train images must be"),
        ({"train_images": CONTENT["train_images"] / 255}, "float64"),
        ({"test_images": CONTENT["test_images"][:, :3]}, "test images of shape"),
        ({"train_labels": CONTENT["train_labels"][:-1]}, "train labels must be"),
        ({"test_labels": np.array([1, 3], np.uint8)}, "test label 3 has no name"),
    ],
)
def test_wrong_arrays_are_not_written(tmp_path, changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        write(tmp_path / "toys", **changes)
    assert not (tmp_path / "toys").exists()


def test_a_missing_manifest_is_an_error_with_its_path_and_a_remedy(tmp_path):
    with pytest.raises(DatasetError, match="does not exist; prepare the dataset with") as error:
        arrays.load(tmp_path / "nowhere" / "manifest.json")
    assert str(tmp_path / "nowhere" / "manifest.json") in str(error.value)
    with pytest.raises(DatasetError, match=r"is a folder; give the path of its manifest\.json"):
        arrays.load(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"name": "toys"}'])
def test_a_damaged_manifest_is_refused(tmp_path, content):
    write(tmp_path)
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(DatasetError, match=r"manifest\.json (is damaged|lacks)"):
        arrays.load(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda path: path.unlink(), "is missing; delete .*manifest.json and prepare the dataset with: snakemake "),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "is damaged"),
        (lambda path: np.save(path, np.zeros(5, np.uint8)), "holds .* manifest requires uint8"),
        (lambda path: np.save(path, np.zeros(6, np.int64)), "holds .* manifest requires uint8"),
    ],
)
def test_an_array_that_is_missing_truncated_or_of_another_shape_or_dtype_is_refused(tmp_path, spoil, complaint):
    write(tmp_path)
    spoil(tmp_path / "train_labels.npy")
    with pytest.raises(DatasetError, match=rf"train_labels\.npy {complaint}"):
        arrays.load(tmp_path / "manifest.json")


@pytest.mark.parametrize("name", sorted(CONTENT))
def test_one_changed_byte_of_an_array_is_found_where_contents_are_verified(tmp_path, name):
    write(tmp_path)
    arrays.load(tmp_path / "manifest.json", verify=True)
    flip_last_byte(tmp_path / f"{name}.npy")
    arrays.load(tmp_path / "manifest.json")
    with pytest.raises(DatasetError, match=rf"{name}\.npy differs from the SHA-256 in the manifest; delete .*"):
        arrays.load(tmp_path / "manifest.json", verify=True)


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["train_heights", "train_widths", "submission_images"])
def test_one_changed_byte_of_sizes_and_submission_images_is_found(competition, name):
    dataset = arrays.load(competition / "manifest.json")
    flip_last_byte(competition / f"{name}.npy")
    use = dataset.submission_images if name == "submission_images" else dataset.original_sizes
    with pytest.raises(DatasetError, match=rf"{name}\.npy differs from the SHA-256"):
        use()


@pytest.fixture
def competition(tmp_path):
    """A dataset of four training images with original sizes and two images for a submission."""
    write(tmp_path, train_images=CONTENT["train_images"][:4], train_labels=CONTENT["train_labels"][:4])
    heights, widths = np.arange(8, dtype=np.int32).reshape(2, 4)
    submission = CONTENT["test_images"]
    added = {"train_heights": heights, "train_widths": widths, "submission_images": submission}
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["sha256"] |= arrays.save(tmp_path, added)
    manifest["digest"] = arrays.digest_of(3, manifest["shape"], manifest["sha256"])
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"submission": {"names": ["a", "b"]}}))
    return tmp_path


def test_original_sizes_and_submission_images_are_loaded(competition):
    dataset = arrays.load(competition / "manifest.json")
    heights, widths = dataset.original_sizes()
    assert (heights.tolist(), widths.tolist()) == ([0, 1, 2, 3], [4, 5, 6, 7])
    np.testing.assert_array_equal(dataset.submission_images(), CONTENT["test_images"])


@pytest.mark.parametrize("name", ["train_heights", "submission_images"])
def test_damaged_sizes_and_submission_images_are_refused(competition, name):
    dataset = arrays.load(competition / "manifest.json")
    use = dataset.original_sizes if name == "train_heights" else dataset.submission_images
    np.save(competition / f"{name}.npy", np.zeros(3, np.int32))
    with pytest.raises(DatasetError, match=rf"{name}\.npy holds int32 \(3,\)"):
        use()
    (competition / f"{name}.npy").write_bytes(b"x")
    with pytest.raises(DatasetError, match="is damaged"):
        use()


def test_a_dataset_without_sizes_and_submission_images_is_an_error_with_a_remedy(tmp_path):
    write(tmp_path)
    dataset = arrays.load(tmp_path / "manifest.json")
    with pytest.raises(DatasetError, match=r"train_heights\.npy is missing.*use one in the competition's layout"):
        dataset.original_sizes()
    with pytest.raises(DatasetError, match="toys has no test images for a submission"):
        dataset.submission_images()
