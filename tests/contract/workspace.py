"""A copy of the sources with a tiny benchmark, in which Snakemake runs."""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

SOURCE = Path(__file__).parents[2]
PARTS = ("Snakefile", "CITATION.cff", "rules", "workflow", "config", "reports", "envs", "profiles")
EXPERIMENTS = "config/experiments/tiny.yaml"

# `heir` inherits some changes of `plain` and overrides others. The last two experiments fail by design.
TINY = """\
document: tiny
defaults:
  dataset: sample
  trials: 5
  split: {validation: 0.2}
  limit: {train_images: 200, test_images: 50}
experiments:
  plain:
    title: a perceptron
    note: The smallest network that learns.
    model: {class_name: mlp, config: {units: [8]}}
    training: {epochs: 2, batch_size: 20}
    optimizer: {class_name: SGD, config: {learning_rate: 0.01, momentum: 0.5}}
  heir:
    base: plain
    title: faster
    optimizer: {class_name: SGD, config: {learning_rate: 0.02}}
  convolution:
    title: a network of another family
    model: {class_name: sigmoid_width, config: {filters: [2, 2]}}
    training: {epochs: 1, batch_size: 50}
  diverges:
    base: plain
    title: too fast
    trials: 1
    optimizer: {class_name: SGD, config: {learning_rate: 1.0e+30}}
  unvalidated:
    title: no image to validate on, which is known once images are selected
    trials: 1
    split: {validation: 0.001}
    sampling: {per_class: 20}
    model: {class_name: mlp, config: {units: [8]}}
    training: {epochs: 1, batch_size: 20, early_stopping: {patience: 1}}
"""
PUBLISHED = """\
document,experiment,split,metric,epoch,mean,std,min,max,trials,note
tiny,plain,test,accuracy,,0.123,0.01,0.1,0.2,5,
"""
CONFIG = f"""\
experiment_files: [{EXPERIMENTS}]
profile: {{name: tiny, comparable: false, trials: 2}}
"""


@dataclass(frozen=True)
class Run:
    """The result of a call of Snakemake: exit status, output and CPU seconds."""

    status: int
    output: str
    cpu_seconds: float


@dataclass(frozen=True)
class Plan:
    """The jobs of a dry run, its output and its CPU seconds."""

    output: str
    cpu_seconds: float
    jobs: Counter = field(default_factory=Counter)
    trained: frozenset[tuple[str, int]] = frozenset()

    @property
    def is_empty(self) -> bool:
        return "Nothing to be done" in self.output and not self.jobs

    @property
    def experiments(self) -> set[str]:
        """The experiments with a trial to train."""
        return {experiment for experiment, _ in self.trained}


@dataclass(frozen=True)
class Workspace:
    """A folder in which Snakemake runs."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def snakemake(self, *arguments: str, environment: dict[str, str] | None = None, timeout: float | None = 850) -> Run:
        """Run Snakemake and return its result, whether it succeeds or not; at most ``timeout`` seconds."""
        before = _cpu_seconds()
        done = subprocess.run(
            command(*arguments),
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout, _cpu_seconds() - before)

    def run(self, *arguments: str) -> str:
        """Run Snakemake on two cores and return its output; it must succeed."""
        done = self.snakemake("--cores", "2", *arguments)
        assert done.status == 0, done.output
        return done.output

    def plan(self, *arguments: str) -> Plan:
        """Return the jobs that Snakemake would run."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.status == 0, done.output
        jobs, trained = Counter(), set()
        for block in re.split(r"\n(?=(?:local)?rule )", done.output)[1:]:
            rule = re.match(r"(?:local)?rule (\w+):", block)[1]
            jobs[rule] += 1
            if rule == "train_trial":
                wildcards = re.search(r"wildcards: experiment=(\w+), trial=(\d+)", block)
                trained.add((wildcards[1], int(wildcards[2])))
        return Plan(done.output, done.cpu_seconds, jobs, frozenset(trained))

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text that occurs exactly once in a file."""
        content = self.path(name).read_text()
        assert content.count(old) == 1, f"{name} has {old!r} {content.count(old)} times"
        self.path(name).write_text(content.replace(old, new))

    def set(self, experiment: str, **keys) -> None:
        """Set keys of an experiment; mappings are merged."""
        content = yaml.safe_load(self.path(EXPERIMENTS).read_text())
        content["experiments"][experiment] = _merged(content["experiments"].get(experiment, {}), keys)
        self.path(EXPERIMENTS).write_text(yaml.safe_dump(content, sort_keys=False))

    def source_files(self) -> list[Path]:
        """Return every file that was copied from the repository."""
        found = [self.path(part) for part in PARTS]
        found += [file for part in PARTS for file in self.path(part).rglob("*")]
        return [file for file in found if file.is_file() and "__pycache__" not in file.parts]


def create(folder: Path, experiments: str = TINY, config: str = CONFIG) -> Workspace:
    """Copy the sources into a folder and write a benchmark there."""
    copy_source(folder)
    (folder / "config" / "config.yaml").write_text(config)
    (folder / "config" / "published.csv").write_text(PUBLISHED)
    (folder / EXPERIMENTS).write_text(experiments)
    return Workspace(folder)


def copy_source(folder: Path) -> Workspace:
    """Copy the sources, without environment, data and results."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = SOURCE / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / part)
    return Workspace(folder)


def command(*arguments: str) -> list[str]:
    """Return the command that runs Snakemake under this Python."""
    return [sys.executable, "-m", "snakemake", *arguments]


def environment_without(folder: Path) -> dict[str, str]:
    """Return this process's environment with a folder taken from PATH, and no virtual environment activated."""
    kept = [part for part in os.environ["PATH"].split(os.pathsep) if Path(part).resolve() != folder.resolve()]
    return {**os.environ, "PATH": os.pathsep.join(kept), "VIRTUAL_ENV": ""}


def _merged(below, above: dict):
    if not isinstance(below, dict):
        return above
    return below | {k: _merged(below.get(k), v) if isinstance(v, dict) else v for k, v in above.items()}


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
