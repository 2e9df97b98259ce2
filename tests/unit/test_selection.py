"""Experiments are chosen alike from resolved experiments and from experiments.json."""

from dataclasses import asdict
from pathlib import Path

import pytest

from lookbook.config.experiments import resolve
from lookbook.config.selection import arguments_in_use, compared_networks, sheet_names, with_figure
from lookbook.config.signatures import registered
from lookbook.config.trial_specs import read_config

ROOT = Path(__file__).parents[2]
EXPERIMENTS = resolve(read_config([ROOT / "config" / "config.yaml"]), ROOT)


@pytest.fixture(params=["experiments", "json"])
def experiments(request):
    return EXPERIMENTS if request.param == "experiments" else {name: asdict(e) for name, e in EXPERIMENTS.items()}


def test_experiments_with_one_of_several_figures_are_chosen(experiments):
    assert with_figure(experiments, "learning_rate_range") == ["mini_vgg_range_test", "basic_cnn_range_test"]
    assert with_figure(experiments, "precision_recall", "wrong_predictions") == ["simpsons_mnist_rgb"]


def test_experiments_without_trials_are_not_chosen(experiments):
    without = {name: (e if isinstance(e, dict) else asdict(e)) | {"trials": 0} for name, e in experiments.items()}
    assert with_figure(without, "learning_rate_range") == []
    assert compared_networks(without) == []


def test_compared_networks_are_the_classifiers_of_the_zoo(experiments):
    chosen = compared_networks(experiments)
    assert chosen[:2] == ["mini_vgg", "basic_cnn"]
    assert len(chosen) == 8 + 2 * 7
    assert not [name for name in chosen if "range_test" in name or "vs_all" in name]


def test_every_augmentation_of_the_library_and_every_keras_layer_in_use_has_a_contact_sheet():
    assert sheet_names() == registered("augmentation")
    assert sheet_names({"zoom": {}, "RandomFlip": {}, "AugMix": {}}) == (
        *registered("augmentation"),
        "AugMix",
        "RandomFlip",
    )


def test_contact_sheets_use_the_arguments_of_the_first_experiment():
    specs = [
        {"augmentation": [{"class_name": "zoom", "config": {"minimum": 0.5}}]},
        {"augmentation": [{"class_name": "zoom", "config": {}}, {"class_name": "RandomZoom", "config": {}}]},
        {"augmentation": [{"class_name": "mixup", "config": {"alpha": 0.3}}]},
    ]
    assert arguments_in_use(specs) == {"zoom": {"minimum": 0.5}, "RandomZoom": {}, "mixup": {"alpha": 0.3}}
