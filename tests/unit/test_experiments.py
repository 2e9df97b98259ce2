"""Experiments inherit, take their defaults and budgets, and are selected."""

from textwrap import dedent

import pytest
import yaml

from lookbook.config import experiments
from lookbook.config.experiments import changes, resolve, schema
from lookbook.errors import ConfigError


@pytest.fixture
def experiments_of(tmp_path):
    """Return a function that resolves experiment files given as text, with keys of the configuration."""

    def resolved(*files: str, **config):
        names = [f"{number}.yaml" for number in range(len(files))]
        for name, text in zip(names, files, strict=True):
            (tmp_path / name).write_text(dedent(text))
        return resolve({"experiment_files": names, **config}, tmp_path)

    return resolved


FAMILY = """
    document: doc
    defaults:
      training: {epochs: 7, batch_size: 16}
    experiments:
      parent:
        title: parent
        note: a remark
        trials: 4
        model: {class_name: small_cnn, config: {padding: same, dense: 32}}
        optimizer: {class_name: SGD, config: {learning_rate: 0.1, momentum: 0.9}}
        augmentation: [{class_name: zoom, config: {minimum: 0.8}}]
      child:
        base: parent
        title: child
        training: {batch_size: 8}
"""


def test_a_child_inherits_every_key_that_it_does_not_state(experiments_of):
    child = experiments_of(FAMILY)["child"]
    assert child.trials == 4
    assert (child.spec["training"]["epochs"], child.spec["training"]["batch_size"]) == (7, 8)
    assert child.spec["model"]["config"]["dense"] == 32
    assert child.spec["augmentation"][0]["config"]["minimum"] == 0.8


def test_title_note_and_base_are_not_inherited(experiments_of):
    found = experiments_of(FAMILY + "      grandchild: {base: child, title: grandchild}\n")
    assert [(e.title, e.note, e.base) for e in found.values()] == [
        ("parent", "a remark", None),
        ("child", None, "parent"),
        ("grandchild", None, "child"),
    ]
    with pytest.raises(ConfigError, match="heir: the key 'title' is missing"):
        experiments_of(FAMILY + "      heir: {base: child}\n")


@pytest.mark.parametrize(
    ("key", "value", "absent"),
    [
        ("figures", "[confusion_matrix]", []),
        ("factorial", "{study: s, factors: {one_cycle: true}}", None),
        ("ensemble", "all", None),
    ],
)
def test_what_the_report_does_with_an_experiment_is_its_own(key, value, absent, experiments_of):
    keys = f"        one_vs_all: 3\n        {key}: {value}\n"
    found = experiments_of(FAMILY + keys + "      heir: {base: child, title: heir}\n")
    assert [getattr(e, key) for e in found.values()] == [absent, yaml.safe_load(value), absent]
    assert all(key not in e.spec for e in found.values())


def test_an_experiment_knows_where_its_document_comes_from(experiments_of):
    found = experiments_of("    source: a folder\n" + FAMILY, ELSEWHERE)
    assert {name: e.source for name, e in found.items()} == {
        "parent": "a folder",
        "child": "a folder",
        "guest": None,
        "stranger": None,
    }


def test_arguments_of_the_same_class_are_merged(experiments_of):
    found = experiments_of(FAMILY + "        optimizer: {class_name: SGD, config: {learning_rate: 0.2}}\n")
    assert found["child"].spec["optimizer"]["config"] == {"learning_rate": 0.2, "momentum": 0.9}


def test_arguments_are_merged_where_the_class_is_not_named_again(experiments_of):
    found = experiments_of(FAMILY + "        model: {config: {dense: 64}}\n")
    assert found["child"].spec["model"]["class_name"] == "small_cnn"
    assert (found["child"].spec["model"]["config"]["dense"], found["child"].spec["model"]["config"]["padding"]) == (
        64,
        "same",
    )


