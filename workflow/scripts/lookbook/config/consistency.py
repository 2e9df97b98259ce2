"""Refuse values that are valid one by one but not together, or not with the dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookbook.config.digests import selects_images
from lookbook.config.inheritance import ADDED_LATER, Entry
from lookbook.config.signatures import nearest
from lookbook.config.validation import check_names, schema
from lookbook.datasets import DATASETS
from lookbook.errors import ConfigError

if TYPE_CHECKING:
    from lookbook.config.experiments import Experiment

MAXIMUM_TRIALS = 100_000
# Folders of this project, in which results would be mixed with other files.
SOURCE_FOLDERS = {".ci", ".git", ".github", ".snakemake", ".venv", "benchmarks", "config", "envs", "notebooks"}
SOURCE_FOLDERS |= {"profiles", "reports", "resources", "rules", "tests", "workflow"}
# A key and what is wrong with its value.
Problem = tuple[str, str]
# Augmentations that mix the labels of a batch, which images augmented before training cannot have.
MIXING = ("mixup", "MixUp", "CutMix")
# Schedules that take their length from the training, and options of optimizers that depend on the first step: with
# another first step they are wrong.
SPANNING = ("OneCycle", "ExponentialRange")
COUNTING = ("use_ema", "gradient_accumulation_steps")
# The length of the list that one_of_k draws from.
GROWING_BATCH_OPERATIONS = 7


def check_spec(where: str, spec: Mapping[str, Any], experiments: Iterable[str]) -> None:
    """Raise ConfigError for values of a resolved experiment that do not fit together.

    Args:
        where: the file and the experiment's name.
        spec: the resolved specification.
        experiments: the names of all experiments.
    """
    check_names(f"{where}: dataset", [spec["dataset"]], DATASETS, "dataset")
    if spec["initial_weights"] is not None:
        check_names(f"{where}: initial_weights", [spec["initial_weights"]], experiments)
    for key, problem in chain(_sampling(spec), _augmentation(spec), _training(spec)):
        raise ConfigError(f"{where}: {key}: {problem}")


def results_folder(folder: str) -> str:
    """Return the path of the folder of results without ``~`` and superfluous slashes.

    Raises:
        ConfigError: it has other files, or Snakemake would expand its name.
    """
    try:
        path = Path(folder).expanduser()
    except RuntimeError:  # no such user
        raise ConfigError(f"config.yaml: results: there is no home folder of {folder!r}; write the path") from None
    if {"{", "}", "\n"} & set(folder):
        raise ConfigError(f"config.yaml: results: a folder name cannot have braces or line ends; got {folder!r}")
    if not path.parts or ".." in path.parts or path == Path.home():
        raise ConfigError(f"config.yaml: results: must be a folder of its own, such as results; got '{folder}'")
    if not path.is_absolute() and path.parts[0] in SOURCE_FOLDERS:
        problem = f"{path.parts[0]} has other files of the project; use another folder, such as results"
        raise ConfigError(f"config.yaml: results: {problem}")
    return str(path)


def check_initial_trials(where: str, chain: Sequence[Experiment]) -> None:
    """Raise ConfigError if trials of an experiment start from trials that are not planned.

    Args:
        where: the file and the experiment's name.
        chain: the experiment, the one whose weights it starts from, that one's, and so on.
    """
    for experiment, initial in pairwise(chain):
        if experiment.trials > initial.trials > 0:
            problem = f"trial {initial.trials} starts from one of {initial.name}, which has only {initial.trials}"
            raise ConfigError(f"{where}: trials: {problem}; give {initial.name} at least {experiment.trials}")


def check_number_of_trials(experiments: Mapping[str, Experiment]) -> None:
    """Raise ConfigError for more trials than Snakemake can plan within minutes."""
    total = sum(experiment.trials for experiment in experiments.values())
    if total > MAXIMUM_TRIALS:
        most = max(experiments, key=lambda name: experiments[name].trials)
        problem = f"{total:,} trials are more than {MAXIMUM_TRIALS:,}; most are those of {most}"
        raise ConfigError(f"config.yaml: experiment_files: {problem}; reduce its trials or set profile.trials")


def check_ensembles(entries: Mapping[str, Entry], experiments: Mapping[str, Experiment]) -> None:
    """Raise ConfigError if classifiers cannot form the ensemble that they name; both mappings are by name."""
    members: dict[tuple[str, int], str] = {}
    for name, experiment in experiments.items():
        ensemble, label, where = experiment.ensemble, experiment.spec["one_vs_all"], entries[name].where
        if ensemble is None:
            continue
        if label is None:
            raise ConfigError(f"{where}: ensemble: combines one-vs-all classifiers; set one_vs_all or remove ensemble")
        other = members.setdefault((ensemble, label), name)
        if other != name:
            taken = f"{other} already classifies class {label} in ensemble '{ensemble}'"
            raise ConfigError(f"{where}: one_vs_all: {taken}; use another class")


def check_published_as(entries: Mapping[str, Entry]) -> None:
    """Raise ConfigError unless each ``published_as`` names an experiment of the same document that has none itself."""
    for entry in entries.values():
        name, document, where = entry.keys.get("published_as"), entry.header["document"], f"{entry.where}: published_as"
        if name is None:
            if "protocol" in entry.keys:
                raise ConfigError(
                    f"{entry.where}: protocol: needs published_as; name the experiment or remove protocol"
                )
            continue
        check_names(where, [name], [other.name for other in entries.values() if other.header["document"] == document])
        if name == entry.name:
            raise ConfigError(f"{where}: is the experiment itself; name another one or remove it")
        if (other := entries[name].keys.get("published_as")) is not None:
            raise ConfigError(f"{where}: {name} is itself compared with the values of {other}; name {other}")


def check_settings_from(where: str, settings_from: Mapping[str, str], spec: Mapping[str, Any]) -> None:
    """Raise ConfigError for a key that is neither a setting nor a group of settings.

    Args:
        where: the file and the experiment's name.
        settings_from: the key ``settings_from`` of an experiment.
        spec: its resolved specification, whose keys are the settings.
    """
    for key in settings_from:
        node, path = schema("experiment"), list[str]()
        for part in key.split("."):
            known: Iterable[str] = node.get("properties", {})
            if not path:
                known = [name for name in known if name in spec or name in ADDED_LATER]
            elif not known:
                break  # the arguments of a class: any name
            path.append(part)
            if part not in known:
                message = f"settings_from: there is no setting '{'.'.join(path)}'{nearest(part, known)}"
                raise ConfigError(f"{where}: {message}")
            node = node["properties"][part]
            node = schema("experiment")["$defs"]["keras_object"] if "$ref" in node else node


def _sampling(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield classes and images that the dataset does not have."""
    dataset, info, sampling, label = spec["dataset"], DATASETS[spec["dataset"]], spec["sampling"], spec["one_vs_all"]
    classes, proportions, size = sampling["classes"] or info.classes, sampling["proportions"], sampling["size"]
    if classes > info.classes:
        yield "sampling.classes", f"{dataset} has {info.classes} classes; got {classes}"
    if label is not None and label >= info.classes:
        yield "one_vs_all", f"must be a class of {dataset}, 0 to {info.classes - 1}; got {label}"
    if label is not None and sampling["classes"]:
        yield "one_vs_all", "cannot be combined with sampling.classes; remove one of them"
    if proportions is not None and len(proportions) != classes:
        yield "sampling.proportions", f"needs one number for each of the {classes} classes; got {len(proportions)}"
    if size is not None and size["maximum"] - size["minimum"] < 2:
        yield "sampling.size", "no size lies between minimum and maximum, which are exclusive; increase the maximum"
    if size is not None and not info.competition:
        yield "sampling.size", f"the original sizes of the images of {dataset} are not known; remove it"
    if sampling["augment"] == "resampled" and sampling["per_class"] is None:
        yield "sampling.augment", "without sampling.per_class no image is resampled; set per_class or use `all`"


