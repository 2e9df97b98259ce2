"""The scripts of workflow/scripts on the command line, and experiments.json."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lookbook.config.digests import digest
from lookbook.config.experiments import resolve
from lookbook.config.trial_specs import read_config, trial_spec

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
print("HEAVY", sorted({"tensorflow", "keras", "jax", "torch"} & sys.modules.keys()))
"""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "workflow" / "scripts" / script), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_shows_an_example_and_imports_no_backend(script):
    command = [sys.executable, "-c", HELP, str(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    text, _, heavy = done.stdout.rpartition("HEAVY")
    assert heavy.strip() == "[]"
    assert "example" in text
    assert script.name in text.partition("example")[2]


def test_an_experiment_is_printed_as_one_json_object():
    done = run("describe_experiment.py", "exp104")
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert list(described) == [
        *("experiment", "title", "document", "note", "trials", "unavailable", "parameters", "digest", "base"),
        *("changes", "published", "published_as", "protocol", "settings_from", "spec"),
    ]
    assert (described["title"], described["trials"]) == ("smaller learning rate, larger batches", 10)
    accuracy = next(row for row in described["published"] if (row["split"], row["metric"]) == ("test", "accuracy"))
    assert (accuracy["mean"], accuracy["std"], accuracy["trials"]) == (0.9127, 0.0022, 10)
    assert described["settings_from"]["training.batch_size"] == "text"
    assert (described["experiment"], described["parameters"], described["base"]) == ("exp104", 257_802, "exp103")
    assert len(described["digest"]) == 64
    assert described["changes"] == [
        {"key": "optimizer.config.learning_rate", "from": 0.001, "to": 0.0001},
        {"key": "training.batch_size", "from": 32, "to": 64},
    ]
    assert described["spec"] == resolve(read_config([ROOT / "config" / "config.yaml"]), ROOT)["exp104"].spec


def test_the_layers_are_printed_on_request():
    done = run("describe_experiment.py", "exp104", "--layers")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Conv2D") == 3
    assert "257,802" in done.stdout


def test_an_experiment_by_the_code_has_the_published_values_of_the_other():
    described = json.loads(run("describe_experiment.py", "mini_vgg_as_committed").stdout)
    assert [row["experiment"] for row in described["published"]] == ["mini_vgg"]
    assert (described["published_as"], described["protocol"]) == ("mini_vgg", "code")


def test_the_published_values_of_epochs_and_competitions_are_among_them():
    described = json.loads(run("describe_experiment.py", "growing_batch_baseline").stdout)
    assert {type(row["epoch"]) for row in described["published"]} == {int, type(None)}
    assert all(row["note"] is None or row["note"] for row in described["published"])


def test_a_wrong_table_of_published_values_is_refused_with_its_line(tmp_path):
    table = (ROOT / "config" / "published.csv").read_text(encoding="utf-8")
    (tmp_path / "published.csv").write_text(table.replace("0.9127", "many", 1), encoding="utf-8")
    (tmp_path / "other.yaml").write_text(f"published: {tmp_path}/published.csv", encoding="utf-8")
    done = run("describe_experiment.py", "exp104", "--config", "config/config.yaml", str(tmp_path / "other.yaml"))
    assert done.returncode == 1
    line = next(number for number, row in enumerate(table.splitlines(), 1) if "0.9127" in row)
    assert done.stderr.startswith(f"error: {tmp_path}/published.csv, line {line}: mean: ")


def test_the_list_has_every_name_one_per_line():
    done = run("describe_experiment.py", "--list")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == list(resolve(read_config([ROOT / "config" / "config.yaml"]), ROOT))


def test_an_unknown_experiment_is_refused_with_the_nearest_name():
    done = run("describe_experiment.py", "exp1044")
    assert done.returncode == 1
    assert done.stderr == "error: experiment: there is no experiment 'exp1044'; did you mean 'exp104'?\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict:
    """Return the content of experiments.json for the quick benchmark with other limits."""
    folder = tmp_path_factory.mktemp("described")
    output, limits = folder / "new" / "experiments.json", folder / "limits.yaml"
    limits.write_text(
        "profile: {trials: 2, epochs: 3, train_images: 1000, experiments: {exp108: {epochs: 1}}}\nseed: 9"
    )
    files = ["config/config.yaml", "config/quick.yaml", str(limits)]
    config = json.dumps(read_config([ROOT / file for file in files]))
    done = run("resolve_experiments.py", "--config-json", config, "--output", str(output))
    assert done.returncode == 0, done.stderr
    return {"config": config, "content": json.loads(output.read_text())}


def test_experiments_json_has_what_the_report_shows(written):
    content = written["content"]
    assert content.keys() == {"config", "profile", "provenance", "claims", "experiments", "checksum"}
    assert content["profile"]["comparable"] is False
    found = content["experiments"]
    assert found["exp104"]["dataset"] == "sample"
    assert found["exp107"]["budget"] == "2 trials of up to 3 epochs on 1,000 training images"
    assert found["exp108"]["budget"] == "2 trials of 1 epoch on 1,000 training images"
    assert (
        found["simpsons_c42_n700_b64"]["budget"] == "2 trials of up to 3 epochs on 12 images of each class of generated"
    )
    assert found["exp104"]["citation"].startswith("the result tables of a series of experiments in Japanese")
    assert found["exp104"]["claim"].startswith("Convolutions, a smaller learning rate, zoom and mixup each improve")
    assert (found["exp104"]["unavailable"], found["exp104"]["factorial"], found["exp104"]["ensemble"]) == (None,) * 3
    factors = {"one_cycle": True, "averaging": True, "augmentation": True}
    assert found["mini_vgg"]["factorial"] == {"study": "mini_vgg", "factors": factors}
    assert found["mini_vgg_range_test"]["figures"] == ["learning_rate_range"]
    members = [name for name, experiment in found.items() if experiment["ensemble"] == "basic_cnn_vs_all"]
    assert members == [f"basic_cnn_vs_all_{label}" for label in range(10)]
    assert [found[name]["spec"]["one_vs_all"] for name in members] == list(range(10))


def test_experiments_json_has_the_digest_of_each_trial_specification(written):
    experiments = resolve(json.loads(written["config"]), ROOT)
    for name in ("exp104", "growing_batch_baseline_boosted"):
        stated = written["content"]["experiments"][name]["trial_digests"]
        assert stated == [digest(trial_spec(experiments[name], trial, 9, experiments)) for trial in range(2)]
        assert len(set(stated)) == 2
