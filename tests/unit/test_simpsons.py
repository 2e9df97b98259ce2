"""The competition's images: whether they are available, the Kaggle client, fetching and preparing."""

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from lookbook.datasets import DATASETS, arrays, originals_unavailable_reason, simpsons, unavailable_reason
from lookbook.datasets.archives import Files
from lookbook.datasets.simpsons import ARCHIVE, CLASSES, fetch, prepare
from lookbook.errors import ConfigError, DatasetError

PYTHON = sys.executable
FAMILY = ["simpsons", "simpsons_128"]


def reason(path=None, dataset="simpsons"):
    return unavailable_reason(dataset, {"simpsons": {"path": path and str(path)}, "simpsons_mnist": {"path": None}})


def archive(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x", "y")
    return path


def kaggle_client(folder, script=""):
    folder.mkdir()
    client = folder / "kaggle"
    client.write_text(f"#!{PYTHON}\n{script}")
    client.chmod(client.stat().st_mode | stat.S_IXUSR)


def test_without_path_and_credentials_only_the_competition_is_unavailable_with_reason_and_remedy(no_kaggle):
    reasons = {name: reason(dataset=name) for name in DATASETS}
    assert {name for name in DATASETS if reasons[name]} == set(FAMILY)
    for text in ("need a Kaggle account", "set data.simpsons.path", "KAGGLE_USERNAME"):
        assert all(text in reasons[name] for name in FAMILY)
    assert unavailable_reason("generated", {}) is None
    assert unavailable_reason("simpsons", {}) == reasons["simpsons"]


@pytest.mark.parametrize("dataset", FAMILY)
def test_a_wrong_path_is_an_error_and_not_a_reason(no_kaggle, dataset):
    (no_kaggle / "a.zip").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"data\.simpsons\.path: .*absent does not exist; set it to"):
        reason(no_kaggle / "absent", dataset)
    with pytest.raises(ConfigError, match="is not a zip archive"):
        reason(no_kaggle / "a.zip", dataset)
    (no_kaggle / "resources/datasets" / dataset).mkdir(parents=True)
    (no_kaggle / "resources/datasets" / dataset / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="does not exist"):
        reason(no_kaggle / "absent", dataset)


def test_a_right_path_is_available(no_kaggle):
    assert reason(no_kaggle) is None
    assert reason(archive(no_kaggle / "home" / "b.zip")) is None
    assert reason("~/b.zip") is None


def test_the_files_of_an_earlier_run_are_available(no_kaggle):
    (no_kaggle / "resources/datasets/simpsons_128").mkdir(parents=True)
    assert reason(dataset="simpsons_128") is not None
    (no_kaggle / "resources/datasets/simpsons_128/manifest.json").write_text("{}")
    assert reason(dataset="simpsons_128") is None
    assert originals_unavailable_reason("simpsons_128", {}) is not None
    assert reason(dataset="simpsons") is not None
    downloaded = no_kaggle / "resources/downloads/simpsons/journey-springfield.zip"
    downloaded.parent.mkdir(parents=True)
    downloaded.write_bytes(b"half a download")
    assert reason(dataset="simpsons") is not None
    archive(downloaded)
    assert reason(dataset="simpsons") is None
    assert originals_unavailable_reason("simpsons_128", {}) is None


@pytest.mark.parametrize(
    "where", ["key", "token", ".kaggle/kaggle.json", ".kaggle/access_token", ".config/kaggle/kaggle.json"]
)
def test_credentials_need_the_client_too(no_kaggle, monkeypatch, where):
    if where == "key":
        monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
        assert "need a Kaggle account" in reason()
        monkeypatch.setenv("KAGGLE_KEY", "something")
    elif where == "token":
        monkeypatch.setenv("KAGGLE_API_TOKEN", "something")
    else:
        (no_kaggle / "home" / where).parent.mkdir(parents=True)
        (no_kaggle / "home" / where).write_text("{}")
    assert "client is not installed" in reason()
    kaggle_client(no_kaggle / "bin")
    assert reason() is None


