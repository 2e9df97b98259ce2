"""Configurations of nonsense are refused before any training, each with file, experiment, key and remedy."""

import os
import subprocess
import sys
import time

import pytest
import yaml

from lookbook.config.experiments import resolve
from lookbook.config.validation import ROOT
from lookbook.errors import ConfigError

BASE = {
    "title": "nonsense",
    "dataset": "sample",
    "trials": 1,
    "model": {"class_name": "mlp", "config": {"units": [8]}},
    "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1}},
}


def optimizer(name: str, **config) -> dict:
    return {"optimizer": {"class_name": name, "config": config}}


def schedule(name: str, **config) -> dict:
    return optimizer("SGD", learning_rate={"class_name": name, "config": config})


def one_cycle(**config) -> dict:
    rates = {"initial_learning_rate": 0.1, "maximal_learning_rate": 1.0, "final_learning_rate": 0.1}
    return schedule("OneCycle", **(rates | config))


def loss(name: str, **config) -> dict:
    return {"loss": {"class_name": name, "config": {"from_logits": True} | config}}


def model(name: str, **config) -> dict:
    return {"model": {"class_name": name, "config": config}}


def augmented(name: str, **config) -> dict:
    return {"augmentation": [{"class_name": name, "config": config}]}


RATE = "optimizer.config.learning_rate"
CATEGORICAL = loss("CategoricalCrossentropy")
# Refused while the configuration is read, without Keras.
READ = [
    *(
        (optimizer("SGD", momentum=value), "optimizer.config.momentum")
        for value in ("0.9", "high", -0.1, 1.5, None, [0.9])
    ),
    *((optimizer("SGD", nesterov=value), "optimizer.config.nesterov") for value in ("no", "yes", 0, 1, None)),
    *((optimizer("Adam", amsgrad=value), "optimizer.config.amsgrad") for value in ("false", 1)),
    *((optimizer("Adam", beta_1=value), "optimizer.config.beta_1") for value in (1.0, 1.5, -0.1, "0.9", None)),
    *((optimizer("Adam", beta_2=value), "optimizer.config.beta_2") for value in (1.0, 2, "0.9")),
    *((optimizer("Adam", epsilon=value), "optimizer.config.epsilon") for value in (-1.0e-7, "small")),
    *((optimizer("RMSprop", rho=value), "optimizer.config.rho") for value in (1.0, -1, "x")),
    *((optimizer("RMSprop", centered=value), "optimizer.config.centered") for value in ("no", 2)),
    *((optimizer("SGD", weight_decay=value), "optimizer.config.weight_decay") for value in (-0.1, "0.1", True)),
    *((optimizer("SGD", clipnorm=value), "optimizer.config.clipnorm") for value in (0, -1, "1")),
    *((optimizer("SGD", clipvalue=value), "optimizer.config.clipvalue") for value in (0, -1)),
    *((optimizer("SGD", global_clipnorm=value), "optimizer.config.global_clipnorm") for value in (0, "x")),
    *((optimizer("SGD", use_ema=value), "optimizer.config.use_ema") for value in ("true", 1)),
    *((optimizer("SGD", ema_momentum=value), "optimizer.config.ema_momentum") for value in (1.1, -0.1, "x")),
    *((optimizer("SGD", ema_overwrite_frequency=value), "ema_overwrite_frequency") for value in (0, -3, 1.5)),
    *((optimizer("SGD", loss_scale_factor=value), "loss_scale_factor") for value in (0, -1, "x")),
    *((optimizer("SGD", gradient_accumulation_steps=value), "gradient_accumulation_steps") for value in (0, 1, 2.5)),
    *((optimizer("SGD", learning_rate=value), RATE) for value in (None, [0.1], "0.1", 0, -1, True, {"class": "x"}, {})),
    (optimizer("Sgd"), "optimizer.class_name"),
    (optimizer("Optimizer"), "optimizer.class_name"),
    (optimizer("LossScaleOptimizer"), "optimizer.class_name"),
    (schedule("CosineDecay", initial_learning_rate=0.1), f"{RATE}.config: CosineDecay needs"),
    (schedule("CosineDecay", decay_steps=10), f"{RATE}.config: CosineDecay needs"),
    *((schedule("CosineDecay", initial_learning_rate=0.1, decay_steps=v), "decay_steps") for v in (0, -1, 1.5, "9")),
    *((schedule("CosineDecay", initial_learning_rate=0.1, decay_steps=9, alpha=v), "alpha") for v in (-1, 2, "x")),
    (schedule("ExponentialDecay", initial_learning_rate=0.1, decay_steps=9, decay_rate=-1), "decay_rate"),
    (
        schedule("ExponentialDecay", initial_learning_rate=0.1, decay_steps=9, decay_rate=0.9, staircase="no"),
        "staircase",
    ),
    (schedule("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=0), "first_decay_steps"),
    (schedule("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=9, t_mul=0), "t_mul"),
    (schedule("PolynomialDecay", initial_learning_rate=0.1, decay_steps=9, cycle="no"), "cycle"),
    (schedule("PiecewiseConstantDecay", boundaries=[], values=[0.1, 0.2]), "boundaries"),
    (schedule("PiecewiseConstantDecay", boundaries=[5], values=0.1), "values"),
    (schedule("PiecewiseConstantDecay", boundaries=["5"], values=[0.1, 0.2]), "boundaries"),
    (schedule("OneCycle", initial_learning_rate=0.1, maximal_learning_rate=1.0), "final_learning_rate"),
    *((one_cycle(rising=value), "rising") for value in (0, 0.6, "x", -1)),
    (schedule("LearningRateSchedule"), f"{RATE}.class_name"),
    (loss("SparseCategoricalCrossentropy", from_logits=False), "loss.config.from_logits"),
    (loss("CategoricalCrossentropy", label_smoothing=1), "loss.config.label_smoothing"),
    (loss("CategoricalCrossentropy", label_smoothing=-0.1), "loss.config.label_smoothing"),
    (loss("CategoricalCrossentropy", label_smoothing="0.1"), "loss.config.label_smoothing"),
    (loss("CategoricalCrossentropy", reduction="none"), "loss.config.reduction"),
    (loss("CategoricalCrossentropy", axis=7), "loss.config.axis"),
    (loss("CategoricalFocalCrossentropy", gamma=-1), "loss.config.gamma"),
    (loss("Crossentropy"), "loss.class_name"),
    *((augmented("one_of_k", k=value), "augmentation[0].config.k") for value in (0, 99, -1, 1.5, "3", None)),
    *((augmented("cutout", size=value), "augmentation[0].config.size") for value in ("3", 1.5, None)),
    (augmented("cutout", holes="x"), "augmentation[0].config.holes"),
    (augmented("zoom", minimum="x"), "augmentation[0].config.minimum"),
    (augmented("mixup"), "loss: mixup mixes labels"),
    (augmented("MixUp"), "loss: MixUp mixes labels"),
    (augmented("CutMix"), "loss: CutMix mixes labels"),
    (augmented("RandomFlip", seed=3), "augmentation[0].config.seed"),
    (augmented("RandomFlip", mode="diagonal"), "augmentation[0].config.mode"),
    (model("mlp", units=8), "model.config.units"),
    (model("small_cnn", filters=3), "model.config.filters"),
    ({"training": {"epochs": 10**400}}, "training.epochs"),
    ({"training": {"epochs": 10**9}}, "training.epochs"),
    ({"training": {"epochs": 2.0}}, "training.epochs"),
    ({"training": {"batch_size": -1}}, "training.batch_size"),
    ({"training": {"batch_size": 10**9}}, "training.batch_size"),
    ({"training": {"steps_per_epoch": 0}}, "training.steps_per_epoch"),
    ({"training": {"early_stopping": {"patience": 0}}}, "training.early_stopping.patience"),
    ({"training": {"early_stopping": {"patience": 2}}}, "training.early_stopping: needs a validation loss"),
    ({"training": {"epochs": 5, "weight_averaging": {"start_epoch": 6}}}, "weight_averaging.start_epoch"),
    ({"training": {"weight_averaging": {"start_epoch": 1, "every": 0}}}, "weight_averaging.every"),
    ({"training": {"epochs": 3, "weight_averaging": {"start_epoch": 2}}} | optimizer("SGD", use_ema=True), "use_ema"),
    ({"training": {"early_stopping": {}}, "split": {"validation": 0.2}} | optimizer("SGD", use_ema=True), "use_ema"),
    ({"trials": 10**9}, "trials"),
    ({"trials": True}, "trials"),
    ({"rescaling": {"scale": 0, "offset": 0}}, "rescaling.scale"),
    ({"split": {"validation": 1.5}}, "split.validation"),
    ({"augmented_copies": 10**6} | augmented("blur"), "augmented_copies"),
    ({"collapse_below": 2}, "collapse_below"),
    ({"one_vs_all": 10}, "one_vs_all"),
    ({"sampling": {"classes": 11}}, "sampling.classes"),
    ({"sampling": {"proportions": [1, 2]}}, "sampling.proportions"),
]
# Found when the parts are built: one process for all of them.
BUILT = [
    (model("mlp", units=[-1]), "model"),
    (model("mlp", units=[0]), "model"),
    (model("mlp", units=["8"]), "model"),
    (model("mlp", units=[10**9, 10**9]), "model"),
    (model("mlp", units=[8], activation="rectify"), "model"),
    (model("simpsons_cnn", filters=[2] * 7), "model"),
    (model("simpsons_cnn", filters=[4, 8], dropout=[1.5]), "model"),
    (model("simpsons_cnn", filters=[-4, 8]), "model"),
    (model("wide_resnet", depth=17), "model"),
    (augmented("cutout", size=99), "augmentation[0]"),
    (augmented("cutout", size=-1), "augmentation[0]"),
    (augmented("cutout", holes=-1), "augmentation[0]"),
    (augmented("blur", size=4), "augmentation[0]"),
    (augmented("blur", size=-3), "augmentation[0]"),
    (augmented("zoom", minimum=1.2, maximum=0.8), "augmentation[0]"),
    (augmented("rotation", fill_mode="mirror"), "augmentation[0]"),
    (augmented("quarter_turns", probability=1.5), "augmentation[0]"),
    (augmented("gaussian_noise", minimum_variance=-1), "augmentation[0]"),
    (augmented("mixup", alpha=0) | CATEGORICAL, "augmentation[0]"),
    (augmented("RandomZoom", height_factor="x"), "augmentation[0]"),
    (augmented("RandomBrightness", factor=7), "augmentation[0]"),
    (augmented("RandomRotation", factor=0.1, fill_mode="mirror"), "augmentation[0]"),
    (schedule("PiecewiseConstantDecay", boundaries=[5], values=[0.1, 0.2, 0.3]), "optimizer"),
    (optimizer("SGD", learning_rate=0.1, clipnorm=1.0, clipvalue=1.0), "optimizer"),
    (loss("CategoricalFocalCrossentropy", alpha=[0.1, 0.2, 0.3]), "loss"),
]


def file_of(entries: list[tuple[dict, str]]) -> str:
    content = {f"n{number}": BASE | keys for number, (keys, _) in enumerate(entries)}
    return yaml.safe_dump({"document": "mine", "experiments": content})


@pytest.mark.parametrize("number", range(len(READ)))
def test_it_is_refused_while_the_configuration_is_read(number, tmp_path):
    (tmp_path / "mine.yaml").write_text(file_of([READ[number]]))
    started = time.monotonic()
    with pytest.raises(ConfigError) as refusal:
        resolve({"experiment_files": [str(tmp_path / "mine.yaml")]}, ROOT)
    assert time.monotonic() - started < 2
    assert str(refusal.value).startswith(f"{tmp_path}/mine.yaml")
    assert "n0" in str(refusal.value)
    assert READ[number][1].rpartition(".")[2].split(":")[0] in str(refusal.value)


def check(folder, text: str, *experiments: str) -> tuple[int, list[str]]:
    """Run check_experiments.py on a file and return its status and the lines that it prints."""
    (folder / "mine.yaml").write_text(text)
    (folder / "config.yaml").write_text(yaml.safe_dump({"experiment_files": [str(folder / "mine.yaml")]}))
    script = ROOT / "workflow" / "scripts" / "check_experiments.py"
    done = subprocess.run(
        [sys.executable, script, "--config", folder / "config.yaml", *experiments],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.splitlines()


def test_what_only_building_finds_is_reported_for_every_experiment(tmp_path):
    started = time.monotonic()
    status, lines = check(tmp_path, file_of([*BUILT, (CATEGORICAL | augmented("mixup"), "")]))
    assert time.monotonic() - started < 60
    assert status == 1
    found = {line.split(": ")[1]: line for line in lines}
    for number, (keys, expected) in enumerate(BUILT):
        line = found.pop(f"n{number}", "")
        assert line.startswith(f"{tmp_path}/mine.yaml: n{number}: {expected}: cannot be used: "), (keys, line)
        assert line.endswith("; correct its class_name or config")
        assert len(line) < 500
    assert found == {}


def test_experiments_that_can_be_built_pass(tmp_path):
    assert check(tmp_path, file_of([(CATEGORICAL, "")])) == (0, ["1 experiments can be built"])


def test_there_are_as_many_cases_as_were_tried_by_hand():
    assert len(READ) + len(BUILT) >= 130
