"""Images, batches, copies and labels that a data set cannot give are refused, and what is only reported is no spec."""

import re
from textwrap import dedent

import pytest

from lookbook.config.experiments import digest_of, resolve
from lookbook.errors import ConfigError


def entry(keys: str) -> str:
    return f"  mine: {{title: t, model: {{class_name: mlp}}, {keys}}}"


MIXUP = "augmentation: [{class_name: mixup}]"

REFUSED = {
    "more classes than there are": (
        "dataset: sample, sampling: {classes: 11}",
        "sampling.classes: sample has 10 classes, not 11",
    ),
    "one class": ("sampling: {classes: 1}", "sampling.classes: 1 must be at least 2"),
    "a class that is not there": (
        "dataset: sample, one_vs_all: 10",
        "one_vs_all: must be a class of sample, from 0 to 9",
    ),
    "a negative class": ("one_vs_all: -1", "one_vs_all: -1 must be at least 0"),
    "one class of some": (
        "dataset: sample, one_vs_all: 3, sampling: {classes: 5}",
        "one_vs_all: must be a class of sample, from 0 to 9, and leaves no place for sampling.classes",
    ),
    "too few proportions": (
        "sampling: {proportions: [1, 2, 3]}",
        "sampling.proportions: give one for each of the 10 classes, not 3",
    ),
    "too many proportions": (
        "sampling: {classes: 2, proportions: [1, 2, 3]}",
        "sampling.proportions: give one for each of the 2 classes, not 3",
    ),
    "a proportion of none": ("sampling: {proportions: [1, 0]}", "sampling.proportions[1]: 0 must be at least 1"),
    "sizes that are not known": (
        "dataset: sample, sampling: {size: {minimum: 1, maximum: 9}}",
        "sampling.size: sample does not know its images' original sizes; remove it",
    ),
    "sizes between which nothing lies": (
        "dataset: generated, sampling: {size: {minimum: 9, maximum: 10}}",
        "sampling.size: no whole number lies between minimum and maximum; raise the maximum",
    ),
    "half a size": (
        "dataset: generated, sampling: {size: {minimum: 9}}",
        "sampling.size: the key 'maximum' is missing",
    ),
    "copies that are not drawn": (
        "sampling: {augment: copies}",
        "sampling.augment: without sampling.per_class there are no copies; set it or take `all`",
    ),
    "mixed copies": (
        f"sampling: {{per_class: 9, augment: copies}}, {MIXUP}",
        "sampling.augment: a copy made before training cannot mix labels; drop mixup",
    ),
    "copies of drawn images": (
        "copies: {number: 2, operations: 4}, sampling: {per_class: 9}",
        "copies: cannot be combined with sampling.per_class or sampling.proportions; keep one",
    ),
    "copies of cut classes": (
        "copies: {number: 2, operations: 4}, sampling: {proportions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}",
        "copies: cannot be combined with sampling.per_class or sampling.proportions; keep one",
    ),
    "an operation too many": (
        "copies: {number: 2, operations: 8}",
        "copies.operations: 8 must be at most 7",
    ),
    "copies by number only": ("copies: 4", "copies: 4 must be of type object or null"),
    "a batch that does not hold every image as often": (
        "training: {batch_size: 32, multiplicity: 3}",
        "training.multiplicity: batches of 32 do not hold every image 3 times; "
        "make training.batch_size a multiple of 3",
    ),
    "a batch larger than all images with their repetitions": (
        "limit: {train_images: 10}, training: {batch_size: 32, multiplicity: 2}",
        "training.batch_size: 32 is larger than the 20 training images; take a smaller batch",
    ),
    "a batch larger than all copies": (
        "limit: {train_images: 10}, copies: {number: 3, operations: 1}",
        "training.batch_size: 32 is larger than the 30 training images; take a smaller batch",
    ),
    "an ensemble of whole classifiers": (
        "ensemble: all",
        "ensemble: is of one-vs-all classifiers; set one_vs_all or remove it",
    ),
    # Unknown keys, with the nearest.
    "sampling": ("sampling: {clases: 3}", "sampling: unknown key 'clases'; did you mean 'classes'?"),
    "sampling.size": (
        "sampling: {size: {minimum: 1, maximum: 9, maximun: 9}}",
        "sampling.size: unknown key 'maximun'; did you mean 'maximum'?",
    ),
    "sampling.augment": ("sampling: {augment: copied}", "sampling.augment: 'copied' must be one of all, copies"),
    "copies": (
        "copies: {number: 2, operations: 4, operation: 4}",
        "copies: unknown key 'operation'; did you mean 'operations'?",
    ),
    "training": (
        "training: {multiplicty: 2}",
        "training: unknown key 'multiplicty'; did you mean 'multiplicity'?",
    ),
    "factorial": (
        "factorial: {study: s, factors: {a: true}, factor: {}}",
        "factorial: unknown key 'factor'; did you mean 'factors'?",
    ),
    "a factor that is neither on nor off": (
        "factorial: {study: s, factors: {a: 3}}",
        "factorial.factors.a: 3 must be of type boolean",
    ),
    "no factor": ("factorial: {study: s, factors: {}}", "factorial.factors: {}"),
    "a figure": ("figures: [confusion]", "figures[0]: 'confusion' must be one of confusion_matrix, precision_recall"),
    "one_vs_all by name": ("one_vs_all: shirt", "one_vs_all: 'shirt' must be of type integer or null"),
    "steps_per_epoch": ("training: {steps_per_epoch: 0}", "training.steps_per_epoch: 0 must be at least 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_file_experiment_key_and_remedy(case, refusal_of):
    keys, expected = REFUSED[case]
    assert f"mine.yaml: mine: {expected}" in refusal_of(entry(keys))


def test_a_budget_changes_what_repetitions_leave(refusal_of):
    twice = entry("training: {batch_size: 64, multiplicity: 2}")
    assert "64 is larger than the 60 training images" in refusal_of(twice, profile={"train_images": 30})


@pytest.mark.parametrize("sampling", ["per_class: 9", "classes: 5", "proportions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"])
def test_how_many_images_a_draw_leaves_is_for_the_data_to_say(draw, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        f"document: d\nexperiments:\n{entry(f'limit: {{train_images: 10}}, sampling: {{{draw}}}')}\n"
    )
    assert resolve({"experiment_files": ["mine.yaml"]}, tmp_path)["mine"].spec["training"]["batch_size"] == 32


def test_a_class_with_two_classifiers_in_an_ensemble_is_refused_before_they_are_trained(refusal_of):
    mine = entry("one_vs_all: 3, ensemble: all")
    yours = "  yours: {base: mine, title: t, ensemble: all}"
    assert "mine.yaml: yours: one_vs_all: mine has class 3 in all; take another" in refusal_of(f"{mine}\n{yours}")


def test_a_classifier_of_an_ensemble_may_be_given_another_class_by_hand(tmp_path):
    mine, yours = entry("one_vs_all: 3, ensemble: all"), "  yours: {base: mine, title: t, one_vs_all: 4, ensemble: all}"
    (tmp_path / "mine.yaml").write_text(f"document: d\nexperiments:\n{mine}\n{yours}\n")
    found = resolve({"experiment_files": ["mine.yaml"]}, tmp_path, {"yours": {"one_vs_all": 3}})
    assert found["yours"].spec["one_vs_all"] == 3


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"per_clas": 3}, "config.yaml: profile: unknown key 'per_clas'; did you mean 'per_class'?"),
        ({"per_class": 0}, "config.yaml: profile.per_class: 0 must be at least 1"),
        (
            {"experiments": {"mine": {"per_clas": 3}}},
            "config.yaml: profile.experiments.mine: unknown key 'per_clas'; did you mean 'per_class'?",
        ),
    ],
)
def test_a_wrong_budget_is_refused(profile, expected, refusal_of):
    assert expected in refusal_of(entry("sampling: {per_class: 9}"), profile=profile)


