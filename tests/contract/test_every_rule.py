"""A benchmark that runs every rule.

Without a shared file system it writes the same bytes, because each file that a script opens is declared by its rule;
and a result that is missing is made again, whichever rule makes it.
"""

import shutil

import every_rule
import pytest

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("every_rule")


@pytest.fixture(scope="module")
def local(folder):
    """Return the workspace after a local run."""
    return every_rule.run(folder / "local")


def test_without_a_shared_file_system_the_results_are_the_same_files_with_the_same_bytes(local, folder):
    if shutil.which("rsync") is None:
        pytest.skip("the fs storage plugin needs rsync")
    storage = ["--default-storage-provider", "fs", "--default-storage-prefix", str(folder / "storage")]
    work = every_rule.run(folder / "remote", *storage, *every_rule.STORAGE)
    assert not work.path("results").exists()
    stored = folder / "storage" / "results"
    assert every_rule.files_in(stored) == every_rule.files_in(local.path("results"))
    assert every_rule.differing(stored, local.path("results")) == []


@pytest.mark.parametrize("rule", OUTPUTS)
def test_a_missing_result_is_made_again(local, rule):
    file, aside = local.path(OUTPUTS[rule]), local.path("aside")
    file.rename(aside)
    jobs = local.plan().jobs
    aside.rename(file)
    assert rule in jobs
    assert local.plan().is_empty
