"""The resolved experiments, paths, and the functions that give jobs their inputs."""

import atexit
import gc
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

# Planning makes millions of objects that all live on: looking for garbage among them took a sixth of its time, and
# Python's last look, when all is done, a fifth.
gc.set_threshold(10_000_000)
atexit.register(gc.freeze)

# Relative to the working directory, so that a moved checkout finds its results up to date.
ROOT = Path(os.path.relpath(Path(str(workflow.current_basedir)).parent))
SCRIPTS = (ROOT / "workflow" / "scripts").resolve()
if str(SCRIPTS) not in sys.path:
    sys.path.insert(0, str(SCRIPTS))

# Only what is quick to import: this file is read again by every job of a cluster.
from lookbook.datasets import SOURCES, originals_unavailable_reason
from lookbook.config.digests import canonical, digest, script_digest
from lookbook.errors import ConfigError
from lookbook.config.experiments import digest_of, locate, resolve, resolve_config
from lookbook.runtime.hardware import gpus_to_request
from lookbook.runtime.locks import remove_stale_locks
from lookbook.config.trial_specs import order
from lookbook.runtime.progress import follow
from lookbook.figures.sheet_names import arguments_in_use, sheet_names

try:
    CONFIG = resolve_config(config)
    EXPERIMENTS = resolve(config, ROOT)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

RESULTS = CONFIG["results"]
DATASETS = "resources/datasets"
ARRAYS = ["train_images", "train_labels", "test_images", "test_labels"]
# Prepared by an earlier run from files that can no longer be had: what is there is all there is.
KEPT = [
    name
    for name in SOURCES
    if Path(DATASETS, name, "manifest.json").is_file()
    and originals_unavailable_reason(name, CONFIG["data"])
]
COPIED = ["images", "source", "operation"]
FASHION_MNIST_FILES = [
    f"resources/downloads/fashion_mnist/{part}-ubyte.gz"
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
]
TRIALS = f"{RESULTS}/trials/{{experiment}}/{{trial}}"
COPIES = f"{RESULTS}/copies/{{experiment}}/{{trial}}"
PLAN = {e.name: e.trials for e in EXPERIMENTS.values() if e.trials}

# Jobs run under the Python that runs Snakemake, activated or not, unless conda gives them another.
environment = [
    f"export LOOKBOOK_SCRIPTS={shlex.quote(str(SCRIPTS))};",
    # Not parameters: how trials share a GPU retrains nothing.
    f"export LOOKBOOK_SLOTS_PER_GPU={CONFIG['devices']['slots_per_gpu']};",
    # Not a parameter: its contents are verified, so that another place of the same images retrains nothing.
    f"export LOOKBOOK_FASHION_MNIST={shlex.quote(CONFIG['data']['fashion_mnist']['path'] or '')};",
]
if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
    environment.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH;")
shell.prefix(" ".join([*environment, ""]))

# For the report's provenance; set once, so that jobs inherit the command that a person gave.
os.environ.setdefault("LOOKBOOK_COMMAND", shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]))


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    trial=r"\d+",


if workflow.is_main_process:
    remove_stale_locks()
follow(workflow)


def get_resolved():
    """Return a digest of all experiments as resolved: what is written about them, but no comment, changes it."""
    return digest({e.name: [asdict(e), digest_of(e, EXPERIMENTS)] for e in EXPERIMENTS.values()})


def get_order(wildcards):
    """Return the one parameter of a training job: canonical JSON, since Snakemake compares parameters as a set."""
    experiment = EXPERIMENTS[wildcards.experiment]
    return canonical(order(experiment, int(wildcards.trial), CONFIG["seed"], EXPERIMENTS))


def get_originals_folder(wildcards):
    """Return where a data set's original files are brought to; nothing for one that needs none."""
    source = SOURCES[wildcards.dataset]
    return f"resources/downloads/{source.family}" if source.fetched else ""


def get_originals(wildcards):
    """Return the small file that says that a data set's original files are there; nothing where it needs none."""
    folder = get_originals_folder(wildcards)
    return f"{folder}/original.txt" if folder else []


def get_dataset(wildcards):
    """Return the manifest of the data set that an experiment trains on: small, so that Snakemake compares contents."""
    return f"{DATASETS}/{EXPERIMENTS[wildcards.experiment].spec['dataset']}/manifest.json"


def get_dataset_arrays(wildcards):
    """Return the arrays beside the manifest; large, so that their dates must not count."""
    folder = f"{DATASETS}/{EXPERIMENTS[wildcards.experiment].spec['dataset']}"
    return ancient([f"{folder}/{array}.npy" for array in ARRAYS])


def get_training_inputs(wildcards):
    """Return what a trial reads: its data set, the copies that it trains on and the trial that it starts from, if any.

    One function for all of them: with thousands of trials, its calls are a good part of what planning costs.
    Manifests and trial.json are small, so that their contents count, not their dates.
    """
    spec, trial = EXPERIMENTS[wildcards.experiment].spec, wildcards.trial
    copies = COPIES.format(**wildcards) if spec["copies"] else None
    return {
        "manifest": get_dataset(wildcards),
        "arrays": get_dataset_arrays(wildcards),
        "copies": f"{copies}/manifest.json" if copies else [],
        "copied": [f"{copies}/{array}.npy" for array in COPIED] if copies else [],
        "start": (
            f"{RESULTS}/trials/{spec['initial_weights']}/{trial}/trial.json"
            if spec["initial_weights"]
            else []
        ),
    }


def get_metrics(wildcards):
    """Return the metrics of every trial that the configuration asks for."""
    return [
        f"{RESULTS}/trials/{name}/{trial}/metrics.json"
        for name, trials in PLAN.items()
        for trial in range(trials)
    ]


def get_metrics_of_experiment(wildcards):
    """Return the metrics of each of an experiment's trials."""
    return [
        f"{RESULTS}/trials/{wildcards.experiment}/{t}/metrics.json"
        for t in range(PLAN[wildcards.experiment])
    ]


def get_histories(wildcards):
    """Return the history of every trial."""
    return [
        f"{RESULTS}/trials/{name}/{trial}/history.csv"
        for name, trials in PLAN.items()
        for trial in range(trials)
    ]


def get_histories_of_experiment(wildcards):
    """Return the history of each of an experiment's trials."""
    return [
        f"{RESULTS}/trials/{wildcards.experiment}/{t}/history.csv"
        for t in range(PLAN[wildcards.experiment])
    ]


def get_metrics_of_zoo(wildcards):
    """Return the metrics of every trial of the networks that the zoo compares."""
    return [
        f"{RESULTS}/trials/{name}/{trial}/metrics.json"
        for name in ZOO
        for trial in range(PLAN[name])
    ]


def with_figure(*wanted):
    """Return the experiments that ask for one of these figures."""
    return [name for name in PLAN if set(wanted) & set(EXPERIMENTS[name].figures)]


# The experiments on images in the layout of the competition, and their data sets.
COMPETITION = [name for name in PLAN if SOURCES[EXPERIMENTS[name].spec["dataset"]].competition]
PICTURED = sorted({EXPERIMENTS[name].spec["dataset"] for name in COMPETITION})
