"""An invalid configuration is refused with the file, the experiment, the key and the remedy."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lookbook.config.experiments import resolve
from lookbook.config.strict_yaml import read_yaml
from lookbook.errors import ConfigError

ROOT = Path(__file__).parents[2]


def entry(keys: str, model: str = "{class_name: mlp}") -> str:
    return f"  mine: {{title: t, model: {model}, {keys}}}"


REFUSED = {
    entry("trails: 3"): "unknown key 'trails'; did you mean 'trials'?",
    entry("split: {validaton: 0.2}"): "split: unknown key 'validaton'; did you mean 'validation'?",
    f"{entry('trials: 1')}\n  yours: {{base: mien, title: t}}": (
        "yours: base: there is no experiment 'mien'; did you mean 'mine'?"
    ),
    entry("base: [exp001, exp002]"): "base",
    entry("dataset: sampel"): "dataset: there is no dataset 'sampel'; did you mean 'sample'?",
    entry("initial_weights: mein"): "initial_weights: there is no experiment 'mein'; did you mean 'mine'?",
    entry("initial_weights: mine"): "initial_weights: is a cycle (mine -> mine); remove one of them",
    entry("split: {validation: 2e-1}"): "split.validation: must be of type number; got '2e-1'",
    entry("trials: 0"): "trials: must be at least 1; got 0",
    entry("training: {epochs: 0}"): "training.epochs: must be at least 1; got 0",
    entry("split: {validation: 1}"): "split.validation: must be less than 1; got 1",
    entry("split: {validation: -0.1}"): "split.validation: must be at least 0; got -0.1",
    entry("rescaling: {scale: 1.0, offset: .nan}"): "rescaling.offset",
    entry("dataset: sample, training: {batch_size: 6000}"): (
        "training.batch_size: must be at most 5000 (the training split); got 6000"
    ),
    entry("limit: {train_images: 40}, split: {validation: 0.5}"): (
        "training.batch_size: must be at most 20 (the training split); got 32"
    ),
    entry("training: {early_stopping: {patience: 3}}"): (
        "training.early_stopping: needs a validation loss, but split.validation is 0"
    ),
    entry("split: {validation: 1.0e-6}, training: {early_stopping: {patience: 3}}"): "training.early_stopping",
    " mine: {model: {class_name: mlp}}": "the key 'title' is missing; add it",
    " mine: {title: t}": "the key 'model' is missing; add it",
    entry("", "mlp"): "model: must be of type object; got 'mlp'",
    entry("augmentation: [{config: {}}]"): "augmentation[0]: the key 'class_name' is missing",
    entry("compile: fast"): "compile: must be one of auto, xla, graph, eager; got 'fast'",
}


@pytest.mark.parametrize(("text", "expected"), REFUSED.items())
def test_refused_with_file_experiment_key_and_remedy(text, expected, refusal_of):
    message = refusal_of(text)
    assert message.split(": ")[0].endswith("mine.yaml")
    assert expected in message
    assert message.split(": ")[1] in ("mine", "yours")


def test_a_cycle_of_bases_or_initial_weights_is_refused_and_shown(refusal_of):
    message = refusal_of("  a: {base: c, title: t}\n  b: {base: a, title: t}\n  c: {base: b, title: t}")
    assert "mine.yaml: c: base: " in message or "mine.yaml: b: base: " in message
    assert "is a cycle (a -> c -> b -> a); remove the base of one of them" in message
    assert "a: base: is a cycle (a -> a)" in refusal_of("  a: {base: a, title: t}")
    yours = "  yours: {base: mine, title: t, initial_weights: mine}"
    assert "initial_weights: is a cycle" in refusal_of(f"{entry('initial_weights: yours')}\n{yours}")


@pytest.mark.parametrize("name", ["Exp1", "exp-1", "104", "_x"])
def test_a_name_that_is_not_lower_case_letters_digits_and_underscores_is_refused(name, refusal_of):
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
    assert "given twice; remove one" in message


def test_a_name_in_two_files_is_refused_with_both_files(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("document: d\nexperiments:\n  a: {title: t, model: {class_name: mlp}}\n")
    with pytest.raises(ConfigError, match=r"two\.yaml: a: .*the name is already used in .*one\.yaml; rename one"):
        resolve({"experiment_files": ["one.yaml", "two.yaml"]}, tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is empty"),
        ("- a\n", "must be a mapping of keys to values, not list"),
        ("a: [1\n", "not valid YAML"),
        ("experiments: {a: {}}\n", "the key 'document' is missing"),
        ("document: d\nexperiments: {}\n", "experiments"),
        ("document: d\nexperiment: {}\nexperiments: {a: {}}\n", "did you mean 'experiments'?"),
        ("document: d\nexperiments:\n  a:\n", "experiments.a: must be of type object; got None"),
    ],
)
def test_a_file_that_is_not_a_valid_experiments_file_is_refused(content, expected, tmp_path):
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
        ({"profile": {"trials": 0}}, "config.yaml: profile.trials: must be at least 1; got 0"),
        ({"seed": -1}, "config.yaml: seed: must be at least 0; got -1"),
        ({"experiment_files": []}, "config.yaml: experiment_files"),
        (
            {"experiments": ["exp01"]},
            "config.yaml: experiments: there is no experiment 'exp01'; did you mean 'exp001'?",
        ),
        (
            {"profile": {"experiments": {"mini_vg": {"trials": 1}}}},
            "config.yaml: profile.experiments: there is no experiment 'mini_vg'; did you mean 'mini_vgg'?",
        ),
        ({"devices": {"gpu": 2}}, "config.yaml: devices.gpu: must be one of auto, 0, 1; got 2"),
        ({"devices": {"gpu": "0"}}, "got '0', a text; set the number with --configfile"),
        ({"devices": {"threads": "2"}}, "must be of type integer; got '2', a text; set the number with --configfile"),
    ],
)
def test_an_invalid_config_yaml_is_refused(config, expected):
    with pytest.raises(ConfigError) as caught:
        resolve(read_yaml(ROOT / "config" / "config.yaml") | config, ROOT)
    assert expected in str(caught.value)


def test_a_script_prints_one_line_and_exits_without_importing_keras(tmp_path):
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
