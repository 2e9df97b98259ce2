"""Scripts that are called by hand with bad arguments end with status 1 or 2 and a message, never with a traceback."""

import importlib
import json
import os
import re
import sys
import zipfile
from pathlib import Path

import keras
import pytest

from lookbook.command_line import INPUTS
from lookbook.datasets import fashion_mnist
from lookbook.report.inputs import TABLES
from lookbook.runtime import devices

SOURCE = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (SOURCE / "workflow" / "scripts").glob("*.py"))
LONG = "9" * 5_000
DEEP = '{"a":' * 3_000
CONFIG = json.dumps({"experiment_files": [str(SOURCE / "config/experiments/zoo.yaml")]})
# What a script needs besides paths; a path here is replaced by each of the bad ones.
PATH = "PATH"
ARGUMENTS = {
    "check_experiments": ["--config", PATH],
    "compare_experiments": ["exp104", "exp103", "--experiments", PATH],
    "describe_experiment": ["exp104", "--config", PATH],
    "evaluate_model": [PATH],
    "evaluate_trial": [PATH],
    "fetch_dataset": ["fashion_mnist", "--path", PATH],
    "make_sample": ["--originals", PATH],
    "plan_trials": ["--config-json", CONFIG],
    "plot_best_network": ["--manifests", PATH],
    "plot_contact_sheets": ["--only", "shift"],
    "plot_learning_rate_range": ["--experiment", "exp104"],
    "plot_predictions": ["--experiment", "exp104"],
    "prepare_dataset": ["fashion_mnist", "--originals", PATH],
    "render_report": ["--manifests", PATH],
    "resolve_experiments": ["--config-json", CONFIG],
    "show_plan": ["--config", PATH],
    "train_trial": ["exp104"],
    "write_submission": ["--experiment", "exp104"],
}
CONFIG_FILE = str(SOURCE / "config/config.yaml")
TRAIN = ["train_trial", "exp104", "--config", CONFIG_FILE, "--output", "new", "--manifest", "none.json"]
SPEC = ["train_trial", "--output", "new", "--trial-spec"]
WITHOUT = json.dumps({"spec": {"dataset": "sample"}, "experiment": "exp104", "trial": 0, "seed": 0, "code_digest": ""})
NUMBERS = ["-1", "x", "1.5", "1e3", "", LONG, str(2**40)]
VALUES = {
    **{f"threads {value[:9]}": [*TRAIN, "--threads", value] for value in ["0", *NUMBERS]},
    **{f"trial {value[:9]}": [*TRAIN, "--trial", value] for value in NUMBERS},
    **{f"gpu {value[:9]}": [*TRAIN, "--gpu", value] for value in ["2", "AUTO", *NUMBERS]},
    **{f"attempt {value[:9]}": [*TRAIN, "--attempt", value] for value in ["0", *NUMBERS]},
    **{f"workers {v[:9]}": ["prepare_dataset", "sample", "--output", "new", "--workers", v] for v in ["0", *NUMBERS]},
    **{
        f"setting {value[:30]}": [*TRAIN, "--set", value]
        for value in (
            *("x", "=", "a=", "a..b=1", "\0=1", "nothing.at=1", "training=1", "training.epochs=-1", "dataset=no"),
            *("training.epochs=[", "training.epochs.x=1", f"training.epochs={LONG}", "x=" + "[" * 3_000, "title={}"),
            *("limit.train_images=-1", "model.class_name=nothing", "training.batch_size=0", "optimizer=1", "base=no"),
        )
    },
    **{
        f"specification {value[:30]}": [*SPEC, value]
        for value in (
            "",
            "{}",
            "[]",
            "x",
            "null",
            "NaN",
            '"a"',
            LONG,
            DEEP,
            '{"spec": {}}',
            '{"experiment": 1}',
            WITHOUT,
        )
    },
    **{
        f"{script} {value[:30]}": [script, "--output", "new", "--config-json", value]
        for script in ("plan_trials", "resolve_experiments")
        for value in ("", "[]", "null", "1", "NaN", "x", LONG, DEEP, '{"experiment_files": 1}', '{"seed": 1e999}')
    },
    **{
        f"{option} {value[:30]}": ["evaluate_model", "file", "--manifest", "sample/manifest.json", option, value]
        for option, values in {
            "--one-vs-all": ("", "x", "10", "-1", LONG),
            "--classes": ("0", "1", "11", "x", LONG),
        }.items()
        for value in values
    },
    "experiment of no name": ["describe_experiment", ""],
    "experiment of a long name": ["describe_experiment", "x" * 5_000],
    "no dataset": ["prepare_dataset", "nothing", "--output", "new"],
    "no experiment": ["train_trial", "nothing", "--output", "new"],
    "neither experiment nor specification": ["train_trial", "--output", "new"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("arguments")
    (root / "file").write_text("no result")
    (root / "folder").mkdir()
    fashion_mnist.prepare("sample", root / "sample")
    return root


@pytest.fixture
def refused(folder, monkeypatch, capsys):
    """Return a function that calls a script in ``folder`` and returns the message with which it ends."""
    monkeypatch.chdir(folder)
    # The scripts run in one process, in which TensorFlow has started already.
    monkeypatch.setattr(devices, "prepare", lambda *_, **__: 0.0)
    monkeypatch.setattr(devices, "limit_threads", lambda _: None)

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            importlib.import_module(script).main()
        message = caught.value.code
        if isinstance(message, int):
            assert message == 2
            message = capsys.readouterr().err
        assert re.search("error: .+", message)
        assert len(message) < 3_000
        return message

    return call


def path_options(script):
    """Return the options that ``new_parser`` makes of a script's required paths, as its source names them."""
    source = (SOURCE / "workflow" / "scripts" / f"{script}.py").read_text()
    (call,) = re.findall(r"new_parser\(\s*__doc__(.*?)\)", source, re.DOTALL)
    options = [name for name in INPUTS if f'"{name}"' in call]
    return options + re.findall(r"(\w+)=", call)


BAD_PATHS = ("folder", "file/below", "none/below", "", "a\0b", "x" * 5_000, "/proc/none/below")
# These create the folder of their output.
CREATED = {(name, "none/below") for name in ("plan_trials", "resolve_experiments", "plot_contact_sheets")}


@pytest.mark.parametrize(
    ("script", "bad"),
    [(s, bad) for s in SCRIPTS for bad in BAD_PATHS if (s, bad) not in CREATED | {("plot_contact_sheets", "folder")}],
)
def test_a_path_that_cannot_be_used_is_refused(refused, script, bad):
    arguments = [bad if argument == PATH else argument for argument in ARGUMENTS.get(script, [])]
    for option in path_options(script):
        arguments += [f"--{option.replace('_', '-')}", bad]
    if script == "render_report":
        arguments += ["--markdown", bad, "--html", bad, *(v for t in TABLES for v in (f"--{t.replace('_', '-')}", bad))]
    if script == "summarise":
        arguments += ["--summary", bad, "--comparisons", bad]
    message = refused(script, *arguments)
    assert not re.search("required|unrecognized", message), "the test must give every required argument"


@pytest.mark.parametrize("arguments", VALUES.values(), ids=[name.replace("\0", "NUL") for name in VALUES])
def test_a_value_of_nonsense_is_refused(refused, arguments):
    refused(*arguments)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_without_permission_is_refused(refused, folder):
    (folder / "closed").mkdir(mode=0o500)
    assert "closed" in refused("plan_trials", "--config-json", CONFIG, "--output", "closed/plan.json")


def test_a_setting_that_other_experiments_cannot_have_concerns_one_experiment(refused):
    # Other experiments have larger batches than the 51 images that are left to train on.
    settings = ["--set", "limit.train_images=64", "--set", "training.batch_size=32"]
    assert "none.json does not exist" in refused(*TRAIN, *settings)
    assert "exp104: training.batch_size: must be at most 51" in refused(*TRAIN, *settings[:2])


def save(path, shape, units, *, outputs=1):
    inputs = keras.Input(shape)
    flat = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(units)(flat) for _ in range(outputs)])
    model.save(path)


