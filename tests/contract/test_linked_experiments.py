"""Experiments that start from other weights, train on augmented copies, or whose images are unavailable."""

import json
import re

import numpy as np
import pytest
import workspace

CONFIG = f"""\
experiment_files: [{workspace.EXPERIMENTS}]
profile: {{name: tiny, comparable: false, trials: 1, experiments: {{copied: {{trials: 1}}}}}}
data: {{simpsons: {{path: null}}}}
"""
# `continued` learns so slowly that it ends with the weights that it starts from.
EXPERIMENTS = """\
document: tiny
citation: a test
defaults:
  dataset: sample
  limit: {train_images: 200, test_images: 50}
  model: {class_name: mlp, config: {units: [4]}}
  training: {epochs: 1, batch_size: 50}
experiments:
  plain:
    title: the images themselves
  continued:
    base: plain
    title: from the weights of another experiment
    initial_weights: plain
    optimizer: {class_name: SGD, config: {learning_rate: 1.0e-12}}
  copied:
    base: plain
    title: two copies of each image
    augmented_copies: 2
    augmentation: [{class_name: one_of_k, config: {k: 7}}]
  longer:
    base: copied
    title: for longer
    training: {epochs: 2}
  cartoons:
    title: images that require an account
    dataset: simpsons
    model: {class_name: simpsons_cnn}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return the workspace after a run without a Kaggle account, and what Snakemake printed."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path_factory.mktemp("kaggle")))
        work = workspace.create(tmp_path_factory.mktemp("linked") / "my work", EXPERIMENTS, CONFIG)
        yield work, work.run()


@pytest.fixture
def work(ran):
    """Return the workspace for a test that changes its configuration."""
    work, _ = ran
    yield work
    work.path(workspace.EXPERIMENTS).write_text(EXPERIMENTS)
    work.path("config/config.yaml").write_text(CONFIG)


def predictions(work, experiment):
    with np.load(work.path(f"results/trials/{experiment}/0/predictions.npz")) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_augmented_copies_replace_the_training_images(ran):
    work, output = ran
    assert re.search(r"^train_trial +4$", output, re.MULTILINE)
    for name in ("plain", "copied", "longer"):
        trial = json.loads(work.path(f"results/trials/{name}/0/trial.json").read_text())
        assert trial["status"] == "ok", trial["error"]
        assert trial["images_per_epoch"] == (200 if name == "plain" else 400)
        assert trial["images"] == {"train": 200, "valid": 0, "test": 50}


def test_a_second_run_does_nothing(work):
    assert "Nothing to be done" in work.run()


def test_a_trial_starts_from_the_weights_of_the_same_trial_of_the_other_experiment(work):
    start, end = predictions(work, "plain"), predictions(work, "continued")
    assert start["test_probabilities"].std() > 0
    np.testing.assert_allclose(end["test_probabilities"], start["test_probabilities"], atol=1e-3)


@pytest.mark.parametrize(
    ("file", "old", "new", "retrained"),
    [
        pytest.param("config/config.yaml", "copied: {trials: 1}", "copied: {trials: 2}", {("copied", 1)}, id="trials"),
        pytest.param(workspace.EXPERIMENTS, "epochs: 2", "epochs: 3", {("longer", 0)}, id="epochs"),
        pytest.param(
            workspace.EXPERIMENTS, "copies: 2", "copies: 3", {("copied", 0), ("longer", 0)}, id="number of copies"
        ),
        pytest.param(workspace.EXPERIMENTS, "{k: 7}", "{k: 2}", {("copied", 0), ("longer", 0)}, id="operations"),
    ],
)
def test_a_change_of_the_copies_retrains_the_trials_that_use_them(work, file, old, new, retrained):
    work.replace(file, old, new)
    assert work.plan().trained == retrained


def test_two_swapped_numbers_of_the_copies_retrain(work):
    content = work.path(workspace.EXPERIMENTS).read_text()
    swapped = re.sub(r"copies: 2|k: 7", lambda match: {"copies: 2": "copies: 7", "k: 7": "k: 2"}[match[0]], content)
    work.path(workspace.EXPERIMENTS).write_text(swapped)
    assert work.plan().trained == {("copied", 0), ("longer", 0)}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("augmentation/_jpeg.py", "+ 50) // 100", "+ 49) // 100"),
        ("augmentation/one_of_k.py", "ops.floor(", "ops.floor(0.5 * "),
    ],
)
def test_an_edited_operation_retrains_the_trials_that_use_it(work, file, old, new):
    path = work.path(f"workflow/scripts/lookbook/{file}")
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))
    plan = work.plan()
    path.write_text(content)
    assert plan.trained == {("copied", 0), ("longer", 0)}


def test_a_change_of_the_initial_weights_retrains_what_starts_from_them(work):
    work.set("plain", split={"seed": 3})
    assert {("plain", 0), ("continued", 0)} <= work.plan().trained


def test_an_experiment_without_its_images_is_listed_with_reason_and_remedy(work):
    described = json.loads(work.path("results/experiments.json").read_text())["experiments"]
    assert [name for name, entry in described.items() if entry["unavailable"]] == ["cartoons"]
    not_run = work.path("results/report/report.md").read_text().partition("## Not run")[2].partition("\n## ")[0]
    assert "Kaggle account" in not_run
    assert "set data.simpsons.path" in not_run
    assert "`cartoons`" in not_run
    assert "cartoons" in work.path("results/report/report.html").read_text()


def test_an_experiment_runs_once_its_images_are_available(work):
    work.path("my images").mkdir(exist_ok=True)
    work.replace("config/config.yaml", "path: null", "path: my images")
    plan = work.plan()
    assert plan.trained == {("cartoons", 0)}
    rules = ("fetch_dataset", "prepare_competition_dataset", "write_submission")
    assert [plan.jobs[rule] for rule in rules] == [1, 1, 1]


@pytest.mark.parametrize(
    ("keys", "drawn"),
    [
        pytest.param({"figures": ["confusion_matrix"]}, {"plot_predictions"}, id="figures"),
        pytest.param({"factorial": {"study": "s", "factors": {"a": True}}}, {"estimate_factorials"}, id="factorial"),
        pytest.param({"title": "another"}, set(), id="title"),
    ],
)
def test_keys_of_the_report_train_and_evaluate_nothing(work, keys, drawn):
    work.set("copied", **keys)
    plan = work.plan()
    assert {"render_report", *drawn} <= plan.jobs.keys()
    assert not plan.jobs.keys() & {"prepare_dataset", "train_trial", "evaluate_trial"}
