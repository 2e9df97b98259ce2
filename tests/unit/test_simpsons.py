"""The competition's layout: classes, nesting, skipped images, test images without labels, and the submission."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookbook.datasets import arrays, simpsons
from lookbook.datasets.errors import DatasetError
from lookbook.datasets.images import load_sizes
from lookbook.datasets.simpsons import CLASSES, fetch, prepare, prepare_layout, unavailable_reason
from lookbook.datasets.submission import load_submission_images, write_submission

TOYS = ("apple", "pear")
TRAIN = Path("train/simpsons_dataset")


def picture(red=0, width=30, height=20):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (red, 0, 0)).save(stream, "JPEG")
    return stream.getvalue()


def layout(root, classes=TOYS, per_class=2, tests=3, train=TRAIN, testset="testset/testset"):
    for place, label in enumerate(classes):
        (root / train / label).mkdir(parents=True)
        for number in range(per_class):
            (root / train / label / f"pic_{number:04d}.jpg").write_bytes(picture(place, 30 + number))
    (root / testset).mkdir(parents=True)
    for number in range(tests):
        (root / testset / f"img{number}.jpg").write_bytes(picture(100 + number))
    return root


def zipped(folder):
    return Path(shutil.make_archive(str(folder), "zip", folder))


def prepare_toys(source, output):
    return prepare_layout(source, output, name="toys", classes=TOYS, origin="drawn", size=8)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_folder_or_archive_becomes_a_dataset_without_labelled_test_images(tmp_path, form):
    folder = layout(tmp_path / "in", tests=12)
    manifest = prepare_toys(zipped(folder) if form == "zip" else folder, tmp_path / "out")
    dataset = arrays.load(tmp_path / "out")
    assert dataset.classes == TOYS
    assert dataset.train_images.shape == (4, 8, 8, 3)
    assert dataset.train_labels.tolist() == [0, 0, 1, 1]
    assert (dataset.test_images.shape, len(dataset.test_labels)) == ((0, 8, 8, 3), 0)
    heights, widths = load_sizes(tmp_path / "out")
    assert (heights.tolist(), widths.tolist()) == ([20] * 4, [30, 31, 30, 31])
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["counts"] == {"train": 4, "test": 0}
    assert manifest["submission"] == {"names": [f"img{n}.jpg" for n in range(12)], "skipped": []}
    submission = load_submission_images(tmp_path / "out")
    assert submission.shape == (12, 8, 8, 3)
    np.testing.assert_allclose(submission[:, 0, 0, 0].astype(int), 100 + np.arange(12), atol=2)


def test_the_hashes_in_the_manifest_are_those_of_the_files_and_do_not_depend_on_the_run(tmp_path):
    folder = layout(tmp_path / "in")
    manifest = prepare_toys(folder, tmp_path / "a")
    for key, sha256 in manifest["sha256"].items():
        assert sha256 == arrays.sha256(np.load(tmp_path / "a" / f"{key}.npy"))
    prepare_toys(zipped(folder), tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.parametrize(
    "train", ["simpsons_dataset", "a/b/simpsons_dataset/simpsons_dataset", ".", "characters_train"]
)
def test_class_folders_are_found_however_they_are_nested(tmp_path, train):
    folder = layout(tmp_path / "in", train=train, testset="x/testset/testset")
    (folder / train / "characters_illustration").mkdir()
    if train == ".":
        shutil.move(folder / "x" / "testset", folder / "testset")
        (folder / "x").rmdir()
    manifest = prepare_toys(folder, tmp_path / "out")
    assert (manifest["counts"]["train"], len(manifest["submission"]["names"])) == (4, 3)


def test_broken_training_and_test_images_are_skipped_and_listed(tmp_path):
    folder = layout(tmp_path / "in")
    (folder / TRAIN / "apple" / "pic_0000.jpg").write_bytes(b"")
    (folder / TRAIN / "pear" / "Thumbs.db").write_bytes(b"x")
    (folder / "testset/testset/img1.jpg").write_bytes(b"x")
    manifest = prepare_toys(folder, tmp_path / "out")
    assert manifest["skipped"] == [
        {"name": f"{TRAIN}/apple/pic_0000.jpg", "reason": "empty file"},
        {"name": f"{TRAIN}/pear/Thumbs.db", "reason": "unknown extension .db"},
    ]
    assert manifest["class_counts"]["train"] == [1, 2]
    assert manifest["submission"]["names"] == ["img0.jpg", "img2.jpg"]
    assert manifest["submission"]["skipped"] == [{"name": "testset/testset/img1.jpg", "reason": "not an image"}]


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_an_empty_a_missing_and_an_unknown_class_folder_are_clear_errors(tmp_path, form):
    def prepared(folder):
        return prepare_toys(zipped(folder) if form == "zip" else folder, tmp_path / "out")

    empty, missing, unknown = (layout(tmp_path / name) for name in ("empty", "missing", "unknown"))
    for file in (empty / TRAIN / "pear").iterdir():
        file.unlink()
    shutil.rmtree(missing / TRAIN / "pear")
    (unknown / TRAIN / "plum").mkdir()
    with pytest.raises(DatasetError, match=r"simpsons_dataset/pear is empty; .*download"):
        prepared(empty)
    with pytest.raises(DatasetError, match=r"simpsons_dataset/pear is missing; .*download"):
        prepared(missing)
    with pytest.raises(DatasetError, match=r"simpsons_dataset/plum is not a class .*rename"):
        prepared(unknown)


def test_a_class_without_any_usable_image_is_an_error_and_leaves_no_manifest(tmp_path):
    folder = layout(tmp_path / "in")
    prepare_toys(folder, tmp_path / "out")
    for file in (folder / TRAIN / "pear").iterdir():
        file.write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"pear has no usable image: .*not an image"):
        prepare_toys(folder, tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_folder_without_any_class_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match=r"no class folder such as train/simpsons_dataset/apple"):
        prepare_toys(tmp_path, tmp_path / "out")


def test_there_are_42_classes_in_alphabetical_order():
    assert len(CLASSES) == 42
    assert list(CLASSES) == sorted(set(CLASSES))


def test_what_a_path_fetches_is_prepared_at_the_size_of_the_name(tmp_path):
    folder = layout(tmp_path / "in", classes=CLASSES, per_class=1)
    assert "data.simpsons.path" in fetch(tmp_path / "fetched", path=zipped(folder))
    assert prepare("simpsons", tmp_path / "a", tmp_path / "fetched")["shape"] == [224, 224, 3]
    assert prepare("simpsons_128", tmp_path / "b", tmp_path / "fetched")["shape"] == [128, 128, 3]
    with pytest.raises(DatasetError, match="no class folder"):
        fetch(tmp_path / "fetched", path=tmp_path / "fetched")


@pytest.fixture
def no_kaggle(tmp_path, monkeypatch):
    """A machine with neither client nor credentials."""
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "kaggle"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_without_path_and_credentials_the_reason_and_the_remedy_are_given(no_kaggle):
    reason = unavailable_reason(None)
    assert "need a Kaggle account" in reason
    assert "set data.simpsons.path" in reason
    assert "KAGGLE_USERNAME" in reason


def test_a_wrong_path_is_a_reason_and_a_right_one_is_none(no_kaggle):
    (no_kaggle / "a.zip").write_bytes(b"x")
    assert "does not exist" in unavailable_reason(no_kaggle / "absent")
    assert "is no zip archive" in unavailable_reason(no_kaggle / "a.zip")
    assert unavailable_reason(no_kaggle) is None
    with zipfile.ZipFile(no_kaggle / "b.zip", "w") as archive:
        archive.writestr("x", "y")
    assert unavailable_reason(str(no_kaggle / "b.zip")) is None
    assert unavailable_reason(None, downloaded=no_kaggle / "b.zip") is None
    assert unavailable_reason(None, downloaded=no_kaggle / "a.zip") is not None


def kaggle_client(folder, script):
    (folder / "bin").mkdir()
    client = folder / "bin" / "kaggle"
    client.write_text(f"#!{sys.executable}\n{script}")
    client.chmod(client.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("where", ["environment", "file"])
def test_credentials_need_the_client_too(no_kaggle, monkeypatch, where):
    if where == "environment":
        monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
        monkeypatch.setenv("KAGGLE_KEY", "something")
    else:
        (no_kaggle / "kaggle").mkdir()
        (no_kaggle / "kaggle" / "kaggle.json").write_text("{}")
    assert "client is not installed" in unavailable_reason(None)
    kaggle_client(no_kaggle, "")
    assert unavailable_reason(None) is None


def test_the_client_downloads_the_archive_once(no_kaggle):
    folder = no_kaggle / "fetched"
    archive = no_kaggle / "made.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("x", "y")
    kaggle_client(
        no_kaggle,
        "import shutil, sys\n"
        "assert sys.argv[1:5] == ['competitions', 'download', '-c', 'journey-springfield']\n"
        f"shutil.move({str(archive)!r}, sys.argv[6] + '/journey-springfield.zip')\n",
    )
    assert fetch(folder) == fetch(folder) == simpsons.SOURCE


def test_a_client_that_fails_is_an_error_with_its_words(no_kaggle):
    kaggle_client(no_kaggle, "import sys\nprint('403 - Forbidden')\nsys.exit(1)")
    with pytest.raises(DatasetError, match=r"(?s)exit status 1.*403 - Forbidden.*Accept the rules"):
        fetch(no_kaggle / "fetched")
    (no_kaggle / "bin" / "kaggle").unlink()
    with pytest.raises(DatasetError, match="not installed"):
        fetch(no_kaggle / "fetched")


def test_asking_whether_the_images_can_be_had_imports_nothing_heavy():
    code = "import sys, lookbook.datasets.simpsons; sys.exit('numpy' in sys.modules or 'PIL' in sys.modules)"
    scripts = Path(simpsons.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(scripts)}).returncode == 0


def test_a_submission_has_one_row_per_test_image_in_order(tmp_path):
    write_submission(
        tmp_path / "s.csv", ["img10.jpg", "img2.jpg"], ["gil", "moe_szyslak"], unread=["img3.jpg"], fallback="gil"
    )
    assert (tmp_path / "s.csv").read_text() == ("Id,Expected\nimg2.jpg,moe_szyslak\nimg3.jpg,gil\nimg10.jpg,gil\n")


def test_a_submission_that_would_be_refused_is_not_written(tmp_path):
    for arguments, options, message in (
        ((["a"], []), {}, "1 names and 0 classes"),
        ((["a", "a"], ["x", "y"]), {}, "more than one row"),
        (([], []), {"unread": ["a"]}, "no fallback"),
    ):
        with pytest.raises(ValueError, match=message):
            write_submission(tmp_path / "s.csv", *arguments, **options)
    assert not (tmp_path / "s.csv").exists()


def test_a_dataset_without_test_images_has_no_submission(tmp_path):
    with pytest.raises(DatasetError, match="no test images"):
        load_submission_images(tmp_path)
