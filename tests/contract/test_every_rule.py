"""A benchmark that runs every rule.

Without a shared file system it writes the same bytes, because each file that a script opens is declared by its rule;
and a result that is missing is made again, whichever rule makes it.
"""

import os
import shutil
from pathlib import Path

import pytest
import workspace

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
OUTPUTS = {
    "prepare_dataset": "resources/datasets/sample/manifest.json",
    "prepare_competition_dataset": "resources/datasets/generated/manifest.json",
    "train_trial": "results/trials/continued/0/trial.json",
    "evaluate_trial": "results/trials/drawn/0/metrics.json",
    "write_submission": "results/submissions/drawn.csv",
    "plot_learning_rate_range": "results/figures/learning_rate_range/network.svg",
    "plot_predictions": "results/figures/predictions/drawn/confusion_matrix.svg",
    "plot_best_network": "results/figures/best_network/best_network.json",
    "plot_dataset": "results/figures/datasets/generated/class_counts.svg",
    "plot_contact_sheets": "results/figures/contact_sheets/RandomFlip.svg",
}
COMPARED = ("report/report.md", "report/report.html", "trials.csv", "summary.csv", "comparisons.csv", "ensembles.csv")
CLOCK = Path(__file__).parent / "frozen_clock"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("every_rule")


def run(folder, name, *options):
    """Create the workspace and run it with stopped clocks."""
    work = workspace.create(folder / name, workspace.TINY + MORE)
    work.path("config/experiments/zoo.yaml").write_text(ZOO)
    files = f"[{workspace.EXPERIMENTS}, config/experiments/zoo.yaml]"
    work.replace("config/config.yaml", f"[{workspace.EXPERIMENTS}]", files)
    environment = os.environ | {"PYTHONPATH": str(CLOCK), "LOOKBOOK_COMMAND": "snakemake"}
    done = work.snakemake("--cores", "2", *options, environment=environment)
    assert done.status == 0, done.output
    return work


@pytest.fixture(scope="module")
def local(folder):
    """Return the workspace after a local run."""
    return run(folder, "local")


@pytest.fixture(scope="module")
def stored(folder):
    """Return the results folder of a run whose jobs exchange files through a storage provider."""
    if shutil.which("rsync") is None:
        pytest.skip("the fs storage plugin needs rsync")
    storage = ["--default-storage-provider", "fs", "--default-storage-prefix", str(folder / "storage")]
    usage = ["--shared-fs-usage", "sources", "software-deployment", "source-cache", "persistence"]
    work = run(folder, "remote", *storage, *usage)
    assert not work.path("results").exists()
    return folder / "storage" / "results"


def test_without_a_shared_file_system_every_result_is_in_the_storage(local, stored):
    expected = {path.relative_to(local.path("results")) for path in local.path("results").rglob("*") if path.is_file()}
    assert {path.relative_to(stored) for path in stored.rglob("*") if path.is_file()} == expected


@pytest.mark.parametrize("name", COMPARED)
def test_without_a_shared_file_system_the_results_have_the_same_bytes(local, stored, name):
    assert (stored / name).read_bytes() == local.path(f"results/{name}").read_bytes()


@pytest.mark.parametrize("rule", OUTPUTS)
def test_a_missing_result_is_made_again(local, rule):
    file, aside = local.path(OUTPUTS[rule]), local.path("aside")
    file.rename(aside)
    jobs = local.plan().jobs
    aside.rename(file)
    assert rule in jobs
    assert local.plan().is_empty
