"""The table of the README's commands, and what is expected of each row."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import workspace
from workspace import Workspace

from lookbook.datasets import fashion_mnist

_TABLE = re.search(
    r"^\| task \| command \|\n\|---\|---\|\n((?:\|.*\n)+)",
    (workspace.SOURCE / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)[1]
CELLS = dict(line.removeprefix("| ").removesuffix(" |").split(" | ", 1) for line in _TABLE.splitlines())
# Code that starts otherwise is a file or a key.
_COMMAND = re.compile(r"(make|snakemake|docker|\.venv/bin/\w+) |benchmarks/")


def commands(cell: str) -> list[str]:
    """Return the commands of a row. An option in a remark is a further command: the one before it with the option."""
    lines: list[str] = []
    for code in re.findall(r"`([^`]+)`", cell):
        if code.startswith("-"):
            lines.append(f"{lines[-1]} {code}")
        elif _COMMAND.match(code):
            lines.append(code)
    return lines


@dataclass(frozen=True)
class Row:
    """What is expected of a row.

    Attributes:
        says: a regular expression that matches in what the commands print.
        makes: a file that exists afterwards.
        before: changes the folder first, as the task of the row implies.
        reason: why none of the commands is run; empty if they are.
        skipped: the end of a command that is not run, since another test runs it.
    """

    says: str = ""
    makes: str = ""
    before: Callable[[Workspace], object] = lambda work: None
    reason: str = ""
    skipped: str | None = None

    def commands(self, cell: str) -> list[str]:
        """Return the commands of the row that are run."""
        lines = commands(cell)
        return [line for line in lines if self.skipped is None or not line.endswith(self.skipped)]


def copy(source: str, target: str) -> Callable[[Workspace], object]:
    """Return a function that copies a folder of the workspace to another place."""
    return lambda work: shutil.copytree(work.path(source), work.path(target), dirs_exist_ok=True)


ROWS = {
    "check the configuration without training": Row(says=r"\d+ experiments can be built"),
    "list the jobs that would run": Row(says="This was a dry-run"),
    # Of two experiments and two trials, the quick benchmark has finished all, and the full one none.
    "see trials, time and disk of a run beforehand": Row(says=r"(?s)^all +2 +2 +2 .*^all +2 +2 +0 "),
    # tests/contract/test_partial_report.py runs the other command while a run goes on.
    "see a report while a run goes on": Row(
        says="The report: .*/results/quick-partial/report/report.html",
        makes="results/quick-partial/report/report.html",
        skipped="render_partial.py --experiments results/experiments.json",
    ),
    "list the targets of the Makefile": Row(says="report +the quick benchmark"),
    # Trials of the same identity are not trained again, which saves the time of this test.
    "run some of the experiments": Row(
        makes="results/quick-exp103-exp104/report/report.html",
        before=copy("results/quick/trials", "results/quick-exp103-exp104/trials"),
    ),
    "change or add an experiment": Row(reason="it is a link"),
    "add a network, augmentation, metric, dataset or figure": Row(reason="it is a link"),
    # The second command is for a run of the full benchmark, which has the same files in another folder.
    "train the trials without results again": Row(
        says=r"(?s)0 trials without results.*Nothing to be done.*0 trials without results",
        before=copy("results/quick", "results"),
    ),
    "describe an experiment: title, published values, origin of its settings": Row(says=r"(?s)\"published\".*Conv2D"),
    "prepare Fashion-MNIST": Row(
        makes="resources/datasets/fashion_mnist/manifest.json",
        reason="" if fashion_mnist.PACKAGE_FOLDER.is_dir() else "it downloads; dataset-fashion-mnist is not installed",
    ),
    "train one model": Row(
        says=r"(?s)preparing sample in resources/datasets/sample.*^test accuracy 0\.\d+: my/exp104/model\.keras$",
        makes="my/exp104/model.keras",
        before=lambda work: shutil.rmtree(work.path("resources/datasets/sample")),
    ),
    "train it further": Row(says=r"^test accuracy 0\.\d+: my/longer/model\.keras$", makes="my/longer/model.keras"),
    "train on four augmented copies of each image": Row(
        says=r"^test accuracy 0\.\d+: my/copies/model\.keras$", makes="my/copies/model.keras"
    ),
    "evaluate it, also by class": Row(says=r'(?s)^accuracy +0\.\d+$.*^T-shirt/top.*"split": "test"'),
    "compare two experiments of a run": Row(says=r"(?s)^test_accuracy .*Changed from exp104 to exp103:"),
    "compare two runs": Row(says=r"(?s)exp103.*exp104", before=copy("results/quick", "other/results/quick")),
    "look at the results in a notebook": Row(reason="it is a link; a test executes the cells of the notebook"),
    "submit to the Kaggle competition": Row(reason="it is a file; tests/unit/test_submissions.py writes it"),
    "measure the speed of this machine": Row(
        reason="it takes an hour of an idle machine; tests/unit/test_benchmarks.py runs its parts"
    ),
    "share a run as one archive": Row(makes="report.zip"),
    "train the recipe for one GPU that aims at the highest accuracy": Row(
        reason="it needs a GPU; tests/unit/test_experiment_table.py trains a step of its network"
    ),
    "run on a cluster": Row(reason="it needs SLURM; tests/engines/test_slurm.py runs the profile"),
    "run on Kubernetes with an object store": Row(
        reason="it needs a cluster; tests/engines/test_kubernetes.py runs the profile"
    ),
    "run in a container": Row(reason="it needs a container engine; tests/unit/test_dockerfile.py checks the file"),
    "use conda environments": Row(reason="it needs conda; tests/unit/test_repository.py checks the environments"),
}
