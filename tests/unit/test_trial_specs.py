"""The order that a training job gets, from the workflow and by hand."""

import json
from pathlib import Path

import pytest

from lookbook.config.digests import canonical
from lookbook.config.trial_specs import order, order_by_hand, parse_settings, read_config
from lookbook.errors import ConfigError

ROOT = Path(__file__).parents[2]
ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.1, "beta_1": 0.8}}
START = {"title": "t", "model": {"class_name": "mlp"}, "optimizer": ADAM, "training": {"epochs": 5}}
HEIR = {"title": "t", "base": "start", "initial_weights": "start"}


@pytest.fixture
def files(tmp_path, monkeypatch) -> list[Path]:
    """A configuration of two experiments, one of which starts from the other's weights."""
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_text(json.dumps({"document": "d", "experiments": {"start": START, "heir": HEIR}}))
    Path("config.yaml").write_text("experiment_files: [f.yaml]\nseed: 100\nexperiments: [start]\n")
    return [Path("config.yaml")]


def test_an_order_says_everything_that_a_job_needs(files):
    asked = order_by_hand("start", 2, files, [])
    assert asked.keys() == {"experiment", "trial", "seed", "spec", "source"}
    assert (asked["experiment"], asked["trial"], asked["seed"]) == ("start", 2, 102)
    assert asked["spec"]["training"]["epochs"] == 5
    assert json.loads(canonical(asked)) == asked


def test_trial_t_of_every_experiment_has_the_same_seed(files):
    assert [order_by_hand(name, 3, files, [])["seed"] for name in ("start", "heir")] == [103, 103]


def test_a_job_by_hand_gets_the_order_that_the_workflow_gives():
    from lookbook.config.experiments import resolve

    config = read_config([ROOT / "config" / "config.yaml"])
    experiments = resolve(config, ROOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        by_hand = order_by_hand("exp104", 1, [Path("config/config.yaml")], [])
    assert by_hand == order(experiments["exp104"], 1, config["seed"], experiments)


def test_an_experiment_that_is_not_selected_can_be_ordered_by_hand(files):
    assert order_by_hand("heir", 0, files, [])["experiment"] == "heir"


def test_what_a_trial_starts_from_is_part_of_its_order(files):
    before = order_by_hand("heir", 0, files, ["training.batch_size=8"])
    Path("f.yaml").write_text(Path("f.yaml").read_text().replace('"epochs": 5', '"epochs": 6'))
    after = order_by_hand("heir", 0, files, ["training.batch_size=8", "training.epochs=5"])
    assert before["spec"] == after["spec"]
    assert before["start"] != after["start"]


def test_settings_change_single_keys(files):
    settings = ["training.epochs=9", "optimizer.config.learning_rate=1.0e-2", "rescaling=null"]
    spec = order_by_hand("start", 0, files, settings)["spec"]
    assert spec["training"] == order_by_hand("start", 0, files, [])["spec"]["training"] | {"epochs": 9}
    assert spec["optimizer"]["config"] == {"learning_rate": 0.01, "beta_1": 0.8}
    assert spec["rescaling"] is None


def test_settings_are_nested_yaml_values():
    parsed = parse_settings(["a.b=1", "a.c=[x, 2.5]", "d=null", "a.e={f: true}", "g=h=i"])
    assert parsed == {"a": {"b": 1, "c": ["x", 2.5], "e": {"f": True}}, "d": None, "g": "h=i"}


@pytest.mark.parametrize("setting", ["epochs", "=3", "training.=3", ".epochs=3", "a..b=1"])
def test_a_setting_of_another_form_is_refused(setting):
    with pytest.raises(ConfigError, match="write KEY=VALUE"):
        parse_settings([setting])


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("strat", [], "there is no experiment 'strat'; did you mean 'start'?"),
        ("start", ["training.epoch=3"], "start: training: unknown key 'epoch'; did you mean 'epochs'?"),
        ("start", ["training=[1"], "--set training=[1"),
        ("start", ["training.batch_size=0"], "start: training.batch_size: 0 must be at least 1"),
    ],
)
def test_a_wrong_order_is_refused(name, settings, expected, files):
    with pytest.raises(ConfigError) as caught:
        order_by_hand(name, 0, files, settings)
    assert expected in str(caught.value)


def test_later_configuration_files_are_laid_over_earlier_ones(tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 1\nprofile: {trials: 2, name: a}\nexperiments: [x, y]\n")
    (tmp_path / "b.yaml").write_text("profile: {name: b}\nexperiments: [z]\n")
    assert read_config([tmp_path / "a.yaml", tmp_path / "b.yaml"]) == {
        "seed": 1,
        "profile": {"trials": 2, "name": "b"},
        "experiments": ["z"],
    }
