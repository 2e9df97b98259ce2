"""Whether a data set can be had, asked when a run is planned, and the Kaggle client that brings one."""

import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lookbook.datasets import SOURCES, originals_unavailable_reason, simpsons, unavailable_reason
from lookbook.datasets.simpsons import fetch
from lookbook.errors import ConfigError, DatasetError

PYTHON = sys.executable
FAMILY = ["simpsons", "simpsons_128"]


@pytest.fixture
def no_kaggle(tmp_path, monkeypatch):
    """A run in an empty folder on a machine with neither client nor credentials."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "environment" / "python"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


@pytest.mark.parametrize("dataset", FAMILY)
def test_without_path_and_credentials_the_reason_and_the_remedy_are_given(no_kaggle, dataset):
    said = reason(dataset=dataset)
    assert "need a Kaggle account" in said
    assert "set data.simpsons.path" in said
    assert "KAGGLE_USERNAME" in said


def test_every_other_data_set_is_available(no_kaggle):
    assert {name for name in SOURCES if reason(dataset=name)} == set(FAMILY)
    assert unavailable_reason("generated", {}) is None
    assert unavailable_reason("simpsons", {}) == reason()


@pytest.mark.parametrize("dataset", FAMILY)
def test_a_wrong_path_is_an_error_and_no_reason_not_to_run(no_kaggle, dataset):
    (no_kaggle / "a.zip").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"data\.simpsons\.path is .*absent, which does not exist; set it to"):
        reason(no_kaggle / "absent", dataset)
    with pytest.raises(ConfigError, match="is no zip archive"):
        reason(no_kaggle / "a.zip", dataset)
    (no_kaggle / "resources/datasets" / dataset).mkdir(parents=True)
    (no_kaggle / "resources/datasets" / dataset / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match="does not exist"):
        reason(no_kaggle / "absent", dataset)


def test_a_right_path_is_available(no_kaggle):
    assert reason(no_kaggle) is None
    assert reason(archive(no_kaggle / "home" / "b.zip")) is None
    assert reason("~/b.zip") is None


def test_what_an_earlier_run_left_is_available(no_kaggle):
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


def test_a_client_that_fails_is_an_error_with_its_words(no_kaggle):
    kaggle_client(no_kaggle / "bin", "import sys\nprint('403 - Forbidden')\nsys.exit(1)")
    with pytest.raises(DatasetError, match=r"(?s)exit status 1.*403 - Forbidden.*Accept the rules"):
        fetch(no_kaggle / "fetched")
    (no_kaggle / "bin" / "kaggle").unlink()
    with pytest.raises(DatasetError, match="not installed"):
        fetch(no_kaggle / "fetched")


def test_asking_imports_nothing_heavy():
    code = (
        "import sys; from lookbook.datasets import unavailable_reason; unavailable_reason('simpsons', {}); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'PIL', 'pandas', 'tqdm')))"
    )
    scripts = Path(simpsons.__file__).parents[2]
    assert subprocess.run([PYTHON, "-c", code], env=os.environ | {"PYTHONPATH": str(scripts)}).returncode == 0
