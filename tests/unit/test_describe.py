"""The programs of workflow/scripts as a person meets them on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))
HELP = """
import runpy, sys
script = sys.argv[1]
sys.argv = [script, "--help"]
sys.path.insert(0, script.rpartition("/")[0])
try:
    runpy.run_path(script, run_name="__main__")
except SystemExit as stop:
    assert not stop.code
print("HEAVY", sorted({"tensorflow", "keras", "jax"} & sys.modules.keys()))
"""


def describe(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "workflow" / "scripts" / "describe_experiment.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_shows_an_example_and_imports_no_backend(script):
    command = [sys.executable, "-c", HELP, str(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    text, _, heavy = done.stdout.rpartition("HEAVY")
    assert heavy.strip() == "[]"
    assert "example" in text
    assert script.name in text.partition("example")[2]


def test_an_experiment_is_one_json_object():
    done = describe("exp104")
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert list(described) == ["experiment", "parameters", "digest", "base", "changes", "spec"]
    assert (described["experiment"], described["parameters"], described["base"]) == ("exp104", 257_802, "exp103")
    assert len(described["digest"]) == 64
    assert described["changes"] == [
        {"key": "optimizer.config.learning_rate", "from": 0.001, "to": 0.0001},
        {"key": "training.batch_size", "from": 32, "to": 64},
    ]
    assert described["spec"] == resolve(read_config([ROOT / "config" / "config.yaml"]), ROOT)["exp104"].spec


def test_the_list_gives_every_name_one_a_line():
    done = describe("--list")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == list(resolve(read_config([ROOT / "config" / "config.yaml"]), ROOT))


def test_an_unknown_experiment_is_refused_with_the_nearest_name():
    done = describe("exp1044")
    assert done.returncode == 1
    assert done.stderr == "error: experiment: there is no experiment 'exp1044'; did you mean 'exp104'?\n"


def test_everything_is_written_for_the_report(tmp_path):
    output, budget = tmp_path / "new" / "experiments.json", tmp_path / "budget.yaml"
    budget.write_text("profile: {trials: 2, epochs: 3, train_images: 1000, experiments: {exp103: {epochs: 1}}}")
    files = ["config/config.yaml", "config/quick.yaml", str(budget)]
    done = describe("--all", "--config", *files, "--output", str(output))
    assert done.returncode == 0, done.stderr
    described = json.loads(output.read_text())
    assert described.keys() == {"profile", "provenance", "experiments"}
    assert described["profile"]["comparable"] is False
    found = described["experiments"]
    assert found["exp104"]["dataset"] == "sample"
    assert found["exp104"]["budget"] == "2 trials of up to 3 epochs on 1,000 training images"
    assert found["exp103"]["budget"] == "2 trials of up to 1 epoch on 1,000 training images"
    assert found["exp104"]["source"].startswith("the result tables of a Japanese series")
    assert (found["exp104"]["unavailable"], found["exp104"]["factorial"], found["exp104"]["ensemble"]) == (None,) * 3
    factors = {"one_cycle": True, "averaging": True, "augmentation": True}
    assert found["mini_vgg"]["factorial"] == {"study": "mini_vgg", "factors": factors}
    assert found["mini_vgg_range_test"]["figures"] == ["learning_rate_range"]
    members = [name for name, experiment in found.items() if experiment["ensemble"] == "basic_cnn_vs_all"]
    assert members == [f"basic_cnn_vs_all_{label}" for label in range(10)]
    assert [found[name]["spec"]["one_vs_all"] for name in members] == list(range(10))
