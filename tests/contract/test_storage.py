"""Jobs that share no file system give the same results: every file that a script opens is declared by its rule."""

import os
import shutil
from pathlib import Path

import pytest
import workspace

pytestmark = pytest.mark.skipif(shutil.which("rsync") is None, reason="the fs storage plugin needs rsync")

# What the tiny benchmark lacks: weights of another trial, a dataset of the competition with its submission and figures,
# and a network of the zoo, of which the best is shown.
MORE = """\
  continued:
    base: plain
    title: from the weights of another experiment
    trials: 1
    initial_weights: plain
  drawn:
    title: images of the competition's layout
    dataset: generated
    trials: 1
    limit: {train_images: 300}
    sampling: {per_class: 3, size: {minimum: 10, maximum: 800}, augment: resampled}
    model: {class_name: simpsons_cnn, config: {filters: [4, 8], dropout: []}}
    augmentation: [{class_name: RandomFlip, config: {mode: horizontal}}]
    training: {epochs: 1, batch_size: 20}
    figures: [confusion_matrix]
"""
ZOO = """\
document: zoo
defaults: {dataset: sample, trials: 1, limit: {train_images: 100, test_images: 50}}
experiments:
  network:
    title: a network of the zoo
    model: {class_name: mlp, config: {units: [8]}}
    training: {epochs: 2, batch_size: 50}
    figures: [learning_rate_range]
  compared:
    base: network
    title: another network
"""
COMPARED = ("report/report.md", "report/report.html", "trials.csv", "summary.csv", "comparisons.csv", "ensembles.csv")
CLOCK = Path(__file__).parent / "frozen_clock"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the results folders of a local run and of one whose jobs exchange files through a storage provider."""
    folder = tmp_path_factory.mktemp("storage")
    environment = os.environ | {"PYTHONPATH": str(CLOCK), "LOOKBOOK_COMMAND": "snakemake"}
    storage = ["--default-storage-provider", "fs", "--default-storage-prefix", str(folder / "storage")]
    storage += ["--shared-fs-usage", "sources", "software-deployment", "source-cache", "persistence"]
    for name, options in (("local", []), ("remote", storage)):
        work = workspace.create(folder / name, workspace.TINY + MORE)
        work.path("config/experiments/zoo.yaml").write_text(ZOO)
        work.replace(
            "config/config.yaml",
            f"[{workspace.EXPERIMENTS}]",
            f"[{workspace.EXPERIMENTS}, config/experiments/zoo.yaml]",
        )
        done = work.snakemake("--cores", "2", *options, environment=environment)
        assert done.status == 0, done.output
    return folder / "local" / "results", folder / "storage" / "results"


def test_every_result_is_in_the_storage_and_none_in_the_working_directory(results):
    local, stored = results
    expected = {path.relative_to(local) for path in local.rglob("*") if path.is_file()}
    assert {path.relative_to(stored) for path in stored.rglob("*") if path.is_file()} == expected
    assert not (local.parents[1] / "remote" / "results").exists()


@pytest.mark.parametrize("name", COMPARED)
def test_a_run_without_a_shared_file_system_writes_the_same_bytes(results, name):
    local, stored = results
    assert (stored / name).read_bytes() == (local / name).read_bytes()