def test_the_client_beside_the_running_python_is_found(no_kaggle, monkeypatch):
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(no_kaggle / "chosen"))
    (no_kaggle / "chosen").mkdir()
    (no_kaggle / "chosen" / "kaggle.json").write_text("{}")
    assert "client is not installed" in reason()
    kaggle_client(no_kaggle / "environment")
    assert reason() is None


def test_the_client_downloads_the_archive_once(no_kaggle):
    folder = no_kaggle / "fetched"
    made = archive(no_kaggle / "made.zip")
    kaggle_client(
        no_kaggle / "bin",
        "import shutil, sys\n"
        "assert sys.argv[1:5] == ['competitions', 'download', '-c', 'journey-springfield']\n"
        f"shutil.move({str(made)!r}, sys.argv[6] + '/journey-springfield.zip')\n",
    )
    assert fetch(folder) == fetch(folder) == simpsons.SOURCE
    assert zipfile.is_zipfile(folder / ARCHIVE)


def test_the_message_of_a_failing_client_is_shown(no_kaggle):
    kaggle_client(no_kaggle / "bin", "import sys\nprint('403 - Forbidden')\nsys.exit(1)")
    with pytest.raises(DatasetError, match=r"(?s)exit status 1.*403 - Forbidden.*Accept the rules"):
        fetch(no_kaggle / "fetched")
    (no_kaggle / "bin" / "kaggle").unlink()
    with pytest.raises(DatasetError, match="not installed"):
        fetch(no_kaggle / "fetched")


def test_the_check_imports_nothing_heavy():
    code = (
        "import sys; from lookbook.datasets import unavailable_reason; unavailable_reason('simpsons', {}); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL', 'pandas', 'tqdm')))"
    )
    scripts = Path(simpsons.__file__).parents[2]
    assert subprocess.run([PYTHON, "-c", code], env=os.environ | {"PYTHONPATH": str(scripts)}).returncode == 0


@pytest.fixture
def images(tmp_path):
    """A folder in the competition's layout, with one image per class, one test image, and an unrelated file."""
    names = [f"in/train/simpsons_dataset/{label}/pic_0.jpg" for label in CLASSES]
    for name in (*names, "in/testset/testset/img0.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 7), "yellow").save(tmp_path / name)
    (tmp_path / "in" / "readme.txt").write_text("unrelated")
    return tmp_path / "in"


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_path_leaves_one_archive_and_another_place_of_the_images_gives_the_same_manifest(tmp_path, images, form):
    path = images if form == "folder" else Path(shutil.make_archive(str(tmp_path / "moved"), "zip", tmp_path, "in"))
    assert "data.simpsons.path" in fetch(tmp_path / "fetched", path=str(path))
    assert [file.name for file in (tmp_path / "fetched").iterdir()] == [ARCHIVE]
    with Files(tmp_path / "fetched" / ARCHIVE) as files:
        assert form == "zip" or sorted(Path(name).parts[-2] for name in files.names) == sorted([*CLASSES, "testset"])
    for name, size in (("simpsons", 224), ("simpsons_128", 128)):
        manifest = prepare(name, tmp_path / name, [tmp_path / "fetched" / ARCHIVE])
        assert manifest["shape"] == [size, size, 3]
    assert prepare("simpsons_128", tmp_path / "by hand", [images]) == manifest
    assert {f"{name}.npy" for name in DATASETS["simpsons"].arrays} == {
        file.name for file in (tmp_path / "simpsons").glob("*.npy")
    }
    assert arrays.load(tmp_path / "simpsons" / "manifest.json").submission_images().shape == (1, 224, 224, 3)


def test_a_path_without_the_images_is_an_error_with_the_key_and_a_remedy(tmp_path):
    with pytest.raises(DatasetError, match=r"^data\.simpsons\.path: .*no class folder.*; or download"):
        fetch(tmp_path / "fetched", path=str(tmp_path))
    with pytest.raises(DatasetError, match="simpsons is prepared from one zip archive or folder, got 0 paths"):
        prepare("simpsons", tmp_path / "out")
