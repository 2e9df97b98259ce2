"""Where the time of a trial goes, and the line that its log gets after each epoch."""

import time
from datetime import datetime, timedelta

import numpy as np

from lookbook.training.fit import FitResult


class Phases:
    """Seconds of wall-clock and CPU time by phase; each phase lasts from the end of the previous one.

    Args:
        started: ``time.perf_counter()`` at the start of the first phase; None is now.

    Attributes:
        seconds: wall-clock time by phase.
        cpu_seconds: CPU time by phase, of all threads; that of the first phase includes the process's start.
        last: the phase of this process that ended last; None before the first.
    """

    def __init__(self, started: float | None) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self.last: str | None = None
        self._last = time.perf_counter() if started is None else started
        self._last_cpu = 0.0

    @property
    def spent(self) -> dict[str, dict[str, float]]:
        """Both times by phase, as JSON values."""
        return {"seconds": dict(self.seconds), "cpu_seconds": dict(self.cpu_seconds)}

    def add(self, spent: dict[str, dict[str, float]]) -> None:
        """Add the times of an earlier process."""
        for times, earlier in ((self.seconds, spent["seconds"]), (self.cpu_seconds, spent["cpu_seconds"])):
            for name, seconds in earlier.items():
                times[name] = round(times.get(name, 0.0) + seconds, 4)

    def end(self, name: str) -> None:
        """Add the time since the end of the previous phase to a phase."""
        now, cpu = time.perf_counter(), time.process_time()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + now - self._last, 4)
        self.cpu_seconds[name] = round(self.cpu_seconds.get(name, 0.0) + cpu - self._last_cpu, 4)
        self.last, self._last, self._last_cpu = name, now, cpu


def epoch_line(result: FitResult, epochs: int, images: int, phases: Phases) -> str:
    """Return the log line of the last epoch: losses, speed and the expected end, early stopping not considered.

    Args:
        result: the training so far.
        epochs: number of epochs of the whole training.
        images: images per epoch.
        phases: the times of the trial, from which the share of validation and checkpoints is estimated.
    """
    row, mean = result.history[-1], float(np.mean([row["seconds"] for row in result.history]))
    spent = sum(phases.seconds.get(phase, 0) for phase in ("train", "validate", "checkpoint"))
    trained = phases.seconds.get("train") or row["seconds"]
    left = (epochs - len(result.history)) * mean * spent / max(trained, 1e-9)
    end = datetime.now().astimezone() + timedelta(seconds=left)
    text = f"epoch {row['epoch']}/{epochs}  loss {row['train_loss']:.4f}  accuracy {row['train_accuracy']:.4f}"
    if "valid_loss" in row:
        text += f"  validation loss {row['valid_loss']:.4f}  validation accuracy {row['valid_accuracy']:.4f}"
    rate = images / max(row["seconds"], 1e-9)
    return f"{text}  {row['seconds']:.1f} s  {rate:,.0f} images/s  expected end {end:%H:%M:%S}"