FAMILY = """\
document: doc
source: a paper
experiments:
  balanced:
    title: balanced
    model: {class_name: mlp}
    sampling: {per_class: 500, before_split: false}
    figures: [confusion_matrix]
    factorial: {study: s, factors: {balancing: true}}
  heir: {base: balanced, title: heir}
  few: {base: balanced, title: few, sampling: {per_class: 20}}
  all: {base: balanced, title: all, sampling: {per_class: null}}
  shirts: {title: shirts, model: {class_name: mlp}, one_vs_all: 6, ensemble: e}
  more_shirts: {base: shirts, title: more, training: {epochs: 99}}
"""


@pytest.fixture
def family(tmp_path):
    """Return a function that resolves the experiments above, one text in place of another."""

    def resolved(old="", new="", **config):
        assert old in FAMILY
        (tmp_path / "family.yaml").write_text(dedent(FAMILY).replace(old, new, 1) if old else FAMILY)
        return resolve({"experiment_files": ["family.yaml"], **config}, tmp_path)

    return resolved


def test_a_budget_of_images_a_class_holds_where_classes_are_balanced(family):
    profile = {"per_class": 50, "experiments": {"heir": {"per_class": 30}}}
    found = family(profile=profile)
    assert {
        name: found[name].spec["sampling"]["per_class"] for name in ("balanced", "heir", "few", "all", "shirts")
    } == {
        "balanced": 50,
        "heir": 30,
        "few": 20,
        "all": None,
        "shirts": None,
    }


