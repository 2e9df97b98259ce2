"""A wrong configuration is refused with the file, the experiment, the key and the remedy."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lookbook.config.experiments import resolve
from lookbook.config.validation import read_yaml
from lookbook.errors import ConfigError

ROOT = Path(__file__).parents[2]


def entry(keys: str, model: str = "{class_name: mlp}") -> str:
    return f"  mine: {{title: t, model: {model}, {keys}}}"


def schedule(name: str, arguments: str) -> str:
    rate = f"{{class_name: {name}, config: {{{arguments}}}}}"
    return entry(f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}")


RATE = "optimizer.config.learning_rate"

REFUSED = {
    "unknown key": (entry("trails: 3"), "unknown key 'trails'; did you mean 'trials'?"),
    "unknown nested key": (
        entry("split: {validaton: 0.2}"),
        "split: unknown key 'validaton'; did you mean 'validation'?",
    ),
    "unknown model": (
        entry("", "{class_name: small_cn}"),
        "model.class_name: there is no model 'small_cn'; did you mean 'small_cnn'?",
    ),
    "unknown argument of a model": (
        entry("", "{class_name: mlp, config: {unit: [3]}}"),
        "model.config.unit: mlp has no such argument; did you mean 'units'?",
    ),
    "unknown augmentation": (
        entry("augmentation: [{class_name: zoom}, {class_name: mixupp}]"),
        "augmentation[1].class_name: there is no augmentation 'mixupp'; did you mean 'mixup'?",
    ),
    "unknown argument of an augmentation": (
        entry("augmentation: [{class_name: zoom, config: {minimun: 0.9}}]"),
        "augmentation[0].config.minimun: zoom has no such argument; did you mean 'minimum'?",
    ),
    "unknown optimizer": (
        entry("optimizer: {class_name: Adm}"),
        "optimizer.class_name: Keras has no optimizer 'Adm'; did you mean 'Adam'?",
    ),
    "unknown argument of an optimizer": (
        entry("optimizer: {class_name: SGD, config: {momentun: 0.9}}"),
        "optimizer.config.momentun: SGD has no such argument; did you mean 'momentum'?",
    ),
    "unknown schedule": (
        schedule("CosineDeca", ""),
        f"{RATE}.class_name: Keras has no schedule 'CosineDeca'; did you mean 'CosineDecay'?",
    ),
    "unknown argument of a schedule": (
        schedule("CosineDecay", "decay_step: 3"),
        f"{RATE}.config.decay_step: CosineDecay has no such argument; did you mean 'decay_steps'?",
    ),
    "unknown argument of our schedule": (
        schedule("OneCycle", "risng: 0.4"),
        f"{RATE}.config.risng: OneCycle has no such argument; did you mean 'rising'?",
    ),
    "unknown loss": (
        entry("loss: {class_name: CategoricalCrossentrpy}"),
        "loss.class_name: Keras has no loss 'CategoricalCrossentrpy'; did you mean 'CategoricalCrossentropy'?",
    ),
    "unknown argument of a loss": (
        entry("loss: {class_name: CategoricalCrossentropy, config: {label_smothing: 0.1}}"),
        "loss.config.label_smothing: CategoricalCrossentropy has no such argument; did you mean 'label_smoothing'?",
    ),
    "unknown base": (
        f"{entry('trials: 1')}\n  yours: {{base: mien, title: t}}",
        "yours: base: there is no experiment 'mien'; did you mean 'mine'?",
    ),
    "two bases": (entry("base: [exp001, exp002]"), "base"),
    "unknown data set": (entry("dataset: sampel"), "dataset: there is no 'sampel'; did you mean 'sample'?"),
    "unknown initial weights": (
        entry("initial_weights: mein"),
        "initial_weights: there is no experiment 'mein'; did you mean 'mine'?",
    ),
    "its own initial weights": (
        entry("initial_weights: mine"),
        "initial_weights: an experiment cannot start from itself",
    ),
    "negative learning rate": (
        entry("optimizer: {class_name: Adam, config: {learning_rate: -0.1}}"),
        f"{RATE}: -0.1 is not a learning rate; it must be greater than 0",
    ),
    "infinite learning rate": (entry("optimizer: {class_name: Adam, config: {learning_rate: .inf}}"), RATE),
    "learning rate that is no number": (entry("optimizer: {class_name: Adam, config: {learning_rate: .nan}}"), RATE),
    "negative learning rate in a schedule": (
        schedule("CosineDecay", "initial_learning_rate: -0.1, decay_steps: 3"),
        f"{RATE}.config.initial_learning_rate: -0.1 is not a learning rate",
    ),
    "negative learning rate in a list of a schedule": (
        schedule("PiecewiseConstantDecay", "boundaries: [5], values: [0.1, -0.1]"),
        f"{RATE}.config.values",
    ),
    "learning rate as text": (
        entry("optimizer: {class_name: Adam, config: {learning_rate: 1e-3}}"),
        f"{RATE}: '1e-3' is text; write a number with a decimal point, as 1.0e-4",
    ),
    "learning rate as text in a schedule": (
        schedule("OneCycle", "maximal_learning_rate: 5e-3"),
        f"{RATE}.config.maximal_learning_rate: '5e-3' is text",
    ),
    "fraction as text": (entry("split: {validation: 2e-1}"), "split.validation: '2e-1' must be of type number"),
    "zero trials": (entry("trials: 0"), "trials: 0 must be at least 1"),
    "zero epochs": (entry("training: {epochs: 0}"), "training.epochs: 0 must be at least 1"),
    "everything for validation": (entry("split: {validation: 1}"), "split.validation: 1 must be below 1"),
    "negative validation": (entry("split: {validation: -0.1}"), "split.validation: -0.1 must be at least 0"),
    "offset that is no number": (entry("rescaling: {scale: 1.0, offset: .nan}"), "rescaling.offset"),
    "batch larger than the data set": (
        entry("dataset: sample, training: {batch_size: 6000}"),
        "training.batch_size: 6000 is larger than the 5000 training images",
    ),
    "batch larger than what the split leaves": (
        entry("limit: {train_images: 40}, split: {validation: 0.5}"),
        "training.batch_size: 32 is larger than the 20 training images",
    ),
    "early stopping without validation": (
        entry("training: {early_stopping: {patience: 3}}"),
        "training.early_stopping: watches the validation loss, but split.validation is 0",
    ),
    "early stopping on a fraction too small for one image": (
        entry("split: {validation: 1.0e-6}, training: {early_stopping: {patience: 3}}"),
        "training.early_stopping",
    ),
    "no title": ("  mine: {model: {class_name: mlp}}", "the key 'title' is missing; add it"),
    "no model": ("  mine: {title: t}", "the key 'model' is missing; add it"),
    "model by name only": (entry("", "mlp"), "model: 'mlp' must be of type object"),
    "no class name": (entry("augmentation: [{config: {}}]"), "augmentation[0]: the key 'class_name' is missing"),
    "unknown choice": (entry("compile: fast"), "compile: 'fast' must be one of auto, xla, graph"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_file_experiment_key_and_remedy(case, refusal_of):
    text, expected = REFUSED[case]
    message = refusal_of(text)
    assert message.split(": ")[0].endswith("mine.yaml")
    assert expected in message
    assert message.split(": ")[1] in ("mine", "yours")


def test_a_circle_of_bases_is_refused_and_shown(refusal_of):
    message = refusal_of("  a: {base: c, title: t}\n  b: {base: a, title: t}\n  c: {base: b, title: t}")
    assert "mine.yaml: c: base: " in message or "mine.yaml: b: base: " in message
    assert "in a circle (a -> c -> b -> a); cut it" in message


def test_an_experiment_that_is_its_own_base_is_refused(refusal_of):
    assert "a: base: experiments inherit in a circle (a -> a)" in refusal_of("  a: {base: a, title: t}")


def test_experiments_that_start_from_each_others_weights_are_refused(refusal_of):
    yours = "  yours: {base: mine, title: t, initial_weights: mine}"
    assert "initial_weights" in refusal_of(f"{entry('initial_weights: yours')}\n{yours}")


@pytest.mark.parametrize("name", ["Exp1", "exp-1", "104", "_x"])
def test_a_name_that_makes_no_folder_and_no_wildcard_is_refused(name, refusal_of):
    assert name in refusal_of(f"  {name}: {{title: t, model: {{class_name: mlp}}}}")


@pytest.mark.parametrize(
    "text",
    [
        "  a: {title: t, title: u, model: {class_name: mlp}}",
        "  a: {title: t, model: {class_name: mlp}}\n  a: {title: u, model: {class_name: mlp}}",
    ],
)
def test_a_key_given_twice_is_refused(text, refusal_of):
    message = refusal_of(text)
    assert "mine.yaml" in message
    assert "given twice; keep one" in message


def test_a_name_in_two_files_is_refused_with_both_files(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("document: d\nexperiments:\n  a: {title: t, model: {class_name: mlp}}\n")
    with pytest.raises(ConfigError, match=r"two\.yaml: a: .*one\.yaml has this name already"):
        resolve({"experiment_files": ["one.yaml", "two.yaml"]}, tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "must be a mapping"),
        ("- a\n", "must be a mapping of keys to values, not list"),
        ("a: [1\n", "not valid YAML"),
        ("experiments: {a: {}}\n", "the key 'document' is missing"),
        ("document: d\nexperiments: {}\n", "experiments"),
        ("document: d\nexperiment: {}\nexperiments: {a: {}}\n", "did you mean 'experiments'?"),
        ("document: d\nexperiments:\n  a:\n", "experiments.a: None must be of type object"),
    ],
)
def test_a_file_of_another_form_is_refused(content, expected, tmp_path):
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        resolve({"experiment_files": ["mine.yaml"]}, tmp_path)
    assert "mine.yaml: " in str(caught.value)
    assert expected in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file or directory; check experiment_files"):
        resolve({"experiment_files": ["none.yaml"]}, tmp_path)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"sed": 1}, "config.yaml: unknown key 'sed'; did you mean 'seed'?"),
        ({"profile": {"epoch": 1}}, "config.yaml: profile: unknown key 'epoch'; did you mean 'epochs'?"),
        ({"profile": {"trials": 0}}, "config.yaml: profile.trials: 0 must be at least 1"),
        ({"seed": -1}, "config.yaml: seed: -1 must be at least 0"),
        ({"experiment_files": []}, "config.yaml: experiment_files"),
        (
            {"experiments": ["exp01"]},
            "config.yaml: experiments: there is no experiment 'exp01'; did you mean 'exp001'?",
        ),
        (
            {"profile": {"experiments": {"mini_vg": {"trials": 1}}}},
            "config.yaml: profile.experiments: there is no experiment 'mini_vg'; did you mean 'mini_vgg'?",
        ),
        ({"devices": {"gpu": 2}}, "config.yaml: devices.gpu: 2 must be one of auto, 0, 1"),
    ],
)
def test_a_wrong_config_yaml_is_refused(config, expected):
    with pytest.raises(ConfigError) as caught:
        resolve(read_yaml(ROOT / "config" / "config.yaml") | config, ROOT)
    assert expected in str(caught.value)


def test_a_budget_that_makes_a_batch_too_large_is_refused_too(refusal_of):
    message = refusal_of(entry("training: {batch_size: 64}"), profile={"train_images": 50})
    assert "mine: training.batch_size: 64 is larger than the 50 training images" in message


def test_a_script_refuses_in_one_line_and_at_once(tmp_path):
    (tmp_path / "mine.yaml").write_text(f"document: doc\nexperiments:\n{entry('trails: 3')}\n")
    (tmp_path / "config.yaml").write_text(f"experiment_files: [{tmp_path / 'mine.yaml'}]\n")
    script = ROOT / "workflow" / "scripts" / "train_trial.py"
    command = [sys.executable, script, "mine", "--config", tmp_path / "config.yaml", "--output", tmp_path / "out"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 3
    assert not (tmp_path / "out").exists()
