"""The console's line about a run: trials done, running and left, and when the last one will end."""

import logging

import pytest
from snakemake.logging import DefaultFilter
from snakemake_interface_logger_plugins.common import LogEvent

from lookbook.runtime.console import HANDLER, failures, quiet
from lookbook.runtime.progress import OTHER_SECONDS, TrialProgress, repeat_failures, trial_line


class Run:
    """A run with a clock of its own, that tells its progress what Snakemake would."""

    def __init__(self, plan, retries=0, started="running", **more):
        self.time, self.lines = 0.0, []
        self.retries = dict.fromkeys(plan, retries)
        self.progress = TrialProgress(
            lambda: plan,
            self.lines.append,
            lambda: self.time,
            is_retried=lambda job: self.retries[job] > 0,
            started=lambda: started,
            **more,
        )
        self.tell(LogEvent.RUN_INFO)

    def tell(self, event, **fields):
        record = logging.makeLogRecord({"event": event, **fields})
        self.progress.handle(record)

    def start(self, *jobs):
        self.tell(LogEvent.JOB_STARTED, jobs=list(jobs))

    def finish(self, job, after):
        self.time += after
        self.tell(LogEvent.JOB_FINISHED, job_id=job)

    def fail(self, job, after):
        self.time += after
        self.tell(LogEvent.JOB_ERROR, jobid=job)
        self.retries[job] -= 1


def counts(line):
    return line.partition(";")[0]


def test_a_line_is_told_whenever_a_trial_ends_with_the_expected_end_until_the_last_one():
    run = Run({1: "a", 2: "a", 3: "b"})
    run.start(1, 2)
    assert run.lines == []
    run.finish(1, after=10)
    run.start(3)
    run.finish(2, after=5)
    run.finish(3, after=5)
    assert [counts(line) for line in run.lines] == [
        "trials: 1 done, 1 running, 1 left",
        "trials: 2 done, 1 running, 0 left",
        "trials: 3 done, 0 running, 0 left",
    ]
    assert ["expected end" in line for line in run.lines] == [True, True, False]


def test_a_failed_job_is_told():
    run = Run({1: "a", 2: "a"})
    run.start(1, 2)
    run.fail(1, after=3)
    assert counts(run.lines[-1]) == "trials: 0 done, 1 running, 0 left, 1 failed"


def test_a_job_that_is_retried_has_not_failed():
    run = Run({1: "a", 2: "a"}, retries=1)
    run.start(1, 2)
    run.fail(1, after=3)
    assert run.lines == []
    run.finish(2, after=3)
    run.start(1)
    run.finish(1, after=6)
    assert [counts(line) for line in run.lines] == [
        "trials: 1 done, 0 running, 1 left",
        "trials: 2 done, 0 running, 0 left",
    ]
    assert run.progress.seconds_left() == 0


def test_a_job_whose_last_attempt_fails_has_failed():
    run = Run({1: "a", 2: "b"}, retries=1)
    for _ in range(2):
        run.start(1)
        run.fail(1, after=3)
    assert [counts(line) for line in run.lines] == ["trials: 0 done, 0 running, 1 left, 1 failed"]


def test_jobs_of_a_cluster_are_submitted_and_perhaps_not_running():
    run = Run({1: "a", 2: "a", 3: "a"}, started="submitted")
    run.start(1, 2)
    run.finish(1, after=10)
    assert counts(run.lines[-1]) == "trials: 1 done, 1 submitted, 1 left"


def test_jobs_that_do_not_train_pass_by():
    run = Run({1: "a"})
    run.start(7)
    run.finish(7, after=3)
    run.progress.handle(logging.makeLogRecord({"msg": "something else"}))
    assert run.lines == []


def test_trials_of_an_experiment_are_expected_to_take_as_long_as_its_others():
    run = Run({1: "short", 2: "short", 3: "long", 4: "long"})
    run.start(1)
    run.finish(1, after=10)
    run.start(3)
    run.finish(3, after=100)
    assert run.progress.seconds_left() == pytest.approx(10 + 100)


def test_trials_of_an_untried_experiment_are_expected_to_take_as_long_as_all_others():
    run = Run({1: "a", 2: "b"})
    run.start(1)
    run.finish(1, after=10)
    assert run.progress.seconds_left() == pytest.approx(10)


def test_trials_side_by_side_end_sooner():
    run = Run(dict.fromkeys(range(8), "a"))
    run.start(0, 1)
    run.finish(0, after=10)
    run.finish(1, after=0)
    assert run.progress.seconds_left() == pytest.approx(6 * 10 / 2)