def _augmentation(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield transforms that cannot be applied to these images or labels."""
    sampling, copies, loss = spec["sampling"], spec["augmented_copies"], spec["loss"]["class_name"]
    for number, item in enumerate(spec["augmentation"]):
        k = item["config"].get("k")
        if item["class_name"] == "one_of_k" and not (type(k) is int and 1 <= k <= GROWING_BATCH_OPERATIONS):
            problem = f"must be an integer from 1 to {GROWING_BATCH_OPERATIONS}; got {k!r}"
            yield f"augmentation[{number}].config.k", problem
    mixing = next((item["class_name"] for item in spec["augmentation"] if item["class_name"] in MIXING), None)
    if copies and not spec["augmentation"]:
        yield "augmented_copies", "there is no augmentation; add one or remove augmented_copies"
    for key, is_set in (("sampling.augment", sampling["augment"] == "resampled"), ("augmented_copies", copies)):
        if is_set and mixing:
            yield key, f"images augmented before training have one label each; remove {mixing}"
    if mixing and loss.startswith("Sparse"):
        remedy = "use a loss on one-hot labels, such as CategoricalCrossentropy"
        yield "loss", f"{mixing} mixes labels, and {loss} takes class numbers; {remedy}"
    if copies and (sampling["per_class"] or sampling["proportions"]):
        problem = "cannot be combined with sampling.per_class or sampling.proportions; remove one of them"
        yield "augmented_copies", problem


def _training(spec: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield validation and batches that the number of images does not allow."""
    training, fraction = spec["training"], spec["split"]["validation"]
    batch_size, multiplicity = training["batch_size"], training["multiplicity"]
    if spec["watch"] and DATASETS[spec["dataset"]].competition:
        yield "watch", f"the test images of {spec['dataset']} have no labels; remove it"
    if training["early_stopping"] and not fraction:
        remedy = "set split.validation or remove early_stopping"
        yield "training.early_stopping", f"needs a validation loss, but split.validation is 0; {remedy}"
    if training["early_stopping"] and training["weight_averaging"]:
        problem = "cannot be combined with early_stopping, which restores the weights of one epoch; remove one of them"
        yield "training.weight_averaging", problem
    averaging = training["weight_averaging"]
    if averaging and averaging["start_epoch"] > training["epochs"]:
        problem = f"must be at most training.epochs ({training['epochs']}); got {averaging['start_epoch']}"
        yield "training.weight_averaging.start_epoch", problem
    if spec["optimizer"]["config"].get("use_ema") and (training["early_stopping"] or averaging):
        other = "early_stopping" if training["early_stopping"] else "weight_averaging"
        problem = f"cannot be combined with training.{other}, which sets the final weights as well; remove one of them"
        yield "optimizer.config.use_ema", problem
    if training["steps_per_earlier_trial"]:
        rate = spec["optimizer"]["config"].get("learning_rate")
        if isinstance(rate, dict) and rate["class_name"] in SPANNING:
            problem = f"{rate['class_name']} has the length of one trial, and later trials would start beyond its end"
            yield "training.steps_per_earlier_trial", f"{problem}; remove it or use a schedule of Keras"
        if option := next((key for key in COUNTING if spec["optimizer"]["config"].get(key)), None):
            problem = f"cannot be combined with optimizer.config.{option}, which starts at step 0; remove one of them"
            yield "training.steps_per_earlier_trial", problem
    if batch_size % multiplicity:
        problem = f"must be a multiple of training.multiplicity ({multiplicity}); got {batch_size}"
        yield "training.batch_size", problem
    sizes = [DATASETS[spec["dataset"]].train_images, spec["limit"]["train_images"]]
    images = min((size for size in sizes if size is not None), default=None)
    # How many images sampling selects is known only once the dataset is prepared.
    if images is None or selects_images(spec["sampling"]):
        return
    validation = round(images * fraction)
    if training["early_stopping"] and not validation:
        problem = f"needs a validation loss, but split.validation of {images} images is no image"
        yield "training.early_stopping", f"{problem}; increase split.validation"
    images = (images - validation) * multiplicity * (spec["augmented_copies"] or 1)
    if batch_size > images:
        yield "training.batch_size", f"must be at most {images} (the training split); got {batch_size}"
