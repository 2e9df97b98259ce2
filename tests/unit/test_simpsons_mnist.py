"""simpsons-mnist from an archive or folder in its layout, in color and in gray."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from lookbook.datasets import DATASETS, arrays
from lookbook.datasets.simpsons_mnist import ARCHIVE, CLASSES, VARIANTS, fetch, prepare
from lookbook.errors import DatasetError

REMEDY = "set data.simpsons_mnist.path"
FEW = {"train": 2, "test": 1}


def picture(mode, shade):
    stream = io.BytesIO()
    Image.new(mode, (28, 28), shade if mode == "L" else (shade, 0, 0)).save(stream, "JPEG")
    return stream.getvalue()


def entries():
    files = {"simpsons-mnist-master/LICENSE": b"text"}
    for folder, mode in VARIANTS.values():
        for split, count in FEW.items():
            for place, label in enumerate(CLASSES):
                for number in range(count):
                    name = f"simpsons-mnist-master/dataset/{folder}/{split}/{label}/pic_{number}.jpg"
                    files[name] = picture(mode, 20 * place)
    return files


def archive_of(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def prepare_few(name, output, path, **options):
    return prepare(name, output, [path], per_class=FEW, **options)


@pytest.mark.parametrize(("name", "channels"), [("simpsons_mnist_rgb", 3), ("simpsons_mnist_gray", 1)])
def test_an_archive_becomes_a_dataset_of_its_variant(tmp_path, name, channels):
    manifest = prepare_few(name, tmp_path / "out", archive_of(tmp_path / "a.zip", entries()))
    dataset = arrays.load(tmp_path / "out" / "manifest.json")
    assert dataset.classes == CLASSES
    assert dataset.train_images.shape == (20, 28, 28, channels)
    assert dataset.test_images.shape == (10, 28, 28, channels)
    assert dataset.train_labels.tolist() == np.repeat(np.arange(10), 2).tolist()
    assert dataset.test_labels.tolist() == list(range(10))
    np.testing.assert_allclose(dataset.test_images[:, 14, 14, 0].astype(int), 20 * np.arange(10), atol=2)
    assert "CC BY-NC-SA" in manifest["source"]
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {"manifest", *DATASETS[name].arrays}


def test_an_unpacked_folder_and_any_number_of_workers_give_the_same_dataset(tmp_path):
    archive = archive_of(tmp_path / "a.zip", entries())
    for name, data in entries().items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    digests = {
        prepare_few("simpsons_mnist_rgb", tmp_path / "out", source, workers=workers)["digest"]
        for source, workers in ((archive, 1), (archive, 2), (tmp_path / "folder", 1))
    }
    assert len(digests) == 1


@pytest.mark.parametrize("change", ["missing", "broken", "gray"])
def test_a_wrong_count_is_an_error_that_names_class_and_reason(tmp_path, change):
    files = entries()
    name = f"simpsons-mnist-master/dataset/rgb/train/{CLASSES[3]}/pic_1.jpg"
    if change == "missing":
        del files[name]
    else:
        files[name] = b"" if change == "broken" else picture("L", 3)
    with pytest.raises(DatasetError, match=r"train/krusty_the_clown has 1 usable images instead of 2") as error:
        prepare_few("simpsons_mnist_rgb", tmp_path / "out", archive_of(tmp_path / "a.zip", files))
    reason = {"missing": REMEDY, "broken": "pic_1.jpg: empty file", "gray": "color mode L, not RGB"}[change]
    assert reason in str(error.value)


def test_an_unknown_class_and_another_layout_are_errors(tmp_path):
    files = entries() | {"simpsons-mnist-master/dataset/rgb/test/gil/pic_0.jpg": picture("RGB", 1)}
    archive = archive_of(tmp_path / "a.zip", files)
    with pytest.raises(DatasetError, match="test/gil is not a class"):
        prepare_few("simpsons_mnist_rgb", tmp_path / "out", archive)
    with pytest.raises(DatasetError, match="no images in dataset/rgb/train"):
        prepare_few("simpsons_mnist_rgb", tmp_path / "out", archive_of(tmp_path / "b.zip", {"x": b""}))
    with pytest.raises(DatasetError, match=r"got 0 paths; download .*simpsons-mnist"):
        prepare("simpsons_mnist_rgb", tmp_path / "out")


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_path_leaves_one_archive_which_is_prepared(tmp_path, form):
    path = archive_of(tmp_path / "a.zip", entries())
    if form == "folder":
        shutil.unpack_archive(path, tmp_path / "folder")
        path = tmp_path / "folder"
    assert "data.simpsons_mnist.path" in fetch(tmp_path / "fetched", path=str(path))
    assert [file.name for file in (tmp_path / "fetched").iterdir()] == [ARCHIVE]
    manifest = prepare_few("simpsons_mnist_gray", tmp_path / "out", tmp_path / "fetched" / ARCHIVE)
    assert manifest["counts"] == {"train": 20, "test": 10}
    with pytest.raises(DatasetError, match=r"^data\.simpsons_mnist\.path: .*no images in"):
        fetch(tmp_path / "fetched", path=str(archive_of(tmp_path / "b.zip", {"x": b""})))


def test_a_download_is_kept_and_a_failed_one_has_a_remedy(tmp_path, monkeypatch):
    pooch = pytest.importorskip("pooch")
    outcomes = [b"<html>busy</html>", (archive_of(tmp_path / "a.zip", entries())).read_bytes()]

    def retrieve(url, known_hash, fname, path, downloader, progressbar):
        assert (known_hash, downloader, progressbar) == (None, None, True)
        if not outcomes:
            raise OSError("no network")
        (path / fname).write_bytes(outcomes.pop(0))

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert fetch(tmp_path / "x", url="u") == fetch(tmp_path / "x", url="u") == "u"
    assert prepare_few("simpsons_mnist_rgb", tmp_path / "out", tmp_path / "x" / ARCHIVE)["counts"]["test"] == 10
    with pytest.raises(DatasetError, match=r"u: no network.*set data\.simpsons_mnist\.path"):
        fetch(tmp_path / "y", url="u")
