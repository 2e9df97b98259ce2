"""The archive of a dataset: which source fails, and what stays when the source is taken from the configuration."""

import zipfile
from itertools import product

import workspace

from lookbook.datasets.simpsons_mnist import ARCHIVE, CLASSES

TARGET = f"resources/downloads/simpsons_mnist/{ARCHIVE}"


def configured(folder, source):
    """Return a workspace whose simpsons-mnist comes from a path."""
    work = workspace.create(folder / "work")
    path = work.path("config/config.yaml")
    path.write_text(f"{path.read_text()}data: {{simpsons_mnist: {{path: {source}}}}}\n")
    return work


def test_an_archive_stays_when_its_source_is_taken_from_the_configuration(tmp_path):
    source = tmp_path / "mine.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for folder, split, label in product(("rgb", "grayscale"), ("train", "test"), CLASSES):
            archive.writestr(f"simpsons-mnist/dataset/{folder}/{split}/{label}/picture.jpg", b"any bytes")
    work = configured(tmp_path, source)
    work.run(TARGET)
    content = work.path(TARGET).read_bytes()
    work.replace("config/config.yaml", str(source), "null")
    assert work.plan("resources/datasets/simpsons_mnist_rgb/manifest.json").jobs == {"prepare_dataset": 1}
    assert work.path(TARGET).read_bytes() == content


def test_another_archive_in_the_folder_is_not_that_of_the_dataset(tmp_path):
    work = configured(tmp_path, "null")
    other = work.path("resources/downloads/simpsons_mnist/master.zip")
    other.parent.mkdir(parents=True)
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a", "b")
    planned = work.plan("resources/datasets/simpsons_mnist_rgb/manifest.json").jobs
    assert planned == {"fetch_dataset": 1, "prepare_dataset": 1}


def test_a_source_that_is_no_archive_fails_the_job(tmp_path):
    source = tmp_path / "mine.zip"
    source.write_text("no archive")
    work = configured(tmp_path, source)
    failed = work.snakemake("--cores", "1", "--retries", "0", TARGET)
    assert failed.status != 0
    assert "error: data.simpsons_mnist.path: " in failed.output
    assert "completed successfully" not in failed.output
    assert not work.path(TARGET).exists()
