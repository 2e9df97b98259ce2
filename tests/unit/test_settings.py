"""Where the settings of each experiment are stated."""

import pytest

from lookbook.config.experiments import changes, resolve
from lookbook.config.settings import ORIGINS, origin, settings_by_origin, stated_settings
from lookbook.config.trial_specs import read_config
from lookbook.config.validation import ROOT

EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]) | {"experiments": None}, ROOT)
CHANGES = {name: changes(experiment, EXPERIMENTS) for name, experiment in EXPERIMENTS.items()}


def origins_of_changes(name):
    return {change["key"]: origin(change["key"], EXPERIMENTS[name].settings_from) for change in CHANGES[name]}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_chosen_setting_has_an_origin(name):
    experiment = EXPERIMENTS[name]
    settings = stated_settings(experiment.spec, CHANGES[name])
    assert {key for key in settings if origin(key, experiment.settings_from) is None} == set()


def test_what_is_not_in_a_document_is_ours():
    added = [name for name, e in EXPERIMENTS.items() if (e.note or "").startswith("Not in the document")]
    assert len(added) > 10
    assert {name: set(origins_of_changes(name).values()) - {"ours"} for name in added} == {
        name: set() for name in added
    }


def test_what_is_by_the_code_is_from_the_code_and_what_is_tuned_is_ours():
    # The document does not state how many steps its earlier trials took.
    unknown = "training.steps_per_earlier_trial"
    for name, experiment in EXPERIMENTS.items():
        found = origins_of_changes(name)
        if experiment.protocol == "code":
            assert found.pop(unknown, "ours") == "ours"
            assert set(found.values()) <= {"code"}
        if experiment.protocol == "ours":
            assert set(found.values()) == {"ours"}
    protocols = {name: e.protocol for name, e in EXPERIMENTS.items() if e.published_as}
    assert {name.endswith("_as_committed") for name, protocol in protocols.items() if protocol == "code"} == {True}
    assert {name for name, protocol in protocols.items() if protocol == "ours"} == {"mini_vgg_tuned", "basic_cnn_tuned"}


def test_every_key_decides_about_a_setting_of_some_experiment():
    for document in {experiment.document for experiment in EXPERIMENTS.values()}:
        own = [experiment for experiment in EXPERIMENTS.values() if experiment.document == document]
        stated = {(key, value) for e in own for key, value in e.settings_from.items()}
        used = {
            (key, word)
            for e in own
            for word, keys in settings_by_origin(vars(e) | {"changes": CHANGES[e.name]}).items()
            for key in keys
        }
        assert stated - used == set()


def test_the_longest_key_decides():
    settings_from = {"optimizer": "code", "optimizer.config.learning_rate": "text", "opt": "ours"}
    assert origin("optimizer.config.learning_rate", settings_from) == "text"
    assert origin("optimizer.config.learning_rate.class_name", settings_from) == "text"
    assert origin("optimizer.config.beta_1", settings_from) == "code"
    assert origin("optimizer_of_another", settings_from) is None
    entry = {"spec": {"model": {"class_name": "m"}}, "changes": [], "settings_from": {"model": "text", "loss": "code"}}
    assert settings_by_origin(entry) == {"text": ["model"], "code": [], "ours": []}
    assert tuple(settings_by_origin(entry)) == ORIGINS


@pytest.mark.parametrize(
    ("settings_from", "message"),
    [
        ("{optimiser: text}", "settings_from: there is no setting 'optimiser'; did you mean 'optimizer'"),
        ("{training.epoch: text}", "settings_from: there is no setting 'training.epoch'; did you mean 'epochs'"),
        ("{title: text}", "settings_from: there is no setting 'title'"),
        ("{model.config.units: book}", "settings_from.model.config.units: must be one of text, code, ours; got 'book'"),
        ("{optimizer.conf.learning_rate: text}", "there is no setting 'optimizer.conf'; did you mean 'config'"),
    ],
)
def test_a_mistake_is_refused(settings_from, message, refusal_of):
    assert message in refusal_of(f"  a: {{title: t, model: {{class_name: mlp}}, settings_from: {settings_from}}}")


def test_a_protocol_needs_a_published_value(refusal_of):
    entry = "  a: {title: t, model: {class_name: mlp}, protocol: code}"
    assert "a: protocol: needs published_as; name the experiment or remove protocol" in refusal_of(entry)


def test_it_is_inherited_key_by_key_and_in_no_specification(experiments_of):
    text = """
        document: d
        defaults: {settings_from: {model: text, optimizer: code}}
        experiments:
          a: {title: t, model: {class_name: mlp}}
          b: {base: a, title: t, settings_from: {optimizer: ours}}
    """
    resolved = experiments_of(text)
    assert resolved["b"].settings_from == {"model": "text", "optimizer": "ours"}
    assert resolved["a"].spec == resolved["b"].spec
