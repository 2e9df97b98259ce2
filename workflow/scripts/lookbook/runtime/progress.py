"""Progress of a run on the console: how many trials are done, running and left, and the expected end.

A logging handler counts the training jobs among Snakemake's events. It is not a logger plugin of Snakemake
(``--logger``), because Snakemake looks for plugins among the installed packages before it reads the Snakefile, and
Lookbook is not an installed package.
"""

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

RULE = "train_trial"


class TrialProgress(logging.Handler):
    """Counts the training jobs of a run and writes a line whenever one ends.

    Args:
        plan: returns the experiment of each training job by Snakemake's job number; called once, when the run starts.
        write: receives each line.
        now: clock in seconds, replaced in tests.
        is_retried: returns whether Snakemake starts a job again that has just failed.
        started: what started jobs are doing. A cluster's jobs are only known to be ``submitted``: Snakemake gets no
            message when one leaves the queue.
        notes: returns lines about a job that has ended.
    """

    def __init__(
        self,
        plan: Callable[[], Mapping[int, str]],
        write: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
        is_retried: Callable[[int], bool] = lambda job: False,
        started: Callable[[], str] = lambda: "running",
        notes: Callable[[int], Iterable[str]] = lambda job: (),
    ) -> None:
        super().__init__()
        self._notes = notes
        self._plan, self._write, self._now, self._is_retried, self._state = plan, write, now, is_retried, started
        self._experiment: Mapping[int, str] = {}
        self._started: dict[int, float] = {}
        self._durations: dict[str, list[float]] = {}
        self._left: Counter[str] = Counter()
        self._done = self._failed = 0
        self._first = now()

    def emit(self, record: logging.LogRecord) -> None:
        """Process one event of Snakemake; events that concern no training job are ignored."""
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self._experiment = self._plan()
            self._left = Counter(self._experiment.values())
        elif event == LogEvent.JOB_STARTED:
            now = self._now()
            self._started |= {job: now for job in record.jobs if job in self._experiment}  # type: ignore[attr-defined]
        elif event == LogEvent.JOB_FINISHED:
            self._end(record.job_id, failed=False)  # type: ignore[attr-defined]
        elif event == LogEvent.JOB_ERROR:
            self._end(record.jobid, failed=True)  # type: ignore[attr-defined]

    def _end(self, job: int, failed: bool) -> None:
        if job not in self._started:
            return
        if failed and self._is_retried(job):
            del self._started[job]
            return
        experiment = self._experiment[job]
        self._durations.setdefault(experiment, []).append(self._now() - self._started.pop(job))
        self._left[experiment] -= 1
        self._failed += failed
        self._done += not failed
        for note in self._notes(job):
            self._write(note)
        self._write(self.line())

    def line(self) -> str:
        """Return the progress in one line."""
        running = len(self._started)
        left = max(sum(self._left.values()) - running, 0)
        text = f"trials: {self._done} done, {running} {self._state()}, {left} left"
        text += f", {self._failed} failed" if self._failed else ""
        if not running + left:
            return text
        end = datetime.now().astimezone() + timedelta(seconds=self.seconds_left())
        return f"{text}; expected end of training {end:%H:%M on %d %B}"

    def seconds_left(self) -> float:
        """Return the expected seconds until the last trial ends.

        The expected duration of a trial is the mean of the finished trials of its experiment or, without any, of all
        finished trials. The expected number of trials that run at a time is the average so far.
        """
        every = [seconds for durations in self._durations.values() for seconds in durations]
        mean = sum(every) / len(every)
        expected = {name: sum(durations) / len(durations) for name, durations in self._durations.items()}
        work = sum(count * expected.get(name, mean) for name, count in self._left.items())
        elapsed = max(self._now() - self._first, 1e-9)
        running = sum(self._now() - started for started in self._started.values())
        at_a_time = max((sum(every) + running) / elapsed, 1.0)
        return max(work - running, 0.0) / at_a_time


def follow(workflow: Any) -> None:
    """Write the progress of a run to standard error.

    Args:
        workflow: Snakemake's workflow, in the process that schedules the jobs.
    """

    jobs: dict[int, Any] = {}

    def plan() -> dict[int, str]:
        jobs.update({workflow.dag.jobid(job): job for job in workflow.dag.needrun_jobs() if job.rule.name == RULE})
        return {number: job.wildcards.experiment for number, job in jobs.items()}

    def is_retried(number: int) -> bool:
        return jobs[number].attempt <= jobs[number].restart_times  # attempts count from one

    def notes(number: int) -> Iterator[str]:
        name = f"{jobs[number].wildcards.experiment}/{jobs[number].wildcards.trial}"
        # Without a shared file system the file may be elsewhere.
        with suppress(OSError, ValueError, AttributeError):
            if json.loads(Path(str(jobs[number].output.trial)).read_text()).get("gpu_missing"):
                yield f"{name}: a GPU was requested, but there is none; trained on the CPU"

    progress = TrialProgress(
        plan,
        print_line,
        notes=notes,
        is_retried=is_retried,
        started=lambda: "running" if workflow.local_exec else "submitted",
    )
    logging.getLogger("snakemake.logging").addHandler(progress)


def print_line(line: str) -> None:
    """Write a line to standard error at once."""
    print(line, file=sys.stderr, flush=True)
