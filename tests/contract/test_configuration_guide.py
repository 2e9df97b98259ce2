"""The examples of config/README.md work literally: its entries, its network and its commands."""

import json
import re
import shlex
import sys

import pytest
import workspace
import yaml

import train_trial
from lookbook.config.trial_specs import CONFIG, trial_spec_by_hand

GUIDE = (workspace.SOURCE / "config" / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
ENTRIES = [text for kind, text in BLOCKS if kind == "yaml"]
(NETWORK,) = [text for kind, text in BLOCKS if kind == "python"]
(COMMANDS,) = [text.splitlines() for kind, text in BLOCKS if kind == "sh"]
LINEAR = re.search(r"`model: (\{class_name: linear.*?\}\})`", GUIDE)[1]
NEW = [*yaml.safe_load("".join(ENTRIES)), "straight"]
LIMITS = {"trials": 1, "epochs": 1}
FILES = ("growing_batch", "experiment_series", "zoo")


@pytest.fixture
def followed(finished):
    """The finished benchmark with everything added that the guide describes, on datasets that need no download."""
    with finished.path(workspace.EXPERIMENTS).open("a") as file:
        file.write("".join(ENTRIES))
        file.write(f"  straight:\n    base: plain\n    title: softmax regression\n    model: {LINEAR}\n")
    finished.path("workflow/scripts/lookbook/models/linear.py").write_text(NETWORK)
    config = yaml.safe_load(finished.path("config/config.yaml").read_text())
    config["experiments"] = [*yaml.safe_load(workspace.TINY)["experiments"], *NEW]
    config["experiment_files"] += [f"config/experiments/{name}.yaml" for name in FILES]
    config["profile"] |= {
        "train_images": 400,
        "test_images": 50,
        "datasets": {"fashion_mnist": "sample", "simpsons_mnist_gray": "generated_small_gray"},
        "experiments": dict.fromkeys(NEW, LIMITS),
    }
    finished.path("config/config.yaml").write_text(yaml.safe_dump(config))
    return finished


def trial(work, folder):
    return json.loads(work.path(f"{folder}/trial.json").read_text())


def test_the_examples_of_the_guide_train_and_are_reported(followed):
    assert len(NEW) == 7
    assert len(ENTRIES[0].splitlines()) == 4
    assert followed.plan().trained == {(name, 0) for name in NEW}
    followed.run()
    report = followed.path("results/report/report.md").read_text()
    for name in NEW:
        done = trial(followed, f"results/trials/{name}/0")
        assert done["status"] == "ok", done["traceback"]
        assert f"| `{name}` |" in report
    assert trial(followed, "results/trials/straight/0")["parameters"] == 28 * 28 * 10 + 10
    assert trial(followed, "results/trials/growing_batch_n3_k2/0")["images_per_epoch"] == 1200


def test_the_commands_of_the_guide_do_the_same_as_the_entry_above_them(monkeypatch):
    prepare, train_by_hand = (shlex.split(line) for line in COMMANDS)
    assert train_by_hand[:2] == [".venv/bin/python", "workflow/scripts/train_trial.py"]
    assert (workspace.SOURCE / train_by_hand[1]).is_file()
    monkeypatch.setattr(sys, "argv", train_by_hand[1:])
    arguments = train_trial.parse_arguments()
    trial_spec = trial_spec_by_hand(arguments.experiment, arguments.trial, [workspace.SOURCE / CONFIG], arguments.set)
    (entry,) = [text for text in ENTRIES if arguments.output.name in text]
    (keys,) = yaml.safe_load(entry).values()
    assert (arguments.experiment, trial_spec["spec"]["dataset"]) == (keys["base"], keys["dataset"])
    assert prepare == [".venv/bin/snakemake", "--cores", "2", f"resources/datasets/{keys['dataset']}/manifest.json"]
