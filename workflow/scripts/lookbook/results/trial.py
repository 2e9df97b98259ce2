"""trial.json: what a trial was, how it ended, and the SHA-256 of the files that it left beside it.

It is written last, so a trial that has one is complete. Every reader of a trial's files goes through it: a file that
is missing, damaged or left by another trial is refused.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookbook.config.digests import digest
from lookbook.errors import ResultError
from lookbook.files import file_sha256
from lookbook.results.benchmark import Benchmark, PlannedTrial
from lookbook.results.paths import TRIAL_FILES
from lookbook.results.reading import read_json, remedy, write_json

# A collapsed trial learned nothing, but it ran to its end, so it counts.
FINISHED = ("ok", "collapsed")
PENDING = "pending"  # Not trained yet; only a partial report has such trials, see ``results.partial``.


def has_failed(status: str | None) -> bool:
    """Return whether a trial of this status ended without results."""
    return status not in (*FINISHED, PENDING)


@dataclass(frozen=True)
class Trial:
    """A trial's results.

    Attributes:
        path: its trial.json.
        facts: the parsed content of it.
    """

    path: Path
    facts: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """SHA-256 of what the results were computed from: trial specification and dataset."""
        return self.facts["identity"]

    @property
    def is_finished(self) -> bool:
        """Whether the trial ran to its end, and so has predictions."""
        return self.facts["status"] in FINISHED

    def file(self, name: str) -> Path:
        """Return the path of a file that the trial left: ``history.csv``, ``model.keras`` or ``predictions.npz``.

        Raises:
            ResultError: the file is missing, or its contents are not what the trial wrote.
        """
        path = self.path.with_name(name)
        if not path.is_file():
            raise ResultError(f"{path} is missing; {remedy(self.path)}")
        if file_sha256(path) != self.facts["files"][name]:
            raise ResultError(f"{path} is damaged: {self.path} states another SHA-256; {remedy(self.path)}")
        return path


def trial_identity(spec_digest: str, dataset_digest: str) -> str:
    """Return the identity of a trial's results: SHA-256 of its specification's and its dataset's digest."""
    return digest({"trial_spec": spec_digest, "dataset": dataset_digest})


def write_trial(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write trial.json with the SHA-256 of the other files of the folder, and return its content.

    JSON has no NaN or infinity, so they become null.
    """
    content = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in facts.items()}
    content["files"] = {name: file_sha256(folder / name) for name in TRIAL_FILES if name != "trial.json"}
    write_json(folder / "trial.json", content)
    return content


def is_intact(folder: Path, identity: str) -> bool:
    """Return whether a folder holds the complete results of a trial of this identity, with the SHA-256 they had."""
    try:
        trial = read_trial(folder / "trial.json")
        return trial.identity == identity and all(trial.file(name) for name in TRIAL_FILES if name != "trial.json")
    except ResultError:
        return False


def read_trial(source: Path | PlannedTrial, spec_digest: str | None = None) -> Trial:
    """Read a trial.json.

    Args:
        source: its path, or the trial as a benchmark plans it.
        spec_digest: SHA-256 of the specification that the trial must have, for a path; None accepts any.

    Raises:
        ResultError: the file is missing or damaged, or states another specification than the planned one.
    """
    if isinstance(source, PlannedTrial):
        path, spec_digest = source.file("trial.json"), source.spec_digest
    else:
        path = source
    facts = read_json(path, "status", "identity", "files", "digests")
    if spec_digest is not None and facts["digests"].get("trial_spec") != spec_digest:
        raise ResultError(f"{path} is of another trial specification than the configuration's; {remedy(path)}")
    return Trial(path, facts)


def finished_trials(benchmark: Benchmark, names: Iterable[str]) -> dict[str, list[Trial]]:
    """Return the finished trials of each named experiment that the benchmark has, each experiment once.

    Raises:
        ResultError: a trial.json is missing, damaged or of another trial than the planned one.
    """
    trials = {name: map(read_trial, benchmark.trials([name])) for name in names if name in benchmark.experiments}
    return {name: [trial for trial in found if trial.is_finished] for name, found in trials.items()}