def test_another_class_starts_afresh(experiments_of):
    found = experiments_of(FAMILY + "        optimizer: {class_name: Adam, config: {learning_rate: 0.2}}\n")
    assert found["child"].spec["optimizer"]["config"] == {"learning_rate": 0.2}


def test_a_schedule_takes_the_place_of_a_number_and_a_number_that_of_a_schedule(experiments_of):
    schedule = "{class_name: CosineDecay, config: {initial_learning_rate: 0.1, decay_steps: 9}}"
    found = experiments_of(
        FAMILY
        + f"        optimizer: {{config: {{learning_rate: {schedule}}}}}\n"
        + "      grandchild: {base: child, title: t, optimizer: {config: {learning_rate: 0.3}}}\n"
    )
    assert found["child"].spec["optimizer"]["config"]["learning_rate"] == yaml.safe_load(schedule)
    assert found["grandchild"].spec["optimizer"]["config"] == {"learning_rate": 0.3, "momentum": 0.9}


def test_a_list_replaces_the_list_of_the_base(experiments_of):
    found = experiments_of(FAMILY + "        augmentation: []\n")
    assert found["child"].spec["augmentation"] == []


def test_a_null_takes_an_inherited_key_away(experiments_of):
    found = experiments_of(FAMILY + "        rescaling: null\n")
    assert found["child"].spec["rescaling"] is None


def test_inheriting_leaves_the_base_as_it_is(experiments_of):
    found = experiments_of(FAMILY)
    assert found["parent"].spec["training"]["batch_size"] == 16


ELSEWHERE = """
    document: other
    defaults:
      training: {epochs: 99, batch_size: 99}
    experiments:
      guest: {base: parent, title: guest}
      stranger: {title: stranger, model: {class_name: mlp}}
"""


def test_an_experiment_may_inherit_from_another_file(experiments_of):
    for files in ((FAMILY, ELSEWHERE), (ELSEWHERE, FAMILY)):
        guest = experiments_of(*files)["guest"]
        assert guest.spec["model"]["class_name"] == "small_cnn"
        assert guest.document == "other"


def test_defaults_of_a_file_hold_only_for_its_entries_without_a_base(experiments_of):
    found = experiments_of(FAMILY, ELSEWHERE)
    assert found["guest"].spec["training"]["epochs"] == 7
    assert found["stranger"].spec["training"]["epochs"] == 99


def test_resolved_means_that_every_key_has_a_value(experiments_of):
    spec = experiments_of(ELSEWHERE, FAMILY)["stranger"].spec
    reported = {"title", "document", "note", "base", "trials", "figures", "factorial", "ensemble"}
    assert spec.keys() == schema("experiment")["properties"].keys() - reported
    assert spec["model"] == {"class_name": "mlp", "config": {"units": [128], "activation": "relu"}}
    assert spec["optimizer"] == {"class_name": "Adam", "config": {"learning_rate": 0.001}}
    assert spec["training"] == {
        "epochs": 99,
        "batch_size": 99,
        "multiplicity": 1,
        "steps_per_epoch": None,
        "early_stopping": None,
        "weight_averaging": None,
    }
    assert spec["sampling"] == {
        "classes": None,
        "size": None,
        "proportions": None,
        "per_class": None,
        "before_split": True,
        "augment": "all",
    }
    assert (spec["copies"], spec["one_vs_all"]) == (None, None)


@pytest.mark.parametrize("key", ["optimizer", "loss"])
def test_a_class_without_arguments_has_an_empty_config(key, experiments_of):
    name = {"optimizer": "SGD", "loss": "CategoricalHinge"}[key]
    text = f"document: doc\nexperiments:\n  e: {{title: t, model: {{class_name: mlp}}, {key}: {{class_name: {name}}}}}"
    assert experiments_of(text)["e"].spec[key] == {"class_name": name, "config": {}}


def test_yaml_merge_keys_work(experiments_of):
    found = experiments_of("""
        document: doc
        experiments:
          one: &one {title: one, model: {class_name: mlp}}
          two: {<<: *one, title: two}
    """)
    assert found["two"].spec == found["one"].spec
    assert found["two"].title == "two"


