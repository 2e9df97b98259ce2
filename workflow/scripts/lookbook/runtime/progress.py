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
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from lookbook.results.trial import FINISHED
from lookbook.runtime.console import failures, quiet

RULE = "train_trial"
OTHER_SECONDS = 4.0  # of a job that is no training, before one of its rule has ended


class TrialProgress(logging.Handler):
    """Counts the training jobs of a run and writes a line whenever one ends.

    Args:
        plan: returns the experiment of each training job by Snakemake's job number; called once, when the run starts.
        write: receives each line.
        now: clock in seconds, replaced in tests.
        is_retried: returns whether Snakemake starts a job again that has just failed.
        started: what started jobs are doing. A cluster's jobs are only known to be ``submitted``: Snakemake gets no
            message when one leaves the queue.
        describe: returns what a job that has ended did in one line, "" if unknown, and whether it left no results; it
            gets the job's number and whether the job itself failed.

    Attributes:
        failures: the lines of the trials without results.
        others: the rule of each other job of the run, by Snakemake's job number.
    """

    def __init__(
        self,
        plan: Callable[[], Mapping[int, str]],
        write: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
        is_retried: Callable[[int], bool] = lambda job: False,
        started: Callable[[], str] = lambda: "running",
        describe: Callable[[int, bool], tuple[str, bool]] = lambda job, failed: ("", False),
    ) -> None:
        super().__init__()
        self._describe, self.failures = describe, list[str]()
        self._plan, self._write, self._now, self._is_retried, self._state = plan, write, now, is_retried, started
        self._experiment: Mapping[int, str] = {}
        self.others: Mapping[int, str] = {}
        self._started: dict[int, float] = {}
        self._durations: dict[str, list[float]] = {}
        self._left: Counter[str] = Counter()
        self._others_left: Counter[str] = Counter()
        self._other_started: dict[int, float] = {}
        self._other_durations: dict[str, list[float]] = {}
        self._done = self._failed = 0
        self._first = now()

    def emit(self, record: logging.LogRecord) -> None:
        """Process one event of Snakemake; events that concern no training job are ignored."""
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self._experiment = self._plan()
            self._left = Counter(self._experiment.values())
            self._others_left = Counter(self.others.values())
        elif event == LogEvent.JOB_STARTED:
            now = self._now()
            jobs = record.jobs  # type: ignore[attr-defined]
            self._started |= {job: now for job in jobs if job in self._experiment}
            self._other_started |= {job: now for job in jobs if job in self.others}
        elif event == LogEvent.JOB_FINISHED:
            self._end(record.job_id, failed=False)  # type: ignore[attr-defined]
        elif event == LogEvent.JOB_ERROR:
            self._end(record.jobid, failed=True)  # type: ignore[attr-defined]

    def _end(self, job: int, failed: bool) -> None:
        if job in self._other_started:
            rule = self.others[job]
            self._other_durations.setdefault(rule, []).append(self._now() - self._other_started.pop(job))
            self._others_left[rule] -= 1
        if job not in self._started:
            return
        if failed and self._is_retried(job):
            del self._started[job]
            return
        experiment = self._experiment[job]
        self._durations.setdefault(experiment, []).append(self._now() - self._started.pop(job))
        self._left[experiment] -= 1
        text, is_without_results = self._describe(job, failed)
        failed = failed or is_without_results
        self._failed += failed
        self._done += not failed
        if failed and text:
            self.failures.append(text)
            self._write(text)
        self._write(f"{text}  [{self.line()}]" if text and not failed else self.line())

    def line(self) -> str:
        """Return the progress in one line."""
        running = len(self._started)
        left = max(sum(self._left.values()) - running, 0)
        text = f"trials: {self._done} done, {running} {self._state()}, {left} left"
        text += f", {self._failed} failed" if self._failed else ""
        if not running + left:
            return text
        end = datetime.now().astimezone() + timedelta(seconds=self.seconds_left())
        return f"{text}; expected end {end:%H:%M on %d %B}"

    def seconds_left(self) -> float:
        """Return the expected seconds until the last job ends.

        The expected duration of a trial is the mean of the finished trials of its experiment or, without any, of all
        finished trials; that of another job is the mean of its rule or, without any, ``OTHER_SECONDS``. The expected
        number of jobs that run at a time is the average of the trials so far.
        """
        others = self._other_durations
        rest = sum(
            count * (sum(others[rule]) / len(others[rule]) if rule in others else OTHER_SECONDS)
            for rule, count in self._others_left.items()
        )
        every = [seconds for durations in self._durations.values() for seconds in durations]
        mean = sum(every) / len(every)
        expected = {name: sum(durations) / len(durations) for name, durations in self._durations.items()}
        work = sum(count * expected.get(name, mean) for name, count in self._left.items())
        elapsed = max(self._now() - self._first, 1e-9)
        running = sum(self._now() - started for started in self._started.values())
        at_a_time = max((sum(every) + running) / elapsed, 1.0)
        return (max(work - running, 0.0) + rest) / at_a_time


