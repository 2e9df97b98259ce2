"""Experiments inherit the keys of their base."""

import pytest
import yaml

from lookbook.errors import ConfigError

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
    resolved = experiments_of(FAMILY + "      grandchild: {base: child, title: grandchild}\n")
    assert [(e.title, e.note, e.base) for e in resolved.values()] == [
        ("parent", "a remark", None),
        ("child", None, "parent"),
        ("grandchild", None, "child"),
    ]
    with pytest.raises(ConfigError, match="untitled: the key 'title' is missing"):
        experiments_of(FAMILY + "      untitled: {base: child}\n")


@pytest.mark.parametrize(
    ("key", "value", "default"),
    [
        ("figures", "[confusion_matrix]", []),
        ("factorial", "{study: s, factors: {one_cycle: true}}", None),
        ("ensemble", "all", None),
    ],
)
def test_keys_of_the_report_are_not_inherited_and_not_in_the_spec(key, value, default, experiments_of):
    keys = f"        one_vs_all: 3\n        {key}: {value}\n"
    resolved = experiments_of(FAMILY + keys + "      grandchild: {base: child, title: grandchild}\n")
    assert [getattr(e, key) for e in resolved.values()] == [default, yaml.safe_load(value), default]
    assert all(key not in e.spec for e in resolved.values())


@pytest.mark.parametrize(
    ("keys", "section", "expected"),
    [
        pytest.param(
            "optimizer: {class_name: SGD, config: {learning_rate: 0.2}}",
            "optimizer",
            {"class_name": "SGD", "config": {"learning_rate": 0.2, "momentum": 0.9}},
            id="arguments of the same class are merged",
        ),
        pytest.param(
            "optimizer: {config: {learning_rate: 0.2}}",
            "optimizer",
            {"class_name": "SGD", "config": {"learning_rate": 0.2, "momentum": 0.9}},
            id="arguments are merged if class_name is omitted",
        ),
        pytest.param(
            "optimizer: {class_name: Adam, config: {learning_rate: 0.2}}",
            "optimizer",
            {"class_name": "Adam", "config": {"learning_rate": 0.2}},
            id="another class_name discards the inherited config",
        ),
        pytest.param("augmentation: []", "augmentation", [], id="a list replaces the list of the base"),
        pytest.param("rescaling: null", "rescaling", None, id="null replaces an inherited value"),
    ],
)
def test_keys_of_a_child_are_merged_into_those_of_its_base(keys, section, expected, experiments_of):
    assert experiments_of(f"{FAMILY}        {keys}\n")["child"].spec[section] == expected


def test_a_schedule_replaces_a_number_and_a_number_replaces_a_schedule(experiments_of):
    schedule = "{class_name: CosineDecay, config: {initial_learning_rate: 0.1, decay_steps: 9}}"
    resolved = experiments_of(
        FAMILY
        + f"        optimizer: {{config: {{learning_rate: {schedule}}}}}\n"
        + "      grandchild: {base: child, title: t, optimizer: {config: {learning_rate: 0.3}}}\n"
    )
    assert resolved["child"].spec["optimizer"]["config"]["learning_rate"] == yaml.safe_load(schedule)
    assert resolved["grandchild"].spec["optimizer"]["config"] == {"learning_rate": 0.3, "momentum": 0.9}


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


def test_defaults_apply_only_to_entries_of_the_file_without_a_base(experiments_of):
    resolved = experiments_of(FAMILY, ELSEWHERE)
    assert resolved["guest"].spec["training"]["epochs"] == 7
    assert resolved["stranger"].spec["training"]["epochs"] == 99


def test_yaml_merge_keys_work(experiments_of):
    resolved = experiments_of("""
        document: doc
        experiments:
          one: &one {title: one, model: {class_name: mlp}}
          two: {<<: *one, title: two}
    """)
    assert resolved["two"].spec == resolved["one"].spec
    assert resolved["two"].title == "two"


def test_settings_apply_to_the_descendants_too(experiments_of):
    resolved = experiments_of(FAMILY, settings={"parent": {"training": {"epochs": 1}}})
    assert [e.spec["training"]["epochs"] for e in resolved.values()] == [1, 1]
