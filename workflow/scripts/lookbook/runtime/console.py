"""The console of a run: phases and trials in one line each, and what has no results as the last lines.

Snakemake's log file keeps everything; so does the console of a dry run and of a run with ``--verbose`` or
``--printshellcmds``.
"""

import csv
import logging
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from lookbook.results.trial import has_failed

HANDLER = "DefaultStreamHandler"  # Snakemake's name of the handler that writes to the console.
HIDDEN = (
    *(LogEvent.WORKFLOW_STARTED, LogEvent.JOB_INFO, LogEvent.GROUP_INFO, LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED),
    *(LogEvent.SHELLCMD, LogEvent.PROGRESS, LogEvent.RESOURCES_INFO),
)
# The beginnings of messages without an event.
PHRASES = (
    *("Select jobs to execute", "Execute ", "Waiting for more resources", "Config file ", "Provided ", "Using shell"),
    *("Rules claiming more threads", "Conda environments: ignored", "Assuming unrestricted shared filesystem"),
)


class QuietConsole(logging.Filter):
    """Hides the events of single jobs from the console, and names each rule when its first job starts.

    Args:
        write: receives each line.
        trials: the rules whose jobs have lines of their own.
    """

    def __init__(self, write: Callable[[str], None], trials: Collection[str]) -> None:
        super().__init__()
        self._write, self._known = write, set(trials)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the console shows a record."""
        event = getattr(record, "event", None)
        rule = getattr(record, "rule_name", None)
        if event == LogEvent.JOB_INFO and rule and rule not in self._known:
            self._known.add(rule)
            self._write(f"{rule} ...")
        return not (event in HIDDEN or (event is None and str(record.msg).startswith(PHRASES)))


def quiet(write: Callable[[str], None], trials: Collection[str]) -> None:
    """Make the console of a run quiet, unless it only shows what would run, or was asked for details."""
    for handler in logging.getLogger("snakemake.logging").handlers:
        settings: Any = next((f for f in handler.filters if hasattr(f, "printshellcmds")), None)
        if handler.name != HANDLER or settings is None:
            continue
        if not (settings.dryrun or settings.verbose or settings.printshellcmds or settings.debug_dag):
            handler.addFilter(QuietConsole(write, trials))


def failures(
    table: Path, told: Iterable[str], describe: Callable[[str, Mapping[str, Any]], str], finished: Container[str] = ()
) -> list[str]:
    """Return a line for each trial without results, of this run and of earlier ones.

    Args:
        table: trials.csv; without it only this run's are known.
        told: the lines of this run.
        describe: returns the line of a trial by its name and its row of the table.
        finished: the names of the trials that have finished in this run, whose rows may be older.
    """
    lines = {line.split(":", 1)[0]: line for line in told}
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if has_failed(row.get("status"))]
    except OSError:
        rows = []
    for row in rows:
        name = f"{row.get('experiment')}/{row.get('trial')}"
        if name not in finished:
            line = describe(name, row)
            lines.setdefault(line.split(":", 1)[0], line)
    return list(lines.values())
