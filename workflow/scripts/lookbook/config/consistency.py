"""Refuse values that are valid one by one but not together, or not with the dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lookbook.config.signatures import nearest
from lookbook.datasets import DATASETS
from lookbook.errors import ConfigError

if TYPE_CHECKING:
    from lookbook.config.experiments import Experiment

# Augmentations that mix the labels of a batch, which images augmented before training cannot have.
MIXING = ("mixup", "MixUp", "CutMix")
# The length of the list that one_of_k draws from.
GROWING_BATCH_OPERATIONS = 7


def check_spec(file: str, name: str, spec: Mapping[str, Any], experiments: Iterable[str]) -> None:
    """Raise ConfigError for values of a resolved experiment that do not fit together.

    Args:
        file: the file that contains the experiment.
        name: the experiment's name.
        spec: the resolved specification.
        experiments: the names of all experiments.
    """
    where = f"{file}: {name}"
    if spec["dataset"] not in DATASETS:
        raise ConfigError(f"{where}: dataset: there is no '{spec['dataset']}'{nearest(spec['dataset'], DATASETS)}")
    initial = spec["initial_weights"]
    if initial is not None and initial not in experiments:
        raise ConfigError(
            f"{where}: initial_weights: there is no experiment '{initial}'{nearest(initial, experiments)}"
        )
    if spec["training"]["early_stopping"] and not spec["split"]["validation"]:
        raise ConfigError(
            f"{where}: training.early_stopping: needs a validation loss, but split.validation is 0; "
            "set split.validation or remove early_stopping"
        )
    if spec["training"]["early_stopping"] and spec["training"]["weight_averaging"]:
        raise ConfigError(
            f"{where}: training.weight_averaging: cannot be combined with early_stopping, which restores the weights "
            "of one epoch; remove one of them"
        )
    _check_sampling(where, spec)
    _check_augmentation(where, spec)
    _check_batch_size(where, spec)


def check_ensembles(files: Mapping[str, str], experiments: Mapping[str, Experiment]) -> None:
    """Raise ConfigError if classifiers cannot form the ensemble that they name.

    Args:
        files: the file that contains each experiment.
        experiments: the resolved experiments.
    """
    members: dict[tuple[str, int], str] = {}
    for name, experiment in experiments.items():
        if experiment.ensemble is None:
            continue
        where, label = f"{files[name]}: {name}", experiment.spec["one_vs_all"]
        if label is None:
            raise ConfigError(f"{where}: ensemble: combines one-vs-all classifiers; set one_vs_all or remove ensemble")
        other = members.setdefault((experiment.ensemble, label), name)
        if other != name:
            raise ConfigError(
                f"{where}: one_vs_all: {other} already classifies class {label} in ensemble "
                f"'{experiment.ensemble}'; use another class"
            )


def _check_sampling(where: str, spec: Mapping[str, Any]) -> None:
    """Refuse classes and images that the dataset does not have."""
    dataset, info, sampling = spec["dataset"], DATASETS[spec["dataset"]], spec["sampling"]
    classes = sampling["classes"] or info.classes
    if classes > info.classes:
        raise ConfigError(f"{where}: sampling.classes: {dataset} has {info.classes} classes; got {classes}")
    if spec["one_vs_all"] is not None and spec["one_vs_all"] >= info.classes:
        raise ConfigError(
            f"{where}: one_vs_all: must be a class of {dataset}, 0 to {info.classes - 1}; got {spec['one_vs_all']}"
        )
    if spec["one_vs_all"] is not None and sampling["classes"]:
        raise ConfigError(f"{where}: one_vs_all: cannot be combined with sampling.classes; remove one of them")
    if sampling["proportions"] is not None and len(sampling["proportions"]) != classes:
        raise ConfigError(
            f"{where}: sampling.proportions: needs one number for each of the {classes} classes; "
            f"got {len(sampling['proportions'])}"
        )
    size = sampling["size"]
    if size is not None and size["maximum"] - size["minimum"] < 2:
        raise ConfigError(
            f"{where}: sampling.size: there is no size between minimum and maximum, which are exclusive; "
            "increase the maximum"
        )
    if size is not None and not info.competition:
        raise ConfigError(
            f"{where}: sampling.size: the original sizes of the images of {dataset} are not known; remove it"
        )


def _check_augmentation(where: str, spec: Mapping[str, Any]) -> None:
    """Refuse transforms that cannot be applied as the experiment states."""
    sampling, copies = spec["sampling"], spec["augmented_copies"]
    for number, item in enumerate(spec["augmentation"]):
        k = item["config"].get("k")
        if item["class_name"] == "one_of_k" and (not isinstance(k, int) or not 1 <= k <= GROWING_BATCH_OPERATIONS):
            raise ConfigError(
                f"{where}: augmentation[{number}].config.k: must be an integer from 1 to {GROWING_BATCH_OPERATIONS}; "
                f"got {k!r}"
            )
    mixing = next((item["class_name"] for item in spec["augmentation"] if item["class_name"] in MIXING), None)
    if sampling["augment"] == "resampled" and sampling["per_class"] is None:
        raise ConfigError(
            f"{where}: sampling.augment: without sampling.per_class no image is resampled; set per_class or use `all`"
        )
    if copies is not None and not spec["augmentation"]:
        raise ConfigError(f"{where}: augmented_copies: there is no augmentation; add one or remove augmented_copies")
    for key, is_set in (("sampling.augment", sampling["augment"] == "resampled"), ("augmented_copies", bool(copies))):
        if is_set and mixing:
            raise ConfigError(f"{where}: {key}: images augmented before training have one label each; remove {mixing}")
    if mixing and spec["loss"]["class_name"].startswith("Sparse"):
        raise ConfigError(
            f"{where}: loss: {mixing} mixes labels, and {spec['loss']['class_name']} takes class numbers; use a loss "
            "on one-hot labels, such as CategoricalCrossentropy"
        )
    if copies is not None and any(sampling[key] is not None for key in ("per_class", "proportions")):
        raise ConfigError(
            f"{where}: augmented_copies: cannot be combined with sampling.per_class or sampling.proportions; "
            "remove one of them"
        )


def _check_batch_size(where: str, spec: Mapping[str, Any]) -> None:
    """Refuse a batch that is larger than the training split, or not a multiple of the multiplicity."""
    training, sampling = spec["training"], spec["sampling"]
    batch_size, multiplicity = training["batch_size"], training["multiplicity"]
    if batch_size % multiplicity:
        raise ConfigError(
            f"{where}: training.batch_size: must be a multiple of training.multiplicity ({multiplicity}); "
            f"got {batch_size}"
        )
    sizes = [DATASETS[spec["dataset"]].train_images, spec["limit"]["train_images"]]
    images = min((size for size in sizes if size is not None), default=None)
    # How many images sampling selects is known only once the dataset is prepared.
    if images is None or any(sampling[key] is not None for key in ("classes", "size", "proportions", "per_class")):
        return
    validation = round(images * spec["split"]["validation"])
    if training["early_stopping"] and not validation:
        raise ConfigError(
            f"{where}: training.early_stopping: needs a validation loss, but split.validation of {images} images is "
            "no image; increase split.validation"
        )
    images = (images - validation) * multiplicity * (spec["augmented_copies"] or 1)
    if batch_size > images:
        raise ConfigError(
            f"{where}: training.batch_size: must be at most {images} (the training split); got {batch_size}"
        )
