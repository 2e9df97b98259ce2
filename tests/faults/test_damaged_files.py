"""A damaged file is refused by every reader: which file, what is wrong, and the command that makes it anew."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import small_benchmark as small

from lookbook.datasets import arrays, fashion_mnist
from lookbook.datasets.idx import write_idx
from lookbook.errors import DatasetError, ResultError
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import read_best_network, read_figure, write_best_network, write_figure
from lookbook.results.history import read_history
from lookbook.results.metrics import read_metrics, write_metrics
from lookbook.results.predictions import read_predictions
from lookbook.results.submissions import read_submission, write_submission
from lookbook.results.tables import read_derived, read_table, read_trials, write_table
from lookbook.results.trial import read_trial
from lookbook.runtime import checkpoints
from lookbook.statistics.trials import collect_trials
from lookbook.training.fit import FitResult

HISTORY = [{"epoch": 1, "step": 5, "learning_rate": 0.1, "seconds": 1.5, "train_loss": 0.1, "train_accuracy": 0.5}]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of a benchmark of one trial, all intact."""
    root = tmp_path_factory.mktemp("whole")
    benchmark = small.plan(root, {"mine": 1}, base=None, dataset="small", spec={})
    shutil.copy(root / "experiments.json", root / "plan.json")
    (planned,) = benchmark.trials()
    small.finish(planned, history=HISTORY, outputs={"test": small.outputs()}, seed=0, versions={"keras": "3"})
    trial = read_trial(planned)
    write_metrics(planned.file("metrics.json"), trial, {"test": {"accuracy": 0.5, "loss": 1.0}})
    write_table(collect_trials(benchmark), root / "trials.csv")
    identity = small.identity(benchmark)
    table = pd.DataFrame({"experiment": ["mine"], "n": [1], "test_accuracy_mean": [0.5], "identity": [identity]})
    for name in ("summary", "comparisons", "epochs", "claims", "ensembles", "factorials"):
        write_table(table, root / f"{name}.csv")
    write_submission(root / "mine.csv", {"a.jpg": "homer"}, identity=identity)
    write_best_network(root / "best_network.json", "mine", identity)
    write_figure(root / "curves.svg", f"<svg ><g>{'<path/>' * 50}</g></svg>", identity)
    small.write_dataset(root / "data")
    checkpoints.save(root / "checkpoint.npz", "identity", [], FitResult(None, None))
    return root, identity


def read_all(root, identity):
    """Read every file of the benchmark, each with the readers of the scripts that open it."""
    benchmark = read_benchmark(root / "experiments.json")
    (planned,) = read_benchmark(root / "plan.json").trials()
    trial = read_trial(planned)
    trial.file("model.keras")
    read_history(trial.file("history.csv"))
    read_predictions(trial)
    read_metrics(planned.file("metrics.json"), trial)
    collect_trials(benchmark)
    trials = read_trials(root / "trials.csv", benchmark)
    for name in ("summary", "comparisons", "epochs", "claims", "ensembles", "factorials"):
        read_derived(root / f"{name}.csv", trials)
        read_table(root / f"{name}.csv")
    read_submission(root / "mine.csv", identity)
    read_best_network(root / "best_network.json", identity)
    read_figure(root / "curves.svg", identity)
    arrays.load(root / "data" / "manifest.json", verify=True)


FOLDER = "trials/mine/0"
RESULTS = (
    *("experiments.json", "plan.json", "mine.json", "best_network.json"),
    *(f"{FOLDER}/{name}" for name in ("trial.json", "metrics.json", "history.csv", "predictions.npz", "model.keras")),
    *(
        f"{name}.csv"
        for name in ("trials", "summary", "comparisons", "epochs", "claims", "ensembles", "factorials", "mine")
    ),
    "curves.svg",
)
DATA = ("data/manifest.json", "data/train_images.npy")


def replaced(content):
    return lambda path: path.write_bytes(content)


def changed(change):
    return lambda path: path.write_bytes(change(path.read_bytes()))


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_link_to_itself(path):
    path.unlink()
    path.symlink_to(path.name)


