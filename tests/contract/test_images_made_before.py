"""Copies are made for the trials that want them, weights are handed on, and data that is not there stops nothing."""

import json

import numpy as np
import pytest
import workspace

CONFIG = f"""\
experiment_files: [{workspace.EXPERIMENTS}]
profile: {{name: tiny, comparable: false, trials: 1, experiments: {{copied: {{trials: 1}}}}}}
data: {{simpsons: {{path: null}}}}
"""
# `continued` learns so slowly that it ends where it starts.
EXPERIMENTS = """\
document: tiny
source: a drawer
defaults:
  dataset: sample
  limit: {train_images: 200, test_images: 50}
  model: {class_name: mlp, config: {units: [4]}}
  training: {epochs: 1, batch_size: 50}
experiments:
  plain:
    title: its images
  continued:
    base: plain
    title: from the weights of another
    initial_weights: plain
    optimizer: {class_name: SGD, config: {learning_rate: 1.0e-12}}
  copied:
    base: plain
    title: two copies of each image
    copies: {number: 2, operations: 7}
  longer:
    base: copied
    title: for longer
    training: {epochs: 2}
  cartoons:
    title: images that need an account
    dataset: simpsons
    model: {class_name: simpsons_cnn}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The workspace after its run, without an account at Kaggle, and what Snakemake printed."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path_factory.mktemp("kaggle")))
        work = workspace.create(tmp_path_factory.mktemp("made") / "my work", EXPERIMENTS, CONFIG)
        yield work, work.run()


@pytest.fixture
def work(ran):
    """The same, for a test to change its configuration at will."""
    work, _ = ran
    yield work
    work.path(workspace.EXPERIMENTS).write_text(EXPERIMENTS)
    work.path("config/config.yaml").write_text(CONFIG)


def predictions(work, experiment):
    with np.load(work.path(f"results/trials/{experiment}/0/predictions.npz")) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_copies_are_made_for_the_trials_that_train_on_them_and_are_gone_afterwards(ran):
    work, output = ran
    assert output.count("rule train_trial:") == 4
    assert output.count("rule make_copies:") == 2
    for name in ("plain", "copied", "longer"):
        trial = json.loads(work.path(f"results/trials/{name}/0/trial.json").read_text())
        assert trial["status"] == "ok", trial["error"]
        assert trial["images_per_epoch"] == (200 if name == "plain" else 400)
        assert trial["images"] == {"train": 200, "valid": 0, "test": 50}
    assert [file for file in work.path("results").glob("copies/**/*") if file.is_file()] == []
    assert work.path("results/logs/copies/copied/0.log").is_file()


def test_a_second_run_does_nothing(work):
    assert "Nothing to be done" in work.run()


def test_a_trial_starts_from_the_weights_of_the_other_experiments_trial(work):
    start, end = predictions(work, "plain"), predictions(work, "continued")
    assert start["test_probabilities"].std() > 0
    np.testing.assert_allclose(end["test_probabilities"], start["test_probabilities"], atol=1e-3)


def test_another_trial_makes_its_own_copies_and_retrains_none(work):
    work.replace("config/config.yaml", "copied: {trials: 1}", "copied: {trials: 2}")
    plan = work.plan()
    assert plan.trained == {("copied", 1)}
    assert plan.jobs["make_copies"] == 1


@pytest.mark.parametrize(
    ("old", "new", "retrained"),
    [
        pytest.param("epochs: 2", "epochs: 3", {("longer", 0)}, id="epochs"),
        pytest.param("number: 2", "number: 3", {("copied", 0), ("longer", 0)}, id="copies"),
    ],
)
def test_a_changed_experiment_makes_its_copies_again_and_no_others(work, old, new, retrained):
    work.replace(workspace.EXPERIMENTS, old, new)
    plan = work.plan()
    assert plan.trained == retrained
    assert plan.jobs["make_copies"] == len(retrained)


def test_a_change_where_the_weights_come_from_is_one_of_where_they_go(work):
    work.set("plain", split={"seed": 3})
    assert {("plain", 0), ("continued", 0)} <= work.plan().trained


def test_an_experiment_without_its_data_is_listed_with_reason_and_remedy(work):
    described = json.loads(work.path("results/experiments.json").read_text())["experiments"]
    assert [name for name, entry in described.items() if entry["unavailable"]] == ["cartoons"]
    not_run = work.path("results/report/report.md").read_text().partition("## Not run")[2].partition("\n## ")[0]
    assert "need a Kaggle account" in not_run
    assert "set data.simpsons.path" in not_run
    assert "`cartoons`" in not_run
    assert "cartoons" in work.path("results/report/report.html").read_text()


def test_an_experiment_is_run_when_its_data_is_there(work):
    work.path("my images").mkdir(exist_ok=True)
    work.replace("config/config.yaml", "path: null", "path: my images")
    plan = work.plan()
    assert plan.trained == {("cartoons", 0)}
    assert plan.jobs["fetch_archive"] == plan.jobs["prepare_dataset"] == plan.jobs["write_submission"] == 1


@pytest.mark.parametrize(
    ("keys", "drawn"),
    [
        pytest.param({"figures": ["confusion_matrix"]}, {"plot_predictions"}, id="figures"),
        pytest.param({"factorial": {"study": "s", "factors": {"a": True}}}, {"estimate_factorials"}, id="factorial"),
        pytest.param({"title": "another"}, set(), id="title"),
    ],
)
def test_what_is_only_reported_trains_and_evaluates_nothing(work, keys, drawn):
    work.set("copied", **keys)
    plan = work.plan()
    assert {"render_report", *drawn} <= plan.jobs.keys()
    assert not plan.jobs.keys() & {"make_copies", "prepare_dataset", "train_trial", "evaluate_trial"}
