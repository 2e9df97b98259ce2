"""Names and arguments are read from source, and agree with what Python itself knows."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from lookbook.config.signatures import class_arguments, class_names, function_arguments, nearest, registered
from lookbook.training import schedules

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
MODULES = {"optimizer": keras.optimizers, "schedule": keras.optimizers.schedules, "loss": keras.losses}


def signature_of(kind: str, name: str) -> set[str]:
    """Return the arguments that Python reports for a class, its own ``**kwargs`` aside."""
    found = getattr(MODULES[kind], name, None) or getattr(schedules, name)
    parameters = inspect.signature(found).parameters.values()
    return {p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD}


@pytest.mark.parametrize("folder", ["models", "augmentation"])
def test_every_file_of_a_registry_has_a_function_of_its_name_with_these_arguments(folder):
    assert registered(folder)
    for name in registered(folder):
        function = getattr(importlib.import_module(f"lookbook.{folder}.{name}"), name)
        keywords = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        assert function_arguments(folder, name) == {p.name: p.default for p in keywords}, name


def test_files_that_begin_with_an_underscore_are_not_registered():
    assert not [name for folder in ("models", "augmentation") for name in registered(folder) if name.startswith("_")]


def test_a_file_without_a_function_of_its_name_is_a_mistake(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "empty_net.py").write_text("WIDTH = 3\n")
    monkeypatch.setattr("lookbook.config.signatures.LIBRARY", tmp_path)
    with pytest.raises(TypeError, match=r"empty_net\.py must define a function named empty_net"):
        function_arguments("models", "empty_net")


@pytest.mark.parametrize("kind", MODULES)
def test_class_names_are_those_that_the_backend_library_exports(kind):
    module = MODULES[kind]
    bases = {"Optimizer", "Loss", "LearningRateSchedule"}
    exported = {name for name in dir(module) if inspect.isclass(getattr(module, name))} - bases
    assert exported <= {*class_names(kind), "LossScaleOptimizer", "LegacyOptimizerWarning"}
    assert bases.isdisjoint(class_names(kind))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("optimizer", "Adam"),
        ("optimizer", "SGD"),
        ("optimizer", "AdamW"),
        ("schedule", "CosineDecayRestarts"),
        ("schedule", "PiecewiseConstantDecay"),
        ("schedule", "OneCycle"),
        ("loss", "SparseCategoricalCrossentropy"),
        ("loss", "CategoricalCrossentropy"),
    ],
)
def test_arguments_of_a_class_are_those_of_its_constructor(kind, name):
    assert signature_of(kind, name) <= class_arguments(kind, name)


def test_arguments_that_a_class_hands_on_to_its_base_are_known():
    assert {"learning_rate", "beta_1", "weight_decay", "clipnorm", "use_ema"} <= class_arguments("optimizer", "Adam")


def test_an_argument_that_the_constructor_refuses_is_not_known():
    assert "momentum" not in class_arguments("optimizer", "Adam")
    assert "from_logits" not in class_arguments("loss", "MeanSquaredError")


def test_the_nearest_name_is_offered_or_all_where_none_is_near():
    assert nearest("small_cn", ["mlp", "small_cnn"]) == "; did you mean 'small_cnn'?"
    assert nearest("zzz", ["mlp", "small_cnn"]) == "; known: mlp, small_cnn"
    assert nearest("zzz", []) == ""


def test_reading_names_imports_no_backend():
    code = """
import sys
from lookbook.config.signatures import class_names, function_arguments, registered
class_names("optimizer"), [function_arguments("models", name) for name in registered("models")]
print(sorted({"keras", "tensorflow", "jax"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
