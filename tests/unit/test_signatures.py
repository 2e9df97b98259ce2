"""Names and arguments read from source agree with those that Python reports."""

import importlib
import inspect

import keras
import pytest

from lookbook import augmentation
from lookbook.augmentation.one_of_k import OPERATIONS
from lookbook.config.consistency import GROWING_BATCH_OPERATIONS, MIXING
from lookbook.config.signatures import (
    NOT_CONFIGURABLE,
    PUBLIC_MODULES,
    class_arguments,
    class_names,
    function_arguments,
    nearest,
    registered,
)
from lookbook.training import schedules

MODULES = {kind: importlib.import_module(module) for kind, module in PUBLIC_MODULES.items()}
IMAGE_LAYER = keras.layers.RandomFlip.__mro__[1]
OURS = ("OneCycle", "ExponentialRange")


def exported(kind: str) -> set[str]:
    """Return the classes that the public module of Keras exports and that a configuration may name."""
    classes = {name: found for name, found in vars(MODULES[kind]).items() if inspect.isclass(found)}
    if kind == "augmentation":
        classes = {name: found for name, found in classes.items() if issubclass(found, IMAGE_LAYER)}
    return {name for name in classes if name[0].isupper()} - NOT_CONFIGURABLE


@pytest.mark.parametrize("folder", ["models", "augmentation"])
def test_every_file_of_a_registry_has_a_function_of_its_name_with_these_arguments(folder):
    assert registered(folder)
    for name in registered(folder):
        function = getattr(importlib.import_module(f"lookbook.{folder}.{name}"), name)
        keywords = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        assert function_arguments(folder, name) == {p.name: p.default for p in keywords}, name


def test_files_that_begin_with_an_underscore_are_not_registered():
    assert not [name for folder in ("models", "augmentation") for name in registered(folder) if name.startswith("_")]


def test_a_file_without_a_function_of_its_name_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "empty_net.py").write_text("WIDTH = 3\n")
    monkeypatch.setattr("lookbook.config.signatures.LIBRARY", tmp_path)
    with pytest.raises(TypeError, match=r"empty_net\.py must define a function named empty_net"):
        function_arguments("models", "empty_net")


@pytest.mark.parametrize("kind", MODULES)
def test_class_names_are_the_classes_that_keras_exports_and_ours(kind):
    assert set(class_names(kind)) == exported(kind) | set(OURS if kind == "schedule" else ())


@pytest.mark.parametrize("kind", MODULES)
def test_arguments_of_every_class_are_those_of_its_constructor(kind):
    for name in class_names(kind):
        found = getattr(MODULES[kind], name, None) or getattr(schedules, name)
        parameters = inspect.signature(found.__init__).parameters
        named = {
            p.name: p for p in list(parameters.values())[1:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }
        arguments = class_arguments(kind, name)
        assert named.keys() <= arguments.keys(), name
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            assert named.keys() == arguments.keys(), name
        required = {argument for argument, is_required in arguments.items() if is_required}
        assert required == {argument for argument, p in named.items() if p.default is p.empty}, name


def test_arguments_that_a_class_passes_to_its_base_are_known():
    assert {"learning_rate", "beta_1", "weight_decay", "clipnorm", "use_ema"} <= class_arguments(
        "optimizer", "Adam"
    ).keys()
    assert {"factor", "fill_mode", "data_format", "name"} <= class_arguments("augmentation", "RandomRotation").keys()


def test_an_argument_that_the_constructor_refuses_is_unknown():
    assert "momentum" not in class_arguments("optimizer", "Adam")
    assert "from_logits" not in class_arguments("loss", "MeanSquaredError")


def test_validation_knows_the_augmentations_that_mix_labels_and_the_operations_of_the_growing_batch():
    assert set(MIXING) == {"mixup", *augmentation.MIXING_LAYERS}
    assert len(OPERATIONS) == GROWING_BATCH_OPERATIONS


def test_the_nearest_name_is_offered_or_all_if_none_is_similar():
    assert nearest("small_cn", ["mlp", "small_cnn"]) == "; did you mean 'small_cnn'?"
    assert nearest("zzz", ["mlp", "small_cnn"]) == "; known: mlp, small_cnn"
    assert nearest("zzz", []) == ""
