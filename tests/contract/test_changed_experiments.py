"""A change of an experiment retrains that experiment and those that inherit the change, and no others."""

import csv

import pytest
import yaml

OPTIMIZER = "{class_name: SGD, config: {learning_rate: 0.01, momentum: 0.5}}"
TRAINING = "{epochs: 2, batch_size: 20}"
EXPERIMENTS = "config/experiments/tiny.yaml"
# As many trials as each has in the tiny benchmark.
MLPS = ("plain", "heir", "diverges", "unvalidated")
TRIALS = {"plain": 2, "heir": 2, "convolution": 2, "diverges": 1, "unvalidated": 1}


def trials_of(*experiments):
    return {(name, trial) for name in experiments for trial in range(TRIALS[name])}


@pytest.mark.parametrize(
    ("old", "new", "retrained"),
    [
        pytest.param(TRAINING, "{epochs: 2, batch_size: 10}", ("plain", "heir", "diverges"), id="inherited"),
        pytest.param("learning_rate: 0.01", "learning_rate: 0.03", ("plain",), id="overridden by descendants"),
        pytest.param("learning_rate: 0.02", "learning_rate: 0.03", ("heir",), id="of a descendant"),
    ],
)
def test_a_changed_hyperparameter_retrains_its_experiment_and_descendants(finished, old, new, retrained):
    finished.replace(EXPERIMENTS, old, new)
    assert finished.plan().trained == trials_of(*retrained)


@pytest.mark.parametrize(
    ("old", "new", "retrained"),
    [
        pytest.param(TRAINING, "{epochs: 20, batch_size: 2}", ("plain", "heir", "diverges"), id="epochs, batch size"),
        pytest.param(
            OPTIMIZER,
            "{class_name: SGD, config: {learning_rate: 0.5, momentum: 0.01}}",
            ("plain", "heir", "diverges"),
            id="learning rate, momentum",
        ),
    ],
)
def test_two_swapped_hyperparameters_retrain(finished, old, new, retrained):
    finished.replace(EXPERIMENTS, old, new)
    assert finished.plan().trained == trials_of(*retrained)


def test_values_swapped_between_experiments_retrain_both(finished):
    finished.set("plain", optimizer={"config": {"learning_rate": 0.02}})
    finished.set("heir", optimizer={"config": {"learning_rate": 0.01}})
    assert finished.plan().trained == trials_of("plain", "heir")


def test_keys_in_another_order_retrain_nothing(finished):
    finished.replace(EXPERIMENTS, OPTIMIZER, "{config: {momentum: 0.5, learning_rate: 0.01}, class_name: SGD}")
    finished.replace(EXPERIMENTS, TRAINING, "{batch_size: 20, epochs: 2}")
    assert not finished.plan().trained


def test_a_new_experiment_trains_alone(finished):
    finished.set("younger", base="heir", title="slower", optimizer={"config": {"learning_rate": 0.005}})
    assert finished.plan().trained == {("younger", 0), ("younger", 1)}


def test_another_order_of_the_experiments_is_that_of_the_tables(finished):
    path = finished.path(EXPERIMENTS)
    content = yaml.safe_load(path.read_text())
    content["experiments"] = dict(reversed(content["experiments"].items()))
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    assert finished.plan().trained == frozenset()
    finished.run()
    for name in ("trials", "summary"):
        rows = list(csv.DictReader(finished.path(f"results/{name}.csv").open()))
        assert list(dict.fromkeys(row["experiment"] for row in rows)) == list(content["experiments"])
    assert finished.plan().is_empty


LIBRARY = "workflow/scripts/lookbook"


@pytest.mark.parametrize(
    ("file", "old", "new", "retrained"),
    [
        pytest.param("models/mlp.py", 'name="flatten"', 'name="flat"', MLPS, id="mlp"),
        pytest.param("models/sigmoid_width.py", "Dense(80", "Dense(81", ("convolution",), id="sigmoid_width"),
        pytest.param("models/wide_resnet.py", 'name="wide_resnet"', 'name="other"', (), id="a family not in use"),
        pytest.param("training/fit.py", "import keras\n", "import keras\nimport math\n", tuple(TRIALS), id="fit"),
        pytest.param("training/early_stopping.py", "or 0", "or 1", ("unvalidated",), id="early stopping"),
        pytest.param("models/_layers.py", "import keras\n", "import keras\nimport math\n", tuple(TRIALS), id="layers"),
    ],
)
def test_changed_code_retrains_the_experiments_that_use_it(finished, file, old, new, retrained):
    finished.replace(f"{LIBRARY}/{file}", old, new)
    assert finished.plan().trained == trials_of(*retrained)
