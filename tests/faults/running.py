"""A benchmark of two trials that take long enough to be interrupted, and its running processes."""

import re
import subprocess
import time
from collections.abc import Callable

import psutil
import workspace
from workspace import Workspace

EPOCHS = 8
LONG = f"""\
document: long
experiments:
  long:
    title: many epochs
    dataset: sample
    trials: 2
    split: {{validation: 0.2}}
    limit: {{train_images: 1500, test_images: 50}}
    model: {{class_name: simpsons_cnn, config: {{filters: [4, 8], dropout: [0.2]}}}}
    training: {{epochs: {EPOCHS}, batch_size: 20}}
"""


def command(results: str, *arguments: str) -> list[str]:
    """Return the command that trains both trials side by side."""
    return workspace.command("--cores", "2", "--until", "train_trial", *arguments, "--config", f"results={results}")


def start(work: Workspace, results: str, *arguments: str) -> subprocess.Popen:
    """Start a run in a process group of its own, which its jobs belong to."""
    return subprocess.Popen(
        command(results, *arguments),
        cwd=work.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def jobs_of(process: subprocess.Popen) -> list[psutil.Process]:
    """Return the training processes of a run, without the shells that started them."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    return [child for child in children if _trains(child)]


def _trains(process: psutil.Process) -> bool:
    try:
        return any(part.endswith("train_trial.py") for part in process.cmdline()[:3])
    except psutil.Error:  # it has ended meanwhile
        return False


def log(work: Workspace, results: str, trial: int) -> str:
    """Return the log of all jobs of a trial."""
    file = work.path(f"{results}/logs/train_trial/long/{trial}.log")
    return file.read_text() if file.exists() else ""


def epochs(text: str) -> list[int]:
    """Return the numbers of the epochs in a log."""
    return [int(number) for number in re.findall(r"^epoch (\d+)/", text, re.MULTILINE)]


def wait_until(condition: Callable[[], object], process: subprocess.Popen | None = None) -> None:
    """Wait until a condition holds; a process must not end before."""
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit, "the condition does not become true"
        assert process is None or process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def wait_for_epoch(work: Workspace, results: str, epoch: int, process: subprocess.Popen) -> None:
    """Wait until both trials of a run have finished an epoch."""
    wait_until(lambda: all(epoch in epochs(log(work, results, trial)) for trial in (0, 1)), process)
