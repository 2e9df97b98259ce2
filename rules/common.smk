"""The resolved experiments, the names of files, and the input functions."""

from dataclasses import asdict
from functools import cache
from pathlib import Path

# Import only light modules: on a cluster every job parses this file.
from lookbook.config.benchmark import PLAN_KEYS
from lookbook.config.claims import check_datasets, claims_of, names_with
from lookbook.config.costs import priorities
from lookbook.config.digests import canonical, digest, script_digest, text_digest
from lookbook.config.experiments import defined, digest_of, locate, resolve, resolve_config
from lookbook.config.published import check_published, compared_by_epoch, reference_files
from lookbook.config.selection import arguments_in_use, compared_networks, sheet_names, with_figure
from lookbook.config.trial_specs import trial_spec
from lookbook.datasets import ARRAYS, COMPETITION_ARRAYS, DATASETS, originals_unavailable_reason
from lookbook.results.paths import DATASET_FIGURES, PREDICTION_FIGURES, figure_file, trial_file
from lookbook.runtime.hardware import gpus_to_request
from lookbook.runtime.snakemake_run import (
    check_accounting,
    check_experiments,
    end_gracefully,
    prepare_run,
)

try:
    CONFIG = resolve_config(config)
    EXPERIMENTS = resolve(config, ROOT)
    ENTRIES = defined(config, ROOT)
    CLAIMS = claims_of(ENTRIES)
    REFERENCE = reference_files(CONFIG["reference"], ROOT)
    if workflow.is_main_process:
        check_published(locate(CONFIG["published"], ROOT), ENTRIES)
        check_datasets(CLAIMS, {name: e.spec for name, e in EXPERIMENTS.items()})
except ConfigError as error:
    raise WorkflowError(str(error)) from None

prepare_run(workflow, CONFIG, SCRIPTS)

RESULTS = CONFIG["results"]
TABLES = {
    name: f"{RESULTS}/{name}.csv"
    for name in (
        *("trials", "summary", "comparisons", "epochs", "claims", "ensembles", "factorials"),
        *("curves", "time_to_accuracy"),
    )
}
EXPERIMENTS_JSON, PLAN_JSON = f"{RESULTS}/experiments.json", f"{RESULTS}/plan.json"
PLAN = {name: e.trials for name, e in EXPERIMENTS.items() if e.trials}
DATASET_OF = {name: e.spec["dataset"] for name, e in EXPERIMENTS.items()}
# Datasets whose original files are no longer available: the prepared arrays are reused.
PREPARED = [
    name
    for name in DATASETS
    if Path("resources/datasets", name, "manifest.json").is_file()
    and originals_unavailable_reason(name, CONFIG["data"])
]


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    trial=r"\d+",


def trial_files(names, experiments=None):
    """Return an input function: files of every trial of some experiments, by default of the wildcard's."""
    return lambda wildcards: [
        trial_file(RESULTS, experiment, trial, name)
        for experiment in ([wildcards.experiment] if experiments is None else experiments)
        for trial in range(PLAN[experiment])
        for name in names
    ]


def initial_trial_files(wildcards):
    """Return the files of the trial whose weights a trial starts from, if it starts from any."""
    start = EXPERIMENTS[wildcards.experiment].spec["initial_weights"]
    files = {"initial_trial": "trial.json", "initial_model": "model.keras"}
    return {
        key: trial_file(RESULTS, start, wildcards.trial, name) if start else []
        for key, name in files.items()
    }


def dataset_files(dataset, without=("submission_images",)):
    """Return a dataset's manifest and arrays, by default those that training may read.

    The manifest is small: Snakemake compares its contents. The dates of the arrays must not count.
    """
    folder = f"resources/datasets/{dataset}"
    names = [name for name in DATASETS[dataset].arrays if name not in without]
    arrays = ancient([f"{folder}/{name}.npy" for name in names])
    return {"manifest": f"{folder}/manifest.json", "arrays": arrays}


@cache
def trial_spec_text(experiment, trial):
    """Return a trial specification as canonical JSON, the only parameter of its training job.

    Snakemake compares parameters as a set, in which two swapped values are equal, so all of them are one text.
    """
    return canonical(trial_spec(EXPERIMENTS[experiment], trial, CONFIG["seed"], EXPERIMENTS))


@cache
def trial_digest(experiment, trial):
    """Return the digest of a trial specification, which the trial's result files state."""
    return text_digest(trial_spec_text(experiment, trial))


@cache
def spec_digest(*experiments):
    """Return the identity of what a job is to compute from: a digest over its experiments' trial specifications.

    As a parameter of each job it reruns what a changed configuration concerns, also after an interrupted training
    whose outputs Snakemake has deleted.
    """
    return digest({e: [trial_digest(e, t) for t in range(PLAN[e])] for e in experiments})