def test_changes_name_each_key_with_the_value_there_and_here(experiments_of):
    found = experiments_of(FAMILY + "        augmentation: []\n")
    assert changes(found["parent"], found) == []
    zoom = [{"class_name": "zoom", "config": {"minimum": 0.8, "maximum": 1.1}}]
    assert changes(found["child"], found) == [
        {"key": "augmentation", "from": zoom, "to": []},
        {"key": "training.batch_size", "from": 16, "to": 8},
    ]


def test_a_profile_caps_budgets_and_never_raises_them(experiments_of):
    profile = {"trials": 2, "epochs": 50, "train_images": 1000, "test_images": 100}
    parent = experiments_of(FAMILY, profile=profile)["parent"]
    assert parent.trials == 2
    assert parent.spec["training"]["epochs"] == 7
    assert parent.spec["limit"] == {"train_images": 1000, "test_images": 100}


def test_an_experiment_keeps_a_limit_that_is_below_the_profile(experiments_of):
    found = experiments_of(FAMILY + "        limit: {train_images: 300}\n", profile={"train_images": 1000})
    assert found["child"].spec["limit"]["train_images"] == 300


def test_a_profile_caps_the_images_of_a_class_where_classes_are_balanced(experiments_of):
    drawn = "        sampling: {per_class: 50}\n      few: {base: child, title: few, sampling: {per_class: 3}}\n"
    found = experiments_of(FAMILY + drawn, profile={"per_class": 12})
    assert [e.spec["sampling"]["per_class"] for e in found.values()] == [None, 12, 3]


def test_data_that_cannot_be_had_leaves_an_experiment_without_trials(experiments_of, monkeypatch):
    monkeypatch.setattr(experiments, "unavailable_reason", lambda dataset, data: f"no {dataset}; set {data}")
    child = experiments_of(FAMILY, data={"simpsons": {"path": "here"}})["child"]
    assert child.trials == 0
    assert child.unavailable.startswith("no fashion_mnist; set ")
    assert "here" in child.unavailable
    monkeypatch.setattr(experiments, "unavailable_reason", lambda dataset, data: None)
    assert (experiments_of(FAMILY)["child"].trials, experiments_of(FAMILY)["child"].unavailable) == (4, None)


def test_a_profile_replaces_data_sets(experiments_of):
    found = experiments_of(FAMILY, profile={"datasets": {"fashion_mnist": "sample"}})
    assert {e.spec["dataset"] for e in found.values()} == {"sample"}


def test_a_profile_may_give_a_single_experiment_its_own_budget(experiments_of):
    found = experiments_of(FAMILY, profile={"trials": 1, "epochs": 2, "experiments": {"child": {"trials": 3}}})
    assert [e.trials for e in found.values()] == [1, 3]
    assert [e.spec["training"]["epochs"] for e in found.values()] == [2, 2]


def test_all_experiments_run_unless_some_are_named(experiments_of):
    assert list(experiments_of(FAMILY, ELSEWHERE)) == ["parent", "child", "guest", "stranger"]
    assert list(experiments_of(FAMILY, ELSEWHERE, experiments=["stranger", "child"])) == ["child", "stranger"]


def test_an_experiment_whose_weights_another_starts_from_is_selected_with_it(experiments_of):
    more = "      middle: {base: child, title: t, initial_weights: child}\n"
    more += "      last: {base: parent, title: t, initial_weights: middle}\n"
    assert list(experiments_of(FAMILY + more, experiments=["last"])) == ["child", "middle", "last"]


def test_settings_reach_the_heirs_too(tmp_path):
    (tmp_path / "f.yaml").write_text(dedent(FAMILY))
    settings = {"parent": {"training": {"epochs": 1}}}
    found = resolve({"experiment_files": ["f.yaml"]}, tmp_path, settings)
    assert [e.spec["training"]["epochs"] for e in found.values()] == [1, 1]
