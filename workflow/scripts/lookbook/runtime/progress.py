"""Progress of a run on the console: how many trials are done, running and left, and the expected end.

A logging handler counts the training jobs among Snakemake's events. It is not a logger plugin of Snakemake
(``--logger``), because Snakemake looks for plugins among the installed packages before it reads the Snakefile, and
Lookbook is not an installed package.
"""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

RULE = "train_trial"


class TrialProgress(logging.Handler):
    """Counts the training jobs of a run and writes a line whenever one ends.

    Args:
        plan: returns the experiment of each training job by Snakemake's job number; called once, when the run starts.
        write: receives each line.
        now: clock in seconds, replaced in tests.
    """

    def __init__(
        self,
        plan: Callable[[], Mapping[int, str]],
        write: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._plan, self._write, self._now = plan, write, now
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
        experiment = self._experiment[job]
        self._durations.setdefault(experiment, []).append(self._now() - self._started.pop(job))
        self._left[experiment] -= 1
        self._failed += failed
        self._done += not failed
        self._write(self.line())

    def line(self) -> str:
        """Return the progress in one line."""
        running = len(self._started)
        left = max(sum(self._left.values()) - running, 0)
        text = f"trials: {self._done} done, {running} running, {left} left"
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

    def plan() -> dict[int, str]:
        jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == RULE]
        return {workflow.dag.jobid(job): job.wildcards.experiment for job in jobs}

    progress = TrialProgress(plan, lambda line: print(line, file=sys.stderr, flush=True))
    logging.getLogger("snakemake.logging").addHandler(progress)
