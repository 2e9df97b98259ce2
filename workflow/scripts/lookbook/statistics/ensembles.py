"""Ensembles of trials that are there anyway: what would their averaged prediction have scored?

Two kinds. ``seeds``: the finished trials of one experiment, which differ by their seed alone; the ensemble's
probability is the mean of theirs (deep ensembles, Lakshminarayanan et al. 2017). ``one_vs_all``: a binary
classifier for each class; the class whose classifier is surest wins (Rifkin and Klautau 2004).

Cross-entropies come from the saved log-likelihoods, not from the float16 probabilities: nothing is rounded to
zero there, so nothing has to be clipped, and an ensemble of one trial has exactly that trial's cross-entropy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lookbook.errors import ConfigError
from lookbook.statistics.trials import FINISHED

COLUMNS = (
    "experiment",
    "kind",
    "split",
    "members",
    "accuracy",
    "cross_entropy",
    "macro_f1",
    "mean_member_accuracy",
    "gain",
    "disagreement",
    "note",
)
# In the order of preference: a split that every member predicted for the same images.
SPLITS = ("test", "valid")


def combine(root: Path, plan: Mapping[str, int], experiments: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per experiment, then one per one-vs-all ensemble, with the columns ``COLUMNS``.

    Args:
        root: holds ``<experiment>/<trial>/trial.json`` and ``predictions.npz``; only finished trials (ok or
            collapsed) are members. One trial's predictions are in memory at a time.
        plan: experiment to number of trials.
        experiments: name to ``{"ensemble", "spec": {"one_vs_all"}}`` as in experiments.json. One-vs-all
            classifiers whose ``ensemble`` is the same name form one ensemble, reported under that name.

    Returns:
        ``split`` is ``test``, or ``valid`` where there is no test split; ``accuracy``, ``cross_entropy``
        (nats) and ``macro_f1`` are the ensemble's; ``mean_member_accuracy`` its members' on the same images;
        ``gain`` the difference of the two accuracies; ``disagreement`` the share of images that two members
        put into different classes, averaged over all pairs. ``note`` says what is missing and why.

    Raises:
        ConfigError: two classifiers of a one-vs-all ensemble have the same class, by their configuration or by
            the labels of their images.
    """
    trials = {name: finished_trials(root / name, plan.get(name, 0)) for name in experiments}
    rows: list[dict[str, Any]] = [
        {"experiment": name, "kind": "seeds", **seed_ensemble(list(paths.values()))} for name, paths in trials.items()
    ]
    for name, members in one_vs_all_members(experiments).items():
        figures = one_vs_all_ensemble(name, {label: trials[member] for label, member in members.items()})
        rows.append({"experiment": name, "kind": "one_vs_all", **figures})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"members": "Int64"})


def finished_trials(folder: Path, count: int) -> dict[int, Path]:
    """Return the number and the predictions of those of an experiment's first trials that finished."""
    found = {}
    for trial in range(count):
        path = folder / str(trial) / "trial.json"
        if path.is_file() and json.loads(path.read_text(encoding="utf-8"))["status"] in FINISHED:
            found[trial] = path.with_name("predictions.npz")
    return found


