"""Experiments are resolved: defaults, limits of the profile, unavailable datasets, selection, identity."""

import pytest

from lookbook.config import experiments
from lookbook.config.experiments import changes, digest_of, schema
from lookbook.config.inheritance import ADDED_LATER
from lookbook.errors import ConfigError

FAMILY = """
    document: doc
    citation: a paper
    links: {paper: https://example.org/a-paper}
    claim: Balancing helps.
    experiments:
      parent:
        title: parent
        trials: 4
        model: {class_name: mlp, config: {units: [32]}}
        training: {epochs: 7, batch_size: 16}
        augmentation: [{class_name: zoom, config: {minimum: 0.8}}]
      child: {base: parent, title: child, training: {batch_size: 8}}
      balanced:
        title: balanced
        model: {class_name: mlp}
        sampling: {per_class: 500, before_split: false}
        figures: [confusion_matrix]
        factorial: {study: s, factors: {balancing: true}}
      few: {base: balanced, title: few, sampling: {per_class: 20}}
      whole: {base: balanced, title: whole, sampling: {per_class: null}}
      shirts: {title: shirts, model: {class_name: mlp}, one_vs_all: 6, ensemble: e}
"""
OTHER = """
    document: other
    experiments:
      stranger: {title: stranger, model: {class_name: mlp}}
"""


def test_an_experiment_has_the_document_citation_and_claim_of_its_file(experiments_of):
    resolved = experiments_of(FAMILY, OTHER)
    assert {(e.document, e.citation, e.claim) for e in resolved.values()} == {
        ("doc", "a paper", "Balancing helps."),
        ("other", None, None),
    }
    assert (resolved["parent"].links, resolved["stranger"].links) == ({"paper": "https://example.org/a-paper"}, {})


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://example.org", "https://a.b/(c)", "'https://a b'"])
def test_an_address_that_is_no_plain_https_address_is_refused(address, experiments_of):
    with pytest.raises(ConfigError, match=r"links\.paper"):
        experiments_of(FAMILY.replace("https://example.org/a-paper", address))


def test_a_further_file_of_a_document_has_its_citation_and_claim_and_may_state_its_own(experiments_of):
    further = """
    document: doc
    experiments:
      more: {base: parent, published_as: parent, title: more}
    """
    more = experiments_of(FAMILY, further)["more"]
    assert (more.citation, more.claim, more.published_as) == ("a paper", "Balancing helps.", "parent")
    assert more.links == {"paper": "https://example.org/a-paper"}
    stated = further.replace("document: doc", "document: doc\n    claim: Balancing harms.")
    more = experiments_of(FAMILY, stated)["more"]
    assert (more.citation, more.claim) == ("a paper", "Balancing harms.")


