"""The competition's layout: classes, nesting, skipped images, test images without labels."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from lookbook.datasets import arrays
from lookbook.datasets.competition_layout import prepare_layout, unread_images
from lookbook.datasets.simpsons import CLASSES
from lookbook.errors import DatasetError

TOYS = ("apple", "pear")
SCRIPTS = Path(arrays.__file__).parents[2]
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
    return prepare_layout(source, output, name="toys", classes=TOYS, origin="a test", size=8)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_folder_or_archive_becomes_a_dataset_without_labeled_test_images(tmp_path, form):
    folder = layout(tmp_path / "in", tests=12)
    manifest = prepare_toys(zipped(folder) if form == "zip" else folder, tmp_path / "out")
    dataset = arrays.load(tmp_path / "out" / "manifest.json")
    assert dataset.classes == TOYS
    assert dataset.train_images.shape == (4, 8, 8, 3)
    assert dataset.train_labels.tolist() == [0, 0, 1, 1]
    assert (dataset.test_images.shape, len(dataset.test_labels)) == ((0, 8, 8, 3), 0)
    heights, widths = dataset.original_sizes()
    assert (heights.tolist(), widths.tolist()) == ([20] * 4, [30, 31, 30, 31])
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["counts"] == {"train": 4, "test": 0}
    assert manifest["submission"] == {"names": [f"img{n}.jpg" for n in range(12)], "skipped": []}
    submission = dataset.submission_images()
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
def test_class_folders_are_found_at_any_depth(tmp_path, train):
    folder = layout(tmp_path / "in", train=train, testset="x/testset/testset")
    (folder / train / "characters_illustration").mkdir()
    if train == ".":
        shutil.move(folder / "x" / "testset", folder / "testset")
        (folder / "x").rmdir()
    manifest = prepare_toys(folder, tmp_path / "out")
    assert (manifest["counts"]["train"], len(manifest["submission"]["names"])) == (4, 3)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_an_empty_a_missing_and_an_unknown_class_folder_are_clear_errors(tmp_path, form):
    def prepared(folder):
        return prepare_toys(zipped(folder) if form == "zip" else folder, tmp_path / "out")

    empty, missing, unknown = (layout(tmp_path / name) for name in ("empty", "missing", "unknown"))
    for file in (empty / TRAIN / "pear").iterdir():
        file.unlink()
    shutil.rmtree(missing / TRAIN / "pear")
    (unknown / TRAIN / "plum").mkdir()
    with pytest.raises(DatasetError, match=r"simpsons_dataset/pear is empty; every class needs"):
        prepared(empty)
    with pytest.raises(DatasetError, match=r"simpsons_dataset/pear is missing; every class needs"):
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


def test_the_manifest_does_not_depend_on_where_and_how_deep_the_images_are(tmp_path):
    shallow, deep = layout(tmp_path / "a"), layout(tmp_path / "b", train="x/y/simpsons_dataset", testset="z/testset")
    for folder, train, tests in ((shallow, TRAIN, "testset/testset"), (deep, "x/y/simpsons_dataset", "z/testset")):
        (folder / train / "pear" / "bad.jpg").write_bytes(b"")
        (folder / tests / "bad.jpg").write_bytes(b"")
    assert prepare_toys(shallow, tmp_path / "1") == prepare_toys(zipped(deep), tmp_path / "2")


def test_the_files_that_a_mac_adds_to_an_archive_are_not_test_images(tmp_path):
    folder = layout(tmp_path / "in")
    for name in ("img0.jpg", "img1.jpg", "img2.jpg"):
        (folder / "__MACOSX/testset/testset").mkdir(parents=True, exist_ok=True)
        (folder / "__MACOSX/testset/testset" / f"._{name}").write_bytes(b"Mac OS X")
    (folder / "testset/testset" / "._img0.jpg").write_bytes(b"Mac OS X")
    manifest = prepare_toys(zipped(folder), tmp_path / "out")
    assert manifest["submission"]["names"] == ["img0.jpg", "img1.jpg", "img2.jpg"]
    assert unread_images(manifest) == []


# Bytes and reason; ``decode`` is tested with every kind of bad file.
HOSTILE = {
    "named.png": (picture(), "named .png but holds JPEG"),
    "random.jpg": (np.random.default_rng(0).bytes(5000), "not an image"),
    "truncated.jpg": (picture(width=300, height=300)[:700], "truncated"),
    "zero.jpg": (b"", "empty file"),
    "Thumbs.db": (b"x", "unknown extension .db"),
    "readme": (b"x", "unknown extension (none)"),
}


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_command_skips_bad_files_with_their_reasons_and_shows_its_progress(tmp_path, form):
    folder = layout(tmp_path / "in", classes=CLASSES, per_class=1)
    for name, (data, _) in HOSTILE.items():
        (folder / TRAIN / "gil" / name).write_bytes(data)
        (folder / "testset/testset" / name).write_bytes(data)
    source = zipped(folder) if form == "zip" else folder
    command = [sys.executable, SCRIPTS / "prepare_dataset.py", "simpsons_128", "--workers", "2"]
    command += ["--originals", source, "--output", tmp_path / "out"]
    # Progress bars appear in a terminal only.
    terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    command = [sys.executable, "-c", terminal, *map(str, command)]
    environment = os.environ | {"TQDM_NCOLS": "80", "TQDM_NROWS": "24"}  # the new terminal states no size
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    done = subprocess.run(command, **pipes, env=environment, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    assert "train: 100%" in done.stdout
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for skipped in (manifest["skipped"], manifest["submission"]["skipped"]):
        reasons = {PurePosixPath(entry["name"]).name: entry["reason"] for entry in skipped}
        assert reasons == {name: reason for name, (_, reason) in HOSTILE.items()}
    assert manifest["class_counts"]["train"] == [1] * 42
    assert set(unread_images(manifest)) == set(HOSTILE) - {"Thumbs.db", "readme"}
    assert manifest["submission"]["names"] == ["img0.jpg", "img1.jpg", "img2.jpg"]
