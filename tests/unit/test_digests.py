"""Digests are equal for equal training, and differ for everything that can change its result."""

import json
from pathlib import Path

import pytest

from lookbook.config.digests import canonical, digest
from lookbook.config.experiments import digest_of, resolve


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


def digest_with(tmp_path: Path, **keys) -> str:
    """Return the digest of ENTRY with some keys changed, in a configuration of its own."""
    (tmp_path / "f.yaml").write_text(json.dumps({"document": "d", "experiments": {"mine": {**ENTRY, **keys}}}))
    found = resolve({"experiment_files": ["f.yaml"]}, tmp_path)
    return digest_of(found["mine"], found)


@pytest.mark.parametrize(
    "keys",
    [
        {"title": "another"},
        {"trials": 9},
        {"note": "a remark"},
        {"figures": ["confusion_matrix"]},
        {"factorial": {"study": "s", "factors": {"one_cycle": True}}},
    ],
)
def test_keys_of_the_report_do_not_count(keys, tmp_path):
    assert digest_with(tmp_path, **keys) == digest_with(tmp_path)


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
        {"augmented_copies": 2},
        {"one_vs_all": 0},
        {"training": {"multiplicity": 2}},
        {"training": {"steps_per_epoch": 5}},
        {"precision": "float32"},
        {"backend": "jax"},
    ],
)
def test_keys_of_the_training_count(keys, tmp_path):
    assert digest_with(tmp_path, **keys) != digest_with(tmp_path)


def test_a_stated_default_does_not_count(tmp_path):
    written = {"model": {"class_name": "mlp", "config": {"units": [128]}}, "training": {"epochs": 10}}
    assert digest_with(tmp_path, **written) == digest_with(tmp_path)


def test_swapped_values_count(tmp_path):
    swapped = {"class_name": "Adam", "config": {"learning_rate": 0.9, "beta_1": 0.01}}
    assert digest_with(tmp_path, optimizer=swapped) != digest_with(tmp_path)


def test_swapped_numbers_of_copies_and_operations_count(tmp_path):
    def copies(number: int, operations: int) -> str:
        entry = {"class_name": "one_of_k", "config": {"k": operations}}
        return digest_with(tmp_path, augmented_copies=number, augmentation=[entry])

    assert copies(4, 7) != copies(7, 4)


def test_the_order_of_augmentations_counts(tmp_path):
    zoom, flip = {"class_name": "zoom"}, {"class_name": "horizontal_flip"}
    assert digest_with(tmp_path, augmentation=[zoom, flip]) != digest_with(tmp_path, augmentation=[flip, zoom])


def test_the_experiment_that_gives_the_initial_weights_counts(tmp_path):
    def descendant(epochs: int) -> str:
        start = {**ENTRY, "training": {"epochs": epochs}}
        descendant = {**ENTRY, "initial_weights": "start"}
        (tmp_path / "f.yaml").write_text(
            json.dumps({"document": "d", "experiments": {"start": start, "descendant": descendant}})
        )
        found = resolve({"experiment_files": ["f.yaml"]}, tmp_path)
        return digest_of(found["descendant"], found)

    assert descendant(1) != descendant(2)