def test_every_key_of_a_resolved_experiment_has_a_value_unless_it_was_added_later(experiments_of):
    spec = experiments_of(OTHER)["stranger"].spec
    reported = {"title", "document", "note", "base", "published_as", "trials", "figures", "factorial", "ensemble"}
    reported |= {"protocol", "settings_from", *ADDED_LATER}
    assert spec.keys() == schema("experiment")["properties"].keys() - reported
    assert spec["model"] == {"class_name": "mlp", "config": {"units": [128], "activation": "relu"}}
    assert spec["optimizer"] == {"class_name": "Adam", "config": {"learning_rate": 0.001}}
    assert spec["training"] == {
        "epochs": 10,
        "batch_size": 32,
        "multiplicity": 1,
        "steps_per_epoch": None,
        "steps_per_earlier_trial": None,
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
    assert (spec["augmented_copies"], spec["one_vs_all"]) == (None, None)


def test_defaults_are_filled_in_for_our_augmentations_and_not_for_keras_layers(experiments_of):
    entries = "[{class_name: zoom}, {class_name: RandomZoom, config: {height_factor: 0.1}}, {class_name: AugMix}]"
    keys = f"{{title: t, model: {{class_name: mlp}}, augmentation: {entries}}}"
    assert experiments_of(f"{OTHER}      mine: {keys}\n")["mine"].spec["augmentation"] == [
        {"class_name": "zoom", "config": {"minimum": 0.9, "maximum": 1.1}},
        {"class_name": "RandomZoom", "config": {"height_factor": 0.1}},
        {"class_name": "AugMix", "config": {}},
    ]


@pytest.mark.parametrize("key", ["optimizer", "loss"])
def test_a_class_without_arguments_has_an_empty_config(key, experiments_of):
    name = {"optimizer": "SGD", "loss": "CategoricalHinge"}[key]
    text = f"document: doc\nexperiments:\n  e: {{title: t, model: {{class_name: mlp}}, {key}: {{class_name: {name}}}}}"
    assert experiments_of(text)["e"].spec[key] == {"class_name": name, "config": {}}


def test_changes_have_the_key_and_both_values(experiments_of):
    resolved = experiments_of(
        FAMILY.replace("training: {batch_size: 8}", "training: {batch_size: 8}, augmentation: []")
    )
    assert changes(resolved["parent"], resolved) == []
    zoom = [{"class_name": "zoom", "config": {"minimum": 0.8, "maximum": 1.1}}]
    assert changes(resolved["child"], resolved) == [
        {"key": "augmentation", "from": zoom, "to": []},
        {"key": "training.batch_size", "from": 16, "to": 8},
    ]


def test_a_profile_reduces_values_and_never_increases_them(experiments_of):
    profile = {"trials": 2, "epochs": 50, "train_images": 1000, "test_images": 100, "batch_size": 8}
    parent = experiments_of(FAMILY, profile=profile)["parent"]
    assert parent.trials == 2
    assert (parent.spec["training"]["epochs"], parent.spec["training"]["batch_size"]) == (7, 8)
    assert parent.spec["limit"] == {"train_images": 1000, "test_images": 100}


def test_an_experiment_keeps_a_limit_that_is_below_that_of_the_profile(experiments_of):
    text = f"{OTHER}      mine: {{base: stranger, title: t, limit: {{train_images: 300}}}}\n"
    assert experiments_of(text, profile={"train_images": 1000})["mine"].spec["limit"]["train_images"] == 300


def test_weight_averaging_starts_at_the_last_epoch_if_the_profile_ends_before_it(experiments_of):
    averaging = "training: {epochs: 30, weight_averaging: {start_epoch: 24}}"
    text = f"{OTHER}      mine: {{base: stranger, title: t, {averaging}}}\n"
    averaged = experiments_of(text, profile={"epochs": 3})["mine"].spec["training"]["weight_averaging"]
    assert averaged == {"start_epoch": 3, "every": 1}


def test_the_limit_per_class_applies_to_experiments_that_balance_their_classes(experiments_of):
    resolved = experiments_of(FAMILY, profile={"per_class": 50, "experiments": {"whole": {"per_class": 30}}})
    per_class = {name: e.spec["sampling"]["per_class"] for name, e in resolved.items()}
    assert per_class == {"parent": None, "child": None, "balanced": 50, "few": 20, "whole": None, "shirts": None}
    assert resolved["few"].spec["sampling"] == resolved["balanced"].spec["sampling"] | {"per_class": 20}


def test_a_profile_replaces_datasets(experiments_of):
    resolved = experiments_of(FAMILY, profile={"datasets": {"fashion_mnist": "sample"}})
    assert {e.spec["dataset"] for e in resolved.values()} == {"sample"}


def test_a_profile_may_have_limits_of_a_single_experiment(experiments_of):
    resolved = experiments_of(FAMILY, profile={"trials": 1, "epochs": 2, "experiments": {"child": {"trials": 3}}})
    assert [resolved[name].trials for name in ("parent", "child")] == [1, 3]
    assert {e.spec["training"]["epochs"] for e in resolved.values()} == {2}


def test_the_named_experiments_are_selected_or_all_in_the_order_of_the_files(experiments_of):
    assert list(experiments_of(FAMILY, OTHER))[-2:] == ["shirts", "stranger"]
    assert list(experiments_of(FAMILY, OTHER, experiments=["stranger", "child"])) == ["child", "stranger"]


def test_experiments_whose_weights_a_selected_one_starts_from_are_selected_too(experiments_of):
    more = "      middle: {base: child, title: t, initial_weights: child}\n"
    more += "      last: {base: parent, title: t, initial_weights: middle}\n"
    assert list(experiments_of(FAMILY + more, experiments=["last"])) == ["child", "middle", "last"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[confusion_matrix]", "[precision_recall, wrong_predictions]"),
        ("balancing: true", "balancing: false"),
        ("ensemble: e", "ensemble: another"),
        ("citation: a paper", "citation: a book"),
        ("a-paper", "another-paper"),
        ("Balancing helps.", "Balancing harms."),
        ("title: balanced", "title: as many of each"),
        ("title: few", "title: few, note: a remark"),
        ("title: few", "title: few, published_as: whole"),
        ("trials: 4", "trials: 9"),
    ],
)
def test_keys_of_the_report_are_not_part_of_the_identity(old, new, experiments_of):
    before, after = experiments_of(FAMILY), experiments_of(FAMILY.replace(old, new, 1))
    assert before != after
    assert {n: digest_of(e, before) for n, e in before.items()} == {n: digest_of(e, after) for n, e in after.items()}


