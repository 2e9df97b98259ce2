"""The results of a run that has not ended: its evaluated trials as they are, and the others as pending."""

import errno
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lookbook.errors import ResultError
from lookbook.results.benchmark import Benchmark, PlannedTrial
from lookbook.results.empty import write_empty_results
from lookbook.results.metrics import read_metrics, write_metrics
from lookbook.results.paths import TRIAL_FILES
from lookbook.results.trial import PENDING, Trial, read_trial, trial_identity, write_trial


def link_trials(benchmark: Benchmark, folder: Path, dataset_digests: Mapping[str, str]) -> int:
    """Link the files of each evaluated trial into another folder of results, and write files for the others.

    Links need no space, and stay what they are when the run replaces its files. A trial whose initial weights are those
    of a trial that is not evaluated counts as not evaluated, or Snakemake would train it again.

    Args:
        benchmark: the run's.
        folder: the other folder, which is emptied.
        dataset_digests: the digest of each dataset by its name.

    Returns:
        The number of evaluated trials.
    """
    shutil.rmtree(folder, ignore_errors=True)
    copies = [replace(planned, results=folder) for planned in benchmark.trials()]
    evaluated = set()
    for planned, copy in zip(benchmark.trials(), copies, strict=True):
        try:
            _link(planned, copy)
            evaluated.add((copy.experiment, copy.trial))
        except (ResultError, FileNotFoundError):  # not evaluated yet, or just being replaced
            continue

    def counts(experiment: str, trial: int) -> bool:
        initial = benchmark.experiments[experiment]["spec"]["initial_weights"]
        return (experiment, trial) in evaluated and (initial is None or counts(initial, trial))

    pending = [copy for copy in copies if not counts(copy.experiment, copy.trial)]
    now = time.time()
    for trial in pending:
        _write_pending(trial, benchmark, dataset_digests)
        # One time for all, or Snakemake would train a trial whose initial weights are of one written after it.
        for path in trial.file("trial.json").parent.iterdir():
            os.utime(path, (now, now))
    return len(copies) - len(pending)


def _link(planned: PlannedTrial, copy: PlannedTrial) -> None:
    read_metrics(planned.file("metrics.json"), read_trial(planned))
    for name in (*TRIAL_FILES, "metrics.json"):
        source, target = planned.file(name), copy.file(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError as error:  # There are disks without links.
            if error.errno == errno.ENOENT:
                raise
            shutil.copy2(source, target)


def _write_pending(trial: PlannedTrial, benchmark: Benchmark, dataset_digests: Mapping[str, str]) -> None:
    folder, experiment = trial.file("trial.json").parent, benchmark.experiments[trial.experiment]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_empty_results(folder)
    dataset_digest = dataset_digests[experiment["dataset"]]
    facts = {
        "experiment": trial.experiment,
        "trial": trial.trial,
        "seed": benchmark.config["seed"] + trial.trial,
        "status": PENDING,
        "spec": experiment["spec"],
        "digests": {"trial_spec": trial.spec_digest, "dataset": dataset_digest},
        "identity": trial_identity(trial.spec_digest, dataset_digest),
    }
    write_metrics(folder / "metrics.json", Trial(folder / "trial.json", write_trial(folder, facts)), {})