MODELS = {
    "other size": lambda path: save(path, (14, 14, 1), 10),
    "other channels": lambda path: save(path, (28, 28, 3), 10),
    "one dimension": lambda path: save(path, (784,), 10),
    "fewer classes": lambda path: save(path, (28, 28, 1), 3),
    "more classes": lambda path: save(path, (28, 28, 1), 42),
    "several outputs": lambda path: save(path, (28, 28, 1), 10, outputs=2),
    "empty": lambda path: path.write_bytes(b""),
    "no archive": lambda path: path.write_bytes(b"\x00\xff" * 100),
    "truncated": lambda path: (save(path, (28, 28, 1), 10), path.write_bytes(path.read_bytes()[:-100])),
    "empty archive": lambda path: zipfile.ZipFile(path, "w").close(),
    "without weights": lambda path: edit(path, "model.weights.h5", None),
    "damaged weights": lambda path: edit(path, "model.weights.h5", lambda data: data[:500]),
    "without a configuration": lambda path: edit(path, "config.json", None),
    "no configuration": lambda path: edit(path, "config.json", lambda _: b"[]"),
    "deep configuration": lambda path: edit(path, "config.json", lambda _: DEEP.encode()),
    "null configuration": lambda path: edit(path, "config.json", lambda _: b"null"),
    "unknown layer": lambda path: edit(path, "config.json", lambda data: data.replace(b"Dense", b"Dance")),
    "other weights": lambda path: edit(path, "config.json", lambda data: data.replace(b'"units": 10', b'"units": 9')),
}


def edit(path, name, change):
    """Save a valid model, and change the bytes of one member of its archive, or leave it out."""
    save(path, (28, 28, 1), 10)
    with zipfile.ZipFile(path) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in members.items():
            if entry != name or change is not None:
                archive.writestr(entry, change(data) if entry == name else data)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_damaged_or_unsuitable_model_is_refused_by_name(refused, folder, make):
    make(folder / "bad.keras")
    assert "bad.keras: " in refused("evaluate_model", "bad.keras", "--manifest", "sample/manifest.json")


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_trial_does_not_start_from_a_damaged_or_unsuitable_model(refused, folder, make):
    make(folder / "bad.keras")
    arguments = [*TRAIN[:-1], "sample/manifest.json", "--set", "model={class_name: mlp, config: {units: [8]}}"]
    assert "bad.keras" in refused(*arguments, "--set", "dataset=sample", "--initial-weights", "bad.keras")
    assert not (folder / "new" / "trial.json").exists()