def test_what_is_drawn_is_inherited_key_by_key_and_what_is_only_reported_is_not(family):
    found = family()
    assert found["few"].spec["sampling"] == found["balanced"].spec["sampling"] | {"per_class": 20}
    assert found["heir"].spec == found["balanced"].spec
    assert (found["heir"].figures, found["heir"].factorial) == ([], None)
    assert found["more_shirts"].spec["one_vs_all"] == 6
    assert (found["shirts"].ensemble, found["more_shirts"].ensemble) == ("e", None)
    assert {experiment.source for experiment in found.values()} == {"a paper"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[confusion_matrix]", "[precision_recall, wrong_predictions]"),
        ("balancing: true", "balancing: false"),
        ("ensemble: e", "ensemble: another"),
        ("source: a paper", "source: a book"),
        ("title: balanced", "title: as many of each"),
    ],
)
def test_what_is_only_reported_is_no_part_of_a_trial(old, new, family):
    before, after = family(), family(old, new)
    assert before != after
    assert {n: digest_of(e, before) for n, e in before.items()} == {n: digest_of(e, after) for n, e in after.items()}


@pytest.fixture
def no_kaggle(tmp_path, monkeypatch):
    """An empty working directory and no credentials."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


SIMPSONS = """\
document: doc
experiments:
  cartoons: {title: t, dataset: simpsons, model: {class_name: simpsons_cnn}}
  sketches: {base: cartoons, title: t, dataset: generated_224, initial_weights: cartoons}
  clothes: {title: t, model: {class_name: mlp}}
"""


def test_experiments_without_their_data_have_no_trial_nor_have_those_that_start_from_them(no_kaggle, tmp_path):
    (tmp_path / "s.yaml").write_text(SIMPSONS)
    found = resolve({"experiment_files": ["s.yaml"]}, tmp_path)
    assert [experiment.trials for experiment in found.values()] == [0, 0, 10]
    for name in ("cartoons", "sketches"):
        assert "set data.simpsons.path" in found[name].unavailable
    assert found["clothes"].unavailable is None
    found = resolve({"experiment_files": ["s.yaml"], "data": {"simpsons": {"path": str(tmp_path)}}}, tmp_path)
    assert [(experiment.trials, experiment.unavailable) for experiment in found.values()] == [(10, None)] * 3


def test_a_wrong_path_of_the_images_is_refused_where_they_are_wanted(no_kaggle, tmp_path):
    (tmp_path / "s.yaml").write_text(SIMPSONS)
    config = {"experiment_files": ["s.yaml"], "data": {"simpsons": {"path": "nowhere"}}}
    with pytest.raises(ConfigError, match=re.escape("data.simpsons.path is nowhere, which does not exist; set it to")):
        resolve(config, tmp_path)
    profile = {"datasets": {"simpsons": "generated_224"}}
    assert resolve(config | {"profile": profile}, tmp_path)["cartoons"].trials == 10
