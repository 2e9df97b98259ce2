"""Benchmarks of a few trials, written through the modules that own the file formats."""

import base64
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from PIL import Image

from lookbook.config.digests import digest
from lookbook.datasets import arrays
from lookbook.files import write_bytes
from lookbook.results.benchmark import Benchmark, PlannedTrial, read_benchmark, write_benchmark
from lookbook.results.history import write_history
from lookbook.results.predictions import SplitOutputs, write_predictions
from lookbook.results.tables import identity_of, identity_of_trials, write_table
from lookbook.results.trial import read_trial, trial_identity, write_trial

CLASSES = ("ape", "bee", "cat")
SIDE = 6  # of an image, in pixels


def write_dataset(folder: Path) -> Path:
    """Write 30 training and 20 test images, and return the path of the manifest.

    Each image has one gray level: its row for test images, 100 more for training images.
    """
    parts = {}
    for split, count, offset in (("train", 30, 100), ("test", 20, 0)):
        levels = np.arange(offset, offset + count, dtype=np.uint8)
        parts[f"{split}_images"] = np.broadcast_to(levels[:, None, None, None], (count, SIDE, SIDE, 1)).copy()
        parts[f"{split}_labels"] = (np.arange(count) % len(CLASSES)).astype(np.uint8)
    arrays.write(folder, name="levels", classes=CLASSES, source="made up", **parts)
    return folder / "manifest.json"


@cache
def dataset_digest() -> str:
    """Return the digest of the dataset that ``write_dataset`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(write_dataset(Path(folder)).read_text())["digest"]


def outputs(
    labels: Sequence[int] = (0, 1, 2),
    predicted: Sequence[int] = (0, 1, 2),
    rows: Sequence[int] = (0, 1, 2),
    *,
    sure: float | Sequence[float] = 0.9,
    classes: int = len(CLASSES),
) -> SplitOutputs:
    """Return a network's outputs: ``sure`` is the probability of each predicted class, the others share the rest."""
    shares = np.broadcast_to(sure, len(labels))
    probabilities = np.repeat((1 - shares[:, None]) / (classes - 1), classes, axis=1)
    probabilities[np.arange(len(labels)), list(predicted)] = shares
    return SplitOutputs(np.log(probabilities), np.array(labels), np.array(rows))


def plan(
    folder: Path, trials: Mapping[str, int], each: Mapping[str, Mapping[str, Any]] | None = None, **entry: Any
) -> Benchmark:
    """Write experiments.json, by the number of trials and further keys of each experiment and of all; return it."""
    experiments = {
        name: {"trials": count, "trial_digests": [digest([name, trial]) for trial in range(count)]}
        | {**entry, **(each or {}).get(name, {})}
        for name, count in trials.items()
    }
    content = {
        "profile": {"comparable": True, "margin": {"accuracy": 0.01, "loss": 0.03}},
        "provenance": {},
        "experiments": experiments,
    }
    write_benchmark(folder / "experiments.json", content)
    return read_benchmark(folder / "experiments.json")


def finish(
    planned: PlannedTrial,
    *,
    status: str = "ok",
    history: Iterable[Mapping[str, Any]] = (),
    outputs: Mapping[str, SplitOutputs] | None = None,
    in_train: np.ndarray | None = None,
    dataset: str | None = None,
    **more: Any,
) -> None:
    """Write the four files of a trial.

    Args:
        history: its epochs.
        outputs: of its network by split.
        in_train: which validation images are trained on as well.
        dataset: digest of the dataset that it was trained on; None for that of ``write_dataset``.
        more: further keys of trial.json.
    """
    folder, dataset = planned.file("trial.json").parent, dataset or dataset_digest()
    write_history(folder / "history.csv", history)
    write_predictions(folder / "predictions.npz", outputs or {}, in_train)
    write_bytes(folder / "model.keras", b"a model")
    facts = {"experiment": planned.experiment, "trial": planned.trial, "status": status, **more}
    facts["digests"] = {"trial_spec": planned.spec_digest, "dataset": dataset}
    write_trial(folder, facts | {"identity": trial_identity(planned.spec_digest, dataset)})


def identity(benchmark: Benchmark, names: Sequence[str] | None = None) -> str:
    """Return the identity of what is made from the named experiments, or from all."""
    names = list(benchmark.experiments) if names is None else names
    return identity_of_trials(map(read_trial, benchmark.trials(names)), names)


def write_tables(benchmark: Benchmark, summary: Mapping[str, Sequence[Any]]) -> tuple[Path, Path]:
    """Write the columns of trials.csv that state identities, and summary.csv with these columns; return both paths."""
    trials = [read_trial(planned).facts for planned in benchmark.trials()]
    table = pd.DataFrame(trials, columns=["experiment", "trial", "identity"])
    table["dataset_digest"] = [trial["digests"]["dataset"] for trial in trials]
    identities = [identity_of(table, [name]) for name in benchmark.experiments]
    paths = benchmark.results / "trials.csv", benchmark.results / "summary.csv"
    write_table(table, paths[0])
    write_table(pd.DataFrame({"experiment": list(benchmark.experiments), **summary, "identity": identities}), paths[1])
    return paths


def run(script: ModuleType, **options: Any) -> None:
    """Run a script with options such as ``output=path``."""
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with patch.object(sys, "argv", [script.__name__, *arguments]):
        script.main()


def texts(figure: str) -> list[str]:
    """Return the texts of an SVG document in their order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def picture(figure: str) -> np.ndarray:
    """Return the one PNG that is embedded in an SVG document as RGBA."""
    (encoded,) = re.findall(r"data:image/png;base64,([^\"]*)", figure)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA"))
