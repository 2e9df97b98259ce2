"""The expected cost of trials orders them: cheap experiments first."""

import pytest

from lookbook.config import costs
from lookbook.config.experiments import resolve
from lookbook.config.signatures import registered
from lookbook.config.trial_specs import CONFIG, read_config
from lookbook.config.validation import ROOT

EXPERIMENTS = resolve(read_config([CONFIG]) | {"experiments": None}, ROOT)


def spec(name):
    return EXPERIMENTS[name].spec


def test_every_model_has_a_rate():
    assert set(costs.PER_THOUSAND) == set(registered("models"))


def test_images_of_an_epoch():
    assert costs.images_of(spec("growing_batch_baseline")) == 60_000
    assert costs.images_of(spec("growing_batch_n4_k4_e10")) >= 60_000
    assert costs.images_of(spec("exp001")) == 60_000 * 0.8
    limited = spec("exp001") | {"limit": {"train_images": 100, "test_images": None}}
    assert costs.images_of(limited) == 80


def test_cheap_experiments_rank_above_dear_ones():
    ranks = costs.priorities(EXPERIMENTS)
    assert sorted(ranks.values()) == list(range(1, len(EXPERIMENTS) + 1))
    order = ["exp001", "beyond_94", "exp104", "basic_cnn", "exp107", "resnet_18", "shake_shake_34"]
    assert sorted(order, key=lambda name: -ranks[name]) == order


def test_wider_and_deeper_residual_networks_cost_more():
    networks = [{"filters": [8, 16], "blocks": [0, 1]}, {"filters": [8, 16], "blocks": [1, 1]}, {"filters": [8, 32]}]
    costs_of = [
        costs.relative_cost({"class_name": "residual_cnn", "config": {"blocks": [1, 1], **config}})
        for config in networks
    ]
    assert costs_of[1:] == [pytest.approx(1.5 * costs_of[0]), pytest.approx(6 * costs_of[0])]
    assert costs.relative_cost({"class_name": "residual_cnn", "config": {"filters": [], "blocks": ["x"]}}) == 0
    assert costs.relative_cost({"class_name": "mlp", "config": {}}) == 1


def test_more_epochs_and_larger_images_cost_more():
    few = spec("exp104") | {"training": spec("exp104")["training"] | {"epochs": 1}}
    assert costs.seconds_of(few) < costs.seconds_of(spec("exp104"))
    assert costs.seconds_of(spec("exp104") | {"dataset": "generated_224"}) != costs.seconds_of(spec("exp104"))