def follow(workflow: Any, config: Mapping[str, Any]) -> Callable[[], None]:
    """Write the progress of a run to standard error.

    Args:
        workflow: Snakemake's workflow, in the process that schedules the jobs.
        config: the resolved configuration.

    Returns:
        A function that repeats the lines of the trials without results, to be called last.
    """

    pattern = f"{config['results']}/logs/train_trial/{{}}.log"
    jobs: dict[int, Any] = {}
    finished: set[str] = set()

    def plan() -> dict[int, str]:
        needed = {workflow.dag.jobid(job): job for job in workflow.dag.needrun_jobs()}
        jobs.update({number: job for number, job in needed.items() if job.rule.name == RULE})
        progress.others = {number: job.rule.name for number, job in needed.items() if number not in jobs}
        return {number: job.wildcards.experiment for number, job in jobs.items()}

    def is_retried(number: int) -> bool:
        return jobs[number].attempt <= jobs[number].restart_times  # attempts count from one

    def describe(number: int, failed: bool) -> tuple[str, bool]:
        job = jobs[number]
        name, log = f"{job.wildcards.experiment}/{job.wildcards.trial}", " ".join(map(str, job.log))
        # Without a shared file system the file may be elsewhere; a job that was killed has none.
        try:
            facts = json.loads(Path(str(job.output.trial)).read_text(encoding="utf-8"))
        except (OSError, ValueError, AttributeError):
            return (f"FAILED {name}: the job ended with an error; log: {log}", True) if failed else ("", False)
        if facts.get("status") in FINISHED:
            finished.add(name)
        return trial_line(name, facts, log), name not in finished

    progress = TrialProgress(
        plan,
        print_line,
        describe=describe,
        is_retried=is_retried,
        started=lambda: "running" if workflow.local_exec else "submitted",
    )
    logging.getLogger("snakemake.logging").addHandler(progress)
    quiet(print_line, (RULE, "evaluate_trial"))

    def repeat() -> None:
        table = Path(config["results"]) / "trials.csv"
        told = progress.failures
        repeat_failures(failures(table, told, lambda name, row: trial_line(name, row, pattern.format(name)), finished))

    return repeat


def trial_line(name: str, facts: Mapping[str, Any], log: str) -> str:
    """Return what a trial did in one line.

    Args:
        name: ``<experiment>/<trial>``.
        facts: the content of trial.json; for one without results its row of trials.csv does as well.
        log: the path of its log.
    """
    status = facts.get("status")
    if status not in FINISHED:
        reason = " ".join(str(facts.get("error") or status).split())[:200]
        return f"FAILED {name}: {reason}; log: {log}"
    accuracies = facts.get("accuracy") or {}
    split = next((split for split in ("test", "valid", "train") if split in accuracies), None)
    parts = [name, *([f"{split} accuracy {accuracies[split]:.4f}"] if split else [])]
    epochs = facts.get("epochs")
    parts += [f"{epochs} epoch{'s' * (epochs != 1)}", f"{facts.get('seconds', 0):.0f} s"]
    parts += [str(status)] if status != "ok" else []
    parts += ["a GPU was requested, but there is none: on the CPU"] if facts.get("gpu_missing") else []
    return "  ".join(parts)


def repeat_failures(failures: Sequence[str]) -> None:
    """Write the lines of the trials without results once more, as the last thing of a run."""
    if failures:
        print_line("\n".join([f"{len(failures)} of the trials left no results:", *failures]))


def print_line(line: str) -> None:
    """Write a line to standard error at once."""
    print(line, file=sys.stderr, flush=True)