DAMAGES = {
    "missing": lambda path: path.unlink(),
    "a folder": a_folder,
    "a link to itself": a_link_to_itself,
    "empty": replaced(b""),
    "half": changed(lambda data: data[: len(data) // 2]),
    "a byte": replaced(b"{"),
    "NUL bytes": changed(lambda data: bytes(len(data))),
    "a NUL byte at the start": changed(lambda data: b"\0" + data),
    "a NUL byte in the middle": changed(lambda data: data[: len(data) // 2] + b"\0" + data[len(data) // 2 :]),
    "invalid UTF-8": changed(lambda data: b"\xff\xfe" + data),
    "invalid UTF-8 only": replaced(b"\xff" * 1000),
    "a page": replaced(b"<!DOCTYPE html><title>404</title>"),
    "null": replaced(b"null"),
    "a list": replaced(b"[]"),
    "an object": replaced(b"{}"),
    "a text": replaced(b'"text"'),
    "NaN": replaced(b"NaN"),
    "an integer of 5,000 digits": replaced(b"9" * 5_000),
    "an object with such an integer": replaced(b'{"identity": ' + b"9" * 5_000 + b"}"),
    "deep nesting": replaced(b'{"identity":' * 100_000),
    "deep lists": replaced(b"[" * 100_000 + b"]" * 100_000),
    "a gzip header": replaced(b"\x1f\x8b\x08" + b"\0" * 20),
    "a zip header": replaced(b"PK\x03\x04" + b"\0" * 40),
    "a NumPy header": replaced(b"\x93NUMPY\x01\x00\xff\xff{'descr': 'O', 'fortran_order': False, 'shape': (9,)}"),
    "a pickle": replaced(b"\x80\x04cos\nsystem\n(S'true'\ntR."),
    "one long line": replaced(b"a," * 200_000),
    "quotation marks": replaced(b'"' * 1001),
}


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock"))
    return tmp_path


def refusal(error, copy, identity, name):
    """Return the message with which a damaged file is refused."""
    with pytest.raises(error) as caught:
        read_all(copy, identity)
    message = str(caught.value)
    # The files of a submission and of a dataset describe each other, so either can be named.
    assert any(part in message for part in (name, str((copy / name).with_suffix(".json")), "manifest.json"))
    assert re.search("snakemake --cores 1|prepare the dataset|give the path of its manifest", message)
    assert len(message) < 1_000
    assert message.isprintable()


def test_intact_files_are_read(whole):
    read_all(*whole)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", [*RESULTS, *DATA])
def test_a_damaged_file_is_refused_with_its_name_and_a_command(whole, copy, name, damage):
    damage(copy / name)
    refusal(DatasetError if name in DATA else ResultError, copy, whole[1], name)


WRONG = (None, "9" * 5_000, {"a": []})
JSON_FILES = [name for name in (*RESULTS, *DATA) if name.endswith(".json")]


@pytest.mark.parametrize("name", JSON_FILES)
def test_a_wrong_value_or_a_missing_key_of_a_json_file_is_refused_or_has_no_effect(whole, copy, name):
    path, error = copy / name, DatasetError if name in DATA else ResultError
    content = json.loads(path.read_text())
    for key in content:
        for wrong in WRONG:
            if wrong == content[key]:
                continue
            path.write_text(json.dumps(content | {key: wrong}))
            if name in DATA and key in ("name", "source"):
                continue  # texts that nothing is computed from
            refusal(error, copy, whole[1], name)
        path.write_text(json.dumps({other: value for other, value in content.items() if other != key}))
        refusal(error, copy, whole[1], name)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((30, 6, 6, 1), np.float32),
        np.zeros((29, 6, 6, 1), np.uint8),
        np.zeros((30, 6, 6), np.uint8),
        np.zeros((), np.uint8),
        np.array([{}], dtype=object),
        np.ones((30, 6, 6, 1), np.uint8),
    ],
    ids=["float32", "too few", "three dimensions", "no dimension", "objects", "other values"],
)
def test_an_array_of_another_type_shape_or_content_is_refused(whole, copy, array):
    np.save(copy / "data" / "train_images.npy", array, allow_pickle=True)
    refusal(DatasetError, copy, whole[1], "train_images.npy")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_does_not_count(copy, damage):
    path = copy / "checkpoint.npz"
    assert checkpoints.load(path, "identity", [], FitResult(None, None))
    damage(path)
    assert not checkpoints.load(path, "identity", [], FitResult(None, None))


def idx(images=3, labels=(0, 1, 2)):
    """Return a function that writes four idx files with some images and labels."""

    def write(folder):
        for key, file in fashion_mnist.FILES.items():
            values = np.zeros((images, 28, 28), np.uint8) if key.endswith("images") else np.array(labels, np.uint8)
            write_idx(folder / file.name, values)

    return write


def other_shape(folder):
    idx()(folder)
    write_idx(folder / "train-images-idx3-ubyte.gz", np.zeros((30, 6, 6), np.uint8))


def swapped(folder):
    idx()(folder)
    (folder / "train-labels-idx1-ubyte.gz").rename(folder / "train-images-idx3-ubyte.gz")
    shutil.copy(folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz")


@pytest.mark.parametrize(
    "write",
    [idx(images=2), idx(labels=(0, 1, 10)), idx(labels=(0, 1, 255)), idx(images=0, labels=()), other_shape, swapped],
    ids=["too few images", "label 10", "label 255", "no images", "another shape", "labels in place of images"],
)
def test_idx_files_that_do_not_fit_together_are_refused_by_name(tmp_path, write):
    write(tmp_path)
    with pytest.raises(DatasetError, match="idx"):
        fashion_mnist.prepare("sample", tmp_path / "out", [tmp_path])
    assert not (tmp_path / "out" / "manifest.json").exists()
