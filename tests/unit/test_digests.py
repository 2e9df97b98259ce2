"""Digests are equal for equal training, and differ for everything that can change its result."""

import json

import pytest

from lookbook.config.digests import canonical, digest
from lookbook.config.experiments import digest_of


def test_equal_values_have_the_same_text():
    assert canonical({"b": [1, 2.5, None], "a": {"y": True, "x": "ü"}}) == canonical(
        {"a": {"x": "ü", "y": True}, "b": [1, 2.5, None]}
    )
    assert canonical({"a": [1, {"b": None}]}) == '{"a":[1,{"b":null}]}'


def test_a_value_can_be_read_from_its_text():
    value = {"learning_rate": 1e-4, "third": 1 / 3, "list": [0.1, -0.0, 10**18]}
    assert json.loads(canonical(value)) == value


def test_a_digest_is_a_sha256_of_the_text():
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_value_that_is_not_json_is_rejected():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"rate": float("nan")})


ENTRY = {
    "title": "a title",
    "trials": 3,
    "model": {"class_name": "mlp"},
    "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.01, "beta_1": 0.9}},
}


@pytest.fixture
def digest_with(experiments_of):
    """Return a function that returns the digest of ENTRY with some keys changed."""

    def digest_of_entry(**keys) -> str:
        found = experiments_of(json.dumps({"document": "d", "experiments": {"mine": ENTRY | keys}}))
        return digest_of(found["mine"], found)

    return digest_of_entry


@pytest.mark.parametrize(
    "keys",
    [
        {"training": {"epochs": 11}},
        {"model": {"class_name": "mlp", "config": {"units": [64]}}},
        {"rescaling": None},
        {"split": {"seed": 1}},
        {"augmentation": [{"class_name": "zoom"}]},
        {"limit": {"train_images": 100}},
        {"sampling": {"classes": 5}},
        {"sampling": {"per_class": 5}},
        {"sampling": {"before_split": False}},
        {"augmented_copies": 2, "augmentation": [{"class_name": "zoom"}]},
        {"one_vs_all": 0},
        {"training": {"multiplicity": 2}},
        {"training": {"steps_per_epoch": 5}},
        {"precision": "float32"},
        {"backend": "jax"},
    ],
)
def test_keys_of_the_training_count(keys, digest_with):
    assert digest_with(**keys) != digest_with()


def test_a_stated_default_does_not_count(digest_with):
    written = {"model": {"class_name": "mlp", "config": {"units": [128]}}, "training": {"epochs": 10}}
    assert digest_with(**written) == digest_with()


def optimizer(learning_rate: float, beta_1: float) -> dict:
    return {"optimizer": {"class_name": "Adam", "config": {"learning_rate": learning_rate, "beta_1": beta_1}}}


def copies(number: int, operations: int) -> dict:
    entry = {"class_name": "one_of_k", "config": {"k": operations}}
    return {"augmented_copies": number, "augmentation": [entry]}


def augmentation(*names: str) -> dict:
    return {"augmentation": [{"class_name": name} for name in names]}


@pytest.mark.parametrize(
    ("keys", "swapped"),
    [
        (optimizer(0.01, 0.9), optimizer(0.9, 0.01)),
        (copies(4, 7), copies(7, 4)),
        (augmentation("zoom", "quarter_turns"), augmentation("quarter_turns", "zoom")),
    ],
)
def test_swapped_values_count(keys, swapped, digest_with):
    assert digest_with(**keys) != digest_with(**swapped)


def test_the_experiment_that_gives_the_initial_weights_counts(experiments_of):
    def descendant(epochs: int) -> str:
        entries = {
            "start": ENTRY | {"training": {"epochs": epochs}},
            "descendant": ENTRY | {"initial_weights": "start"},
        }
        found = experiments_of(json.dumps({"document": "d", "experiments": entries}))
        return digest_of(found["descendant"], found)

    assert descendant(1) != descendant(2)
