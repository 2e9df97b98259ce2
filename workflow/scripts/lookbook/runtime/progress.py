"""The console's view of a run: how many trials are done, running and left, and when the run will end.

Snakemake tells its log handlers what its jobs do; this one counts the trials among them.
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
    """Counts the training jobs of a run from Snakemake's events and says how far it is when one ends.

    Args:
        plan: returns the experiment of each training job that the run will do, by Snakemake's job number; asked
            once, when the run begins.
        write: takes a line.
        now: seconds, for tests.
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
        self._spent: dict[str, list[float]] = {}
        self._left: Counter[str] = Counter()
        self._done = self._failed = 0
        self._first = now()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event of Snakemake's; anything that is not about a training job passes by."""
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
        self._spent.setdefault(experiment, []).append(self._now() - self._started.pop(job))
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
        return f"{text}; training ends about {end:%H:%M on %d %B}"

    def seconds_left(self) -> float:
        """Return the expected seconds until the last trial ends.

        A trial is expected to take as long as those of its experiment that are done or, before the first is, as
        those of all experiments; trials go on being done as many at a time as so far.
        """
        every = [seconds for spent in self._spent.values() for seconds in spent]
        mean = sum(every) / len(every)
        expected = {name: sum(spent) / len(spent) for name, spent in self._spent.items()}
        work = sum(count * expected.get(name, mean) for name, count in self._left.items())
        elapsed = max(self._now() - self._first, 1e-9)
        under_way = sum(self._now() - started for started in self._started.values())
        at_a_time = max((sum(every) + under_way) / elapsed, 1.0)
        return max(work - under_way, 0.0) / at_a_time


def follow(workflow: Any) -> None:
    """Show the progress of this run on the console, if this process runs it and is not one of its jobs."""
    if not workflow.is_main_process:
        return

    def plan() -> dict[int, str]:
        jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name == RULE]
        return {workflow.dag.jobid(job): job.wildcards.experiment for job in jobs}

    progress = TrialProgress(plan, lambda line: print(line, file=sys.stderr, flush=True))
    logging.getLogger("snakemake.logging").addHandler(progress)