def one_vs_all_members(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """Return each one-vs-all ensemble's class indices and the experiments that know them, by class.

    Raises:
        ConfigError: two experiments of an ensemble have the same class.
    """
    groups: dict[str, dict[int, str]] = {}
    for name, experiment in experiments.items():
        ensemble, label = experiment.get("ensemble"), experiment["spec"].get("one_vs_all")
        if ensemble is None or label is None:
            continue
        members = groups.setdefault(ensemble, {})
        if label in members:
            raise ConfigError(
                f"experiments {members[label]} and {name} both have one_vs_all: {label} in the ensemble {ensemble}; "
                "give each its own class, or another name to the ensemble of one of them"
            )
        members[label] = name
    return {ensemble: dict(sorted(members.items())) for ensemble, members in groups.items()}


def seed_ensemble(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the figures of the mean prediction of trials that predicted the same images.

    Each member's float16 probabilities are widened and brought to a sum of one before they are averaged, so
    that every member weighs the same. Where two classes tie, the one that more members chose wins.

    Args:
        paths: predictions.npz of each member.
    """
    result: dict[str, Any] = {"members": len(paths)}
    if not paths:
        return result | {"note": "no finished trial"}
    split = first_split(paths[0])
    if split is None:
        return result | {"note": "neither a test nor a validation split to combine on"}
    first: dict[str, np.ndarray] = {}
    accuracies = []
    for path in paths:
        member = read_split(path, split, ("rows", "labels", "predicted", "log_likelihood", "probabilities"))
        if not first:
            first, log_total = member, np.full(len(member["labels"]), -np.inf)
            total, votes = np.zeros((2, *member["probabilities"].shape))
        elif not np.array_equal(member["rows"], first["rows"]):
            return result | {"note": different_images(split)}
        probabilities = member["probabilities"].astype(np.float64)
        total += probabilities / probabilities.sum(axis=1, keepdims=True)
        votes[np.arange(len(votes)), member["predicted"]] += 1
        log_total = np.logaddexp(log_total, member["log_likelihood"].astype(np.float64))
        accuracies.append(np.mean(member["predicted"] == member["labels"]))
    # Far below the resolution of float16: the votes decide ties and nothing else.
    predicted = (total / len(paths) + 1e-9 * votes).argmax(axis=1)
    figures = scores(first["labels"], predicted, log_total - math.log(len(paths)))
    mean_member = float(np.mean(accuracies))
    result |= {"split": split, **figures, "mean_member_accuracy": mean_member}
    result |= {"gain": figures["accuracy"] - mean_member, "disagreement": disagreement(votes)}
    return result | ({} if len(paths) > 1 else {"note": "one finished trial: nothing to combine it with"})


def one_vs_all_ensemble(name: str, members: Mapping[int, Mapping[int, Path]]) -> dict[str, Any]:
    """Return the figures of one-vs-all classifiers together, averaged over the trials that all of them finished.

    The prediction is the class with the highest probability of "1". For the cross-entropy these probabilities
    are divided by their sum, which is one only by chance, since nothing ties the classifiers together.

    Args:
        name: the ensemble's, for messages.
        members: class index to trial number to predictions.npz.

    Raises:
        ConfigError: an image is a "1" for more than one classifier.
    """
    result: dict[str, Any] = {"members": len(members)}
    absent = [str(label) for label, trials in members.items() if not trials]
    if absent:
        return result | {"note": f"no finished trial of class {', '.join(absent)}"}
    shared = sorted(set.intersection(*(set(trials) for trials in members.values())))
    if not shared:
        return result | {"note": "no trial that the classifiers of all classes finished"}
    split = first_split(members[min(members)][shared[0]])
    if split is None:
        return result | {"note": "neither a test nor a validation split to combine on"}
    figures = []
    for trial in shared:
        read = [read_split(t[trial], split, ("rows", "labels", "log_likelihood")) for t in members.values()]
        if any(not np.array_equal(member["rows"], read[0]["rows"]) for member in read):
            return result | {"note": different_images(split)}
        positive = np.stack([member["labels"] for member in read], axis=1)
        claims = positive.sum(axis=1)
        if (claims > 1).any():
            raise ConfigError(
                f"ensemble {name}, trial {trial}: {np.count_nonzero(claims > 1)} {split} images are a 1 for more than "
                "one classifier, so its experiments do not share one set of classes; give them one data set and draw"
            )
        if (claims == 0).any():
            lost = np.count_nonzero(claims == 0)
            return result | {"note": f"{lost} of {len(claims)} {split} images are of a class that has no classifier"}
        log_positive = np.stack([log_probability_of_one(m["labels"], m["log_likelihood"]) for m in read], axis=1)
        labels = positive.argmax(axis=1)
        log_likelihood = log_positive[np.arange(len(labels)), labels] - np.logaddexp.reduce(log_positive, axis=1)
        figures.append(scores(labels, log_positive.argmax(axis=1), log_likelihood))
    result |= {"split": split} | {key: float(np.mean([f[key] for f in figures])) for key in figures[0]}
    return result | ({} if len(shared) == 1 else {"note": f"mean of {len(shared)} trials"})


def first_split(path: Path) -> str | None:
    """Return the first of ``SPLITS`` that a trial predicted."""
    with np.load(path) as arrays:
        return next((split for split in SPLITS if f"{split}_labels" in arrays), None)


def read_split(path: Path, split: str, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the named arrays of one split of predictions.npz; no other is unpacked."""
    with np.load(path) as arrays:
        return {name: arrays[f"{split}_{name}"] for name in names}


def different_images(split: str) -> str:
    """Say why there is no ensemble of trials whose rows differ."""
    if split == "valid":
        return "no test split, and each trial validates on other images"
    return f"the trials predicted different {split} images"


def scores(labels: np.ndarray, predicted: np.ndarray, log_likelihood: np.ndarray) -> dict[str, float]:
    """Return accuracy, cross-entropy and macro F1 (over the classes that occur) of N predictions, each (N,)."""
    # Two seconds that a run without anything to combine need not spend.
    from sklearn.metrics import f1_score

    macro_f1 = f1_score(labels, predicted, labels=np.unique(labels), average="macro")
    return {
        "accuracy": float(np.mean(predicted == labels)),
        "cross_entropy": -float(np.mean(log_likelihood)),
        "macro_f1": float(macro_f1),
    }


def disagreement(votes: np.ndarray) -> float:
    """Return the share of images that two members put into different classes, averaged over all pairs.

    Counting votes instead of comparing pairs: v members that chose the same class are v (v - 1) ordered pairs
    that agree.

    Args:
        votes: (N, C), how many members chose each class; one member has no pair, and gives NaN.
    """
    members = votes[0].sum()
    if members < 2:
        return math.nan
    return float(1 - (votes * (votes - 1)).sum(axis=1).mean() / (members * (members - 1)))


def log_probability_of_one(labels: np.ndarray, log_likelihood: np.ndarray) -> np.ndarray:
    """Return the logarithm of a binary classifier's probability of "1", float64 (N,).

    Args:
        labels: (N,), 0 or 1.
        log_likelihood: (N,), logarithm of the probability of that label. Near zero it is exact where a
            probability near one is not, so sure classifiers can be told from surer ones.
    """
    known = log_likelihood.astype(np.float64)
    # log(1 - exp(x)) without cancellation on either side: Maechler 2012, "Accurately computing log(1 - exp(-|a|))".
    with np.errstate(divide="ignore"):
        other = np.where(known > -math.log(2), np.log(-np.expm1(known)), np.log1p(-np.exp(known)))
    return np.where(labels == 1, known, other)
