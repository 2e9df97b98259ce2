"""The trial specification of a training job, from the workflow and by hand."""

import json
from pathlib import Path

import pytest

from lookbook.config.digests import canonical
from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import parse_settings, read_config, trial_spec, trial_spec_by_hand
from lookbook.errors import ConfigError

ROOT = Path(__file__).parents[2]
ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.1, "beta_1": 0.8}}
START = {"title": "t", "model": {"class_name": "mlp"}, "optimizer": ADAM, "training": {"epochs": 5}}
DESCENDANT = {"title": "t", "base": "start", "initial_weights": "start"}


@pytest.fixture
def files(tmp_path, monkeypatch) -> list[Path]:
    """A configuration of two experiments, one of which starts from the other's weights."""
    monkeypatch.chdir(tmp_path)
    Path("f.yaml").write_text(json.dumps({"document": "d", "experiments": {"start": START, "descendant": DESCENDANT}}))
    Path("config.yaml").write_text("experiment_files: [f.yaml]\nseed: 100\nexperiments: [start]\n")
    return [Path("config.yaml")]


def test_a_trial_specification_is_complete_and_plain_json(files):
    found = trial_spec_by_hand("start", 2, files, [])
    assert found.keys() == {"experiment", "trial", "seed", "spec", "code_digest"}
    assert (found["experiment"], found["trial"], found["seed"]) == ("start", 2, 102)
    assert found["spec"]["training"]["epochs"] == 5
    assert json.loads(canonical(found)) == found


def test_trial_t_of_every_experiment_has_the_same_seed(files):
    assert [trial_spec_by_hand(name, 3, files, [])["seed"] for name in ("start", "descendant")] == [103, 103]


def test_a_trial_by_hand_has_the_specification_of_the_workflow():
    config = read_config([ROOT / "config" / "config.yaml"])
    experiments = resolve(config, ROOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        by_hand = trial_spec_by_hand("exp104", 1, [Path("config/config.yaml")], [])
    assert by_hand == trial_spec(experiments["exp104"], 1, config["seed"], experiments)


def test_an_experiment_that_is_not_selected_can_be_trained_by_hand(files):
    assert trial_spec_by_hand("descendant", 0, files, [])["experiment"] == "descendant"


def test_the_experiment_that_a_trial_starts_from_is_part_of_its_specification(files):
    before = trial_spec_by_hand("descendant", 0, files, ["training.batch_size=8"])
    Path("f.yaml").write_text(Path("f.yaml").read_text().replace('"epochs": 5', '"epochs": 6'))
    after = trial_spec_by_hand("descendant", 0, files, ["training.batch_size=8", "training.epochs=5"])
    assert before["spec"] == after["spec"]
    assert before["initial_weights_digest"] != after["initial_weights_digest"]


def test_settings_change_single_keys(files):
    settings = ["training.epochs=9", "optimizer.config.learning_rate=1.0e-2", "rescaling=null"]
    spec = trial_spec_by_hand("start", 0, files, settings)["spec"]
    assert spec["training"] == trial_spec_by_hand("start", 0, files, [])["spec"]["training"] | {"epochs": 9}
    assert spec["optimizer"]["config"] == {"learning_rate": 0.01, "beta_1": 0.8}
    assert spec["rescaling"] is None


def test_settings_are_nested_yaml_values():
    parsed = parse_settings(["a.b=1", "a.c=[x, 2.5]", "d=null", "a.e={f: true}", "g=h=i"])
    assert parsed == {"a": {"b": 1, "c": ["x", 2.5], "e": {"f": True}}, "d": None, "g": "h=i"}


@pytest.mark.parametrize("setting", ["epochs", "=3", "training.=3", ".epochs=3", "a..b=1"])
def test_a_setting_without_key_and_value_is_rejected(setting):
    with pytest.raises(ConfigError, match="write KEY=VALUE"):
        parse_settings([setting])


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("strat", [], "there is no experiment 'strat'; did you mean 'start'?"),
        ("start", ["training.epoch=3"], "start: training: unknown key 'epoch'; did you mean 'epochs'?"),
        ("start", ["training=[1"], "--set training=[1"),
        ("start", ["training.batch_size=0"], "start: training.batch_size: must be at least 1; got 0"),
    ],
)
def test_a_wrong_name_or_setting_is_rejected(name, settings, expected, files):
    with pytest.raises(ConfigError) as caught:
        trial_spec_by_hand(name, 0, files, settings)
    assert expected in str(caught.value)


def test_later_configuration_files_take_precedence(tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 1\nprofile: {trials: 2, name: a}\nexperiments: [x, y]\n")
    (tmp_path / "b.yaml").write_text("profile: {name: b}\nexperiments: [z]\n")
    assert read_config([tmp_path / "a.yaml", tmp_path / "b.yaml"]) == {
        "seed": 1,
        "profile": {"trials": 2, "name": "b"},
        "experiments": ["z"],
    }
