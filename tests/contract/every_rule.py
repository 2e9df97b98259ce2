"""A benchmark that runs every rule, and how its results are compared between engines."""

import os
from pathlib import Path

import workspace
from workspace import Workspace

COMPARED = ("report/report.md", "report/report.html", "trials.csv", "summary.csv", "comparisons.csv", "ensembles.csv")
CLOCK = Path(__file__).parent / "frozen_clock"
STORAGE = ("--shared-fs-usage", "sources", "software-deployment", "source-cache", "persistence")

# What the tiny benchmark lacks: weights of another trial, a dataset of the competition with its submission and figures,
# and a network of the zoo, of which the best is shown.
MORE = """\
  continued:
    base: plain
    title: from the weights of another experiment
    trials: 1
    initial_weights: plain
  drawn:
    title: images of the competition's layout
    dataset: generated
    trials: 1
    limit: {train_images: 300}
    sampling: {per_class: 3, size: {minimum: 10, maximum: 800}, augment: resampled}
    model: {class_name: simpsons_cnn, config: {filters: [4, 8], dropout: []}}
    augmentation: [{class_name: RandomFlip, config: {mode: horizontal}}]
    training: {epochs: 1, batch_size: 20}
    figures: [confusion_matrix]
"""
ZOO = """\
document: zoo
defaults: {dataset: sample, trials: 1, limit: {train_images: 100, test_images: 50}}
experiments:
  network:
    title: a network of the zoo
    model: {class_name: mlp, config: {units: [8]}}
    training: {epochs: 2, batch_size: 50}
    figures: [learning_rate_range]
  compared:
    base: network
    title: another network
"""


def create(folder: Path) -> Workspace:
    """Return a workspace with the benchmark, before its first run."""
    work = workspace.create(folder, workspace.TINY + MORE)
    work.path("config/experiments/zoo.yaml").write_text(ZOO)
    files = f"[{workspace.EXPERIMENTS}, config/experiments/zoo.yaml]"
    work.replace("config/config.yaml", f"[{workspace.EXPERIMENTS}]", files)
    return work


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a run with stopped clocks, so that its results do not depend on time."""
    return os.environ | {"PYTHONPATH": str(CLOCK), "LOOKBOOK_COMMAND": "snakemake"} | more


def run(folder: Path, *options: str, **more: str) -> Workspace:
    """Create the workspace and run it; ``more`` is added to the environment."""
    work = create(folder)
    done = work.snakemake("--cores", "2", *options, environment=environment(**more))
    assert done.status == 0, done.output
    return work


def differing(one: Path, other: Path) -> list[str]:
    """Return the tables and reports that differ between two folders of results."""
    return [name for name in COMPARED if (one / name).read_bytes() != (other / name).read_bytes()]


def files_in(folder: Path) -> set[Path]:
    """Return the relative path of every file in a folder, without the links that keep the lines of earlier jobs."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".all"}