def test_an_unavailable_dataset_leaves_an_experiment_without_trials(experiments_of, monkeypatch):
    monkeypatch.setattr(experiments, "unavailable_reason", lambda dataset, data: f"no {dataset}; set {data}")
    child = experiments_of(FAMILY, data={"simpsons": {"path": "here"}})["child"]
    assert child.trials == 0
    assert child.unavailable.startswith("no fashion_mnist; set ")
    assert "here" in child.unavailable
    monkeypatch.setattr(experiments, "unavailable_reason", lambda dataset, data: None)
    child = experiments_of(FAMILY)["child"]
    assert (child.trials, child.unavailable) == (4, None)


SIMPSONS = """
    document: doc
    experiments:
      cartoons: {title: t, dataset: simpsons, model: {class_name: simpsons_cnn}}
      sketches: {base: cartoons, title: t, dataset: generated_224, initial_weights: cartoons}
      clothes: {title: t, model: {class_name: mlp}}
"""


def test_an_experiment_that_starts_from_one_without_its_dataset_has_no_trials(no_kaggle, experiments_of, tmp_path):
    resolved = experiments_of(SIMPSONS)
    assert [experiment.trials for experiment in resolved.values()] == [0, 0, 10]
    assert "data.simpsons.path" in resolved["cartoons"].unavailable
    assert resolved["sketches"].unavailable == resolved["cartoons"].unavailable
    assert resolved["clothes"].unavailable is None
    resolved = experiments_of(SIMPSONS, data={"simpsons": {"path": str(tmp_path)}})
    assert [(experiment.trials, experiment.unavailable) for experiment in resolved.values()] == [(10, None)] * 3


def test_a_wrong_path_of_a_dataset_is_refused_if_an_experiment_uses_it(no_kaggle, experiments_of):
    data = {"simpsons": {"path": "nowhere"}}
    with pytest.raises(ConfigError, match=r"data\.simpsons\.path.*nowhere"):
        experiments_of(SIMPSONS, data=data)
    profile = {"datasets": {"simpsons": "generated_224"}}
    assert experiments_of(SIMPSONS, data=data, profile=profile)["cartoons"].trials == 10


def test_the_steps_of_earlier_trials_are_part_of_the_identity(experiments_of):
    before = experiments_of(FAMILY)
    after = experiments_of(FAMILY.replace("{batch_size: 8}", "{batch_size: 8, steps_per_earlier_trial: 100}"))
    assert {name for name, e in before.items() if digest_of(e, before) != digest_of(after[name], after)} == {"child"}
