"""The sample of Fashion-MNIST in this repository, and the scripts that make and prepare it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lookbook.datasets import DATASETS, FETCHED, arrays, fashion_mnist
from lookbook.datasets.idx import read_idx

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
NAMES = [file.name for file in fashion_mnist.FILES.values()]


def run(script, *arguments):
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_sample_is_not_sorted_by_class():
    labels = read_idx(fashion_mnist.SAMPLE_FOLDER / "train-labels-idx1-ubyte.gz")
    assert len(set(labels[:50])) == 10


def test_the_sample_is_small_and_has_its_licence():
    files = {path.name: path.stat().st_size for path in fashion_mnist.SAMPLE_FOLDER.iterdir()}
    assert set(files) == {*NAMES, "LICENSE", "README.md"}
    assert sum(files.values()) < 4e6
    licence = (fashion_mnist.SAMPLE_FOLDER / "LICENSE").read_text()
    assert "MIT License" in licence
    assert "2017 Zalando SE" in licence


def test_the_sample_is_prepared_from_the_repository_alone(tmp_path):
    done = run("prepare_dataset.py", "sample", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "5000 training and 1000 test images" in done.stdout
    dataset = arrays.load(tmp_path / "manifest.json")
    assert dataset.name == "sample"
    assert dataset.classes == fashion_mnist.CLASSES
    assert dataset.shape == (28, 28, 1)
    assert dataset.manifest["class_counts"] == {"train": [500] * 10, "test": [100] * 10}
    assert dataset.digest == "d6b557211c6b84d88c546d173a62feb663549afc1d7aa61e3af9b10a804f3c9a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["prepare_dataset.py", "fashion_mnist"],
            "fashion_mnist is prepared from its four idx files; give their paths or their folder",
        ),
        (["prepare_dataset.py", "sample", "--originals", "nowhere"], "nowhere does not exist"),
        (["fetch_dataset.py", "fashion_mnist", "--path", "nowhere"], "data.fashion_mnist.path: nowhere does not exist"),
    ],
)
def test_missing_files_are_one_line_and_exit_status_1(tmp_path, arguments, message):
    done = run(*arguments, "--output", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"error: {message}\n")


def test_the_registry_states_the_files_of_each_family():
    assert {family: len(info.originals) for family, info in FETCHED.items()} == {
        "fashion_mnist": 4,
        "simpsons": 1,
        "simpsons_mnist": 1,
    }
    assert not any(DATASETS[name].originals for name in ("sample", "generated"))
    assert set(DATASETS["generated"].arrays) - set(DATASETS["sample"].arrays) == {
        "train_heights",
        "train_widths",
        "submission_images",
    }


@pytest.mark.slow
@pytest.mark.skipif(not fashion_mnist.PACKAGE_FOLDER.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_the_sample_is_reproducible(tmp_path):
    for folder in ("one", "two"):
        done = run("make_sample.py", "--originals", fashion_mnist.PACKAGE_FOLDER, "--output", tmp_path / folder)
        assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        # Decoded, because builds of zlib compress differently.
        shipped, new = (read_idx(folder / name) for folder in (fashion_mnist.SAMPLE_FOLDER, tmp_path / "one"))
        np.testing.assert_array_equal(new, shipped)