OK = {"status": "ok", "epochs": 14, "seconds": 211.7, "accuracy": {"train": 0.95, "test": 0.91134}}


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (OK, "exp104/0  test accuracy 0.9113  14 epochs  212 s"),
        (OK | {"accuracy": {"train": 0.5, "valid": 0.25}}, "exp104/0  valid accuracy 0.2500  14 epochs  212 s"),
        (OK | {"epochs": 1}, "exp104/0  test accuracy 0.9113  1 epoch  212 s"),
        (OK | {"status": "collapsed"}, "exp104/0  test accuracy 0.9113  14 epochs  212 s  collapsed"),
        (OK | {"gpu_missing": True, "accuracy": {}}, "exp104/0  14 epochs  212 s  a GPU was requested, but"),
        ({"status": "failed", "error": "ValueError: rate\n 1.5"}, "FAILED exp104/0: ValueError: rate 1.5; log: l.log"),
        ({"status": "diverged", "error": None}, "FAILED exp104/0: diverged; log: l.log"),
    ],
)
def test_a_trial_is_told_in_one_line(facts, line):
    told = trial_line("exp104/0", facts, "l.log")
    assert told.startswith(line)
    assert "\n" not in told


def test_trials_without_results_are_told_at_once_counted_apart_and_repeated(capsys):
    ends = {1: ("exp104/0  test accuracy 0.9", False), 2: ("FAILED exp104/1: x", True), 3: ("FAILED exp104/2", False)}
    run = Run(dict.fromkeys(ends, "exp104"), describe=ends.get)
    run.start(1, 2, 3)
    run.finish(1, after=10)
    run.finish(2, after=10)
    run.fail(3, after=10)
    assert run.lines[0].startswith("exp104/0  test accuracy 0.9  [trials: 1 done, 2 running, 0 left;")
    assert run.lines[1] == "FAILED exp104/1: x"
    assert counts(run.lines[2]) == "trials: 1 done, 1 running, 0 left, 1 failed"
    assert run.lines[3:] == ["FAILED exp104/2", "trials: 1 done, 0 running, 0 left, 2 failed"]
    repeat_failures(run.progress.failures)
    assert capsys.readouterr().err.splitlines() == [
        "2 of the trials left no results:",
        "FAILED exp104/1: x",
        "FAILED exp104/2",
    ]
    repeat_failures([])
    assert capsys.readouterr().err == ""


def test_the_expected_end_is_that_of_the_whole_run():
    run = Run({1: "a", 2: "a"})
    run.progress.others = {3: "summarise", 4: "render_report", 5: "render_report"}
    run.tell(LogEvent.RUN_INFO)
    run.start(1)
    run.finish(1, after=10)
    assert run.progress.seconds_left() == pytest.approx(10 + 3 * OTHER_SECONDS)
    run.start(4)
    run.time += 20
    run.tell(LogEvent.JOB_FINISHED, job_id=4)
    # The average number of trials at a time is never below one.
    assert run.progress.seconds_left() == pytest.approx(10 + OTHER_SECONDS + 20)


def test_failures_of_this_run_and_of_earlier_ones_are_told_once(tmp_path):
    table = tmp_path / "trials.csv"
    table.write_text("experiment,trial,status,error\na,0,ok,\na,1,failed,ValueError: no\nb,0,diverged,\n")
    told = ["FAILED a/1: ValueError: no; log: l"]
    lines = failures(table, told, lambda name, row: trial_line(name, row, f"{name}.log"))
    assert lines == [*told, "FAILED b/0: diverged; log: b/0.log"]
    assert failures(tmp_path / "absent.csv", told, lambda *_: "") == told


def test_a_trial_that_has_finished_since_the_table_was_made_has_not_failed(tmp_path):
    table = tmp_path / "trials.csv"
    table.write_text("experiment,trial,status,error\na,1,failed,ValueError: no\nb,0,diverged,\n")
    lines = failures(table, [], lambda name, row: trial_line(name, row, f"{name}.log"), {"a/1"})
    assert lines == ["FAILED b/0: diverged; log: b/0.log"]


@pytest.mark.parametrize(("asked", "shown"), [({}, 2), ({"dryrun": True}, 4), ({"printshellcmds": True}, 4)])
def test_the_console_shows_no_single_jobs_unless_it_is_asked_to(asked, shown):
    logger, records, lines = logging.getLogger("snakemake.logging"), [], []
    handler = logging.Handler()
    handler.name, handler.emit = HANDLER, records.append
    handler.addFilter(
        DefaultFilter(set(), False, False, asked.get("dryrun", False), asked.get("printshellcmds", False))
    )
    logger.addHandler(handler)
    try:
        quiet(lines.append, ("train_trial",))
        for event, message, rule in (
            (LogEvent.RUN_INFO, "Job stats", None),
            (LogEvent.JOB_INFO, "", "train_trial"),
            (None, "Select jobs to execute...", None),
            (LogEvent.JOB_ERROR, "", "summarise"),
        ):
            more = {"rule_name": rule} if rule else {}
            handler.handle(logging.makeLogRecord({"event": event, "msg": message, **more}))
        if not asked:
            handler.handle(logging.makeLogRecord({"event": LogEvent.JOB_INFO, "msg": "", "rule_name": "summarise"}))
            handler.handle(logging.makeLogRecord({"event": LogEvent.JOB_INFO, "msg": "", "rule_name": "summarise"}))
            assert lines == ["summarise ..."]
    finally:
        logger.removeHandler(handler)
    assert len(records) == shown
