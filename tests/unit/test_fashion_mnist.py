"""Where Fashion-MNIST comes from, with a small dataset in its format."""

import gzip
import hashlib
import shutil

import numpy as np
import pytest

from lookbook.datasets import arrays, fashion_mnist
from lookbook.datasets import downloads as downloads_module
from lookbook.datasets.fashion_mnist import IdxFile, fetch, prepare, read
from lookbook.datasets.idx import write_idx
from lookbook.errors import DatasetError

real_set = pytest.mark.skipif(
    not fashion_mnist.PACKAGE_FOLDER.is_dir(), reason="dataset-fashion-mnist is not installed"
)
MIRROR = "http://mirror/"
IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A dataset of 300 and 20 images: (folder, its ``IdxFile`` by array, their bytes by name)."""
    folder = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(0)
    files = {}
    for key, file in fashion_mnist.FILES.items():
        count = 300 if key.startswith("train") else 20
        shape = (count, 28, 28) if key.endswith("images") else (count,)
        array = rng.integers(10, size=shape, dtype=np.uint8)
        write_idx(folder / file.name, array)
        md5 = hashlib.md5((folder / file.name).read_bytes()).hexdigest()
        files[key] = IdxFile(file.name, md5, arrays.sha256(array))
    return folder, files, {file.name: (folder / file.name).read_bytes() for file in files.values()}


@pytest.fixture
def downloads(small, monkeypatch):
    """The names of the files that are downloaded, from a mirror that has the small dataset."""
    names = []

    def download(target, urls, objection, *, md5):
        names.append(target.name)
        assert urls == [MIRROR + target.name]
        target.write_bytes(small[2][target.name])
        assert hashlib.md5(small[2][target.name]).hexdigest() == md5
        if reason := objection(target):
            target.unlink()
            raise DatasetError(f"{urls[0]}: {reason}")
        return urls[0]

    monkeypatch.setattr(downloads_module, "download", download)
    return names


@pytest.fixture
def fetch_small(small, tmp_path):
    """Fetch the small dataset to ``tmp_path / "here"``; the Debian package is absent by default."""

    def call(**options):
        default = {"package": tmp_path / "no package", "mirrors": [MIRROR], "files": small[1]}
        options |= {"path": str(options["path"])} if options.get("path") else {}
        return fetch(tmp_path / "here", **(default | options))

    return call


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("path", "origin"), [(True, "data.fashion_mnist.path"), (False, "Debian package")])
def test_the_configured_folder_is_used_first_and_the_debian_package_second(
    small, fetch_small, downloads, tmp_path, path, origin
):
    assert origin in fetch_small(path=small[0] if path else "", package=small[0])
    assert contents(tmp_path / "here") == small[2]
    assert downloads == []


def test_the_mirrors_are_used_last(small, fetch_small, downloads, tmp_path):
    assert fetch_small() == MIRROR
    assert contents(tmp_path / "here") == small[2]
    assert downloads == [file.name for file in small[1].values()]


def test_recompressed_files_are_copied_and_uncompressed_files_are_compressed(small, fetch_small, tmp_path):
    recompressed, unpacked = tmp_path / "recompressed", tmp_path / "unpacked"
    recompressed.mkdir()
    unpacked.mkdir()
    for name, content in small[2].items():
        values = gzip.decompress(content)
        (recompressed / name).write_bytes(gzip.compress(values, compresslevel=1))
        (unpacked / name.removesuffix(".gz")).write_bytes(values)
    fetch_small(path=recompressed)
    assert contents(tmp_path / "here") == contents(recompressed)
    fetch_small(path=unpacked)
    assert contents(tmp_path / "here") == small[2]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: shutil.rmtree(folder), "does not exist"),
        (lambda folder: (folder / IMAGES).unlink(), f"there is no {IMAGES}"),
        (lambda folder: (folder / IMAGES).write_bytes(b"<html>"), "not an idx file"),
        (lambda folder: write_idx(folder / IMAGES, np.zeros((300, 28, 28), np.uint8)), "values differ"),
    ],
)
def test_a_configured_folder_that_is_wrong_is_an_error_that_names_the_key(
    small, fetch_small, downloads, tmp_path, spoil, complaint
):
    """No other source replaces it silently."""
    folder, _, _ = small
    wrong = tmp_path / "wrong"
    shutil.copytree(folder, wrong)
    spoil(wrong)
    with pytest.raises(DatasetError, match=rf"^data\.fashion_mnist\.path: .*{complaint}"):
        fetch_small(path=wrong, package=folder)
    assert downloads == []
    assert contents(tmp_path / "here") == {}


def test_a_broken_package_is_ignored(fetch_small, downloads, tmp_path):
    (tmp_path / "package").mkdir()
    assert fetch_small(package=tmp_path / "package") == MIRROR


def test_files_that_are_present_are_not_downloaded_again(small, fetch_small, downloads, tmp_path):
    fetch_small()
    (tmp_path / "here" / IMAGES).write_bytes(b"damaged")
    downloads.clear()
    fetch_small()
    assert downloads == [IMAGES]
    assert contents(tmp_path / "here") == small[2]


def test_the_values_are_verified_even_if_the_checksum_of_the_file_is_right(small, fetch_small, downloads, tmp_path):
    others = {key: file._replace(sha256="0" * 64) for key, file in small[1].items()}
    with pytest.raises(DatasetError, match="the values differ from those of Fashion-MNIST"):
        fetch_small(files=others)
    assert list((tmp_path / "here").iterdir()) == []


def test_if_the_download_fails_one_message_names_three_remedies(fetch_small, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(DatasetError) as error:
        fetch_small(mirrors=["http://127.0.0.1:9/"])
    message = str(error.value)
    assert "set data.fashion_mnist.path" in message
    assert "apt-get install dataset-fashion-mnist" in message
    assert "network access" in message
    assert f"http://127.0.0.1:9/{IMAGES}: ConnectionError" in message


def test_only_the_published_values_are_prepared_under_its_name(small, tmp_path):
    with pytest.raises(DatasetError, match="the values differ from those of Fashion-MNIST"):
        prepare("fashion_mnist", tmp_path / "out", [small[0]])
    assert not (tmp_path / "out").exists()


def test_the_four_files_or_their_folder_are_read(small):
    folder, files, content = small
    whole, separate = read(folder, files=files), read(*(folder / name for name in reversed(content)), files=files)
    assert all(np.array_equal(whole[key], separate[key]) for key in files)
    with pytest.raises(DatasetError, match=f"there is no {IMAGES}"):
        read(*(folder / name for name in content if name != IMAGES), files=files)


@real_set
def test_the_debian_package_holds_the_published_values():
    decoded = read(fashion_mnist.PACKAGE_FOLDER)
    assert {key: array.shape for key, array in decoded.items()} == {
        "train_images": (60000, 28, 28),
        "train_labels": (60000,),
        "test_images": (10000, 28, 28),
        "test_labels": (10000,),
    }


@real_set
def test_the_prepared_dataset_does_not_depend_on_where_the_files_are(tmp_path):
    fetch(tmp_path / "here", path=str(fashion_mnist.PACKAGE_FOLDER))
    prepare("fashion_mnist", tmp_path / "one", [tmp_path / "here" / file.name for file in fashion_mnist.FILES.values()])
    manifest = prepare("fashion_mnist", tmp_path / "two", [fashion_mnist.PACKAGE_FOLDER])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert manifest["shape"] == [28, 28, 1]
    assert manifest["class_counts"] == {"train": [6000] * 10, "test": [1000] * 10}
    assert manifest["sha256"] == {key: file.sha256 for key, file in fashion_mnist.FILES.items()}
