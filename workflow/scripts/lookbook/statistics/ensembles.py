"""Ensembles of trials: metrics of their combined predictions.

There are two kinds. ``seeds``: the finished trials of one experiment; the probability of the ensemble is the mean of
theirs (deep ensembles, Lakshminarayanan et al. 2017). ``one_vs_all``: a binary classifier per class; the class with the
highest probability wins (Rifkin and Klautau 2004).

Cross-entropies are computed from the saved log-likelihoods, not from the float16 probabilities, which round small
values to zero. The cross-entropy of a single trial is therefore exactly the trial's own.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lookbook.errors import ConfigError
from lookbook.results.benchmark import Benchmark
from lookbook.results.predictions import predicted_splits, read_split
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import Trial, read_trial

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
    "identity",
)
NO_SPLIT = "the trials have neither a test nor a validation split"


def combine_ensembles(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per experiment, then one per one-vs-all ensemble, with the columns ``COLUMNS``.

    Only finished trials are members; one trial's predictions are in memory at a time. One-vs-all classifiers with the
    same ``ensemble`` in experiments.json form one ensemble, reported under that name.

    Returns:
        ``split`` is ``test``, or ``valid`` without a test split; ``accuracy``, ``cross_entropy`` (nats) and
        ``macro_f1`` are the ensemble's; ``mean_member_accuracy`` is its members' on the same images; ``gain`` is the
        difference of the two accuracies; ``disagreement`` is the share of images that two members classify
        differently, averaged over all pairs. ``note`` gives the reason for missing values.

    Raises:
        ConfigError: two classifiers of a one-vs-all ensemble have the same class, by their configuration or by the
            labels of their images.
        ResultError: a trial.json or predictions.npz is missing, damaged or of another trial than the planned one.
    """
    experiments = benchmark.experiments
    trials = {name: [read_trial(planned) for planned in benchmark.trials([name])] for name in experiments}
    rows: list[dict[str, Any]] = []
    for name, planned in trials.items():
        values = seed_ensemble([trial for trial in planned if trial.is_finished])
        identity = identity_of_trials(planned, [name])
        rows.append({"experiment": name, "kind": "seeds", **values, "identity": identity})
    for name, members in one_vs_all_members(experiments).items():
        finished = {
            label: {number: trial for number, trial in enumerate(trials[member]) if trial.is_finished}
            for label, member in members.items()
        }
        values = one_vs_all_ensemble(name, finished)
        planned = [trial for member in members.values() for trial in trials[member]]
        identity = identity_of_trials(planned, members.values())
        rows.append({"experiment": name, "kind": "one_vs_all", **values, "identity": identity})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"members": "Int64"})


def one_vs_all_members(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """Return the members of each one-vs-all ensemble: class index to experiment, in ascending order.

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
                "give each its own class, or give one of them another ensemble"
            )
        members[label] = name
    return {ensemble: dict(sorted(members.items())) for ensemble, members in groups.items()}


def seed_ensemble(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the metrics of the mean prediction of finished trials that predicted the same images.

    The float16 probabilities of each member are divided by their sum, so that all members have equal weight. If two
    classes tie, the one that more members predicted wins.
    """
    result: dict[str, Any] = {"members": len(trials)}
    if not trials:
        return result | {"note": "no finished trial"}
    split = first_split(trials[0])
    if split is None:
        return result | {"note": NO_SPLIT}
    first: dict[str, np.ndarray] = {}
    accuracies = []
    for trial in trials:
        member = read_split(trial.file("predictions.npz"), split)
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
    # 1e-9 is far below the resolution of float16, so votes decide ties only.
    predicted = (total / len(trials) + 1e-9 * votes).argmax(axis=1)
    values = scores(first["labels"], predicted, log_total - math.log(len(trials)))
    mean_member = float(np.mean(accuracies))
    result |= {"split": split, **values, "mean_member_accuracy": mean_member}
    result |= {"gain": values["accuracy"] - mean_member, "disagreement": disagreement(votes)}
    return result | ({} if len(trials) > 1 else {"note": "one finished trial: the ensemble has one member"})


def one_vs_all_ensemble(name: str, members: Mapping[int, Mapping[int, Trial]]) -> dict[str, Any]:
    """Return the metrics of one-vs-all classifiers, averaged over the trials that all of them finished.

    The predicted class is the one with the highest probability of "1". For the cross-entropy, the probabilities of an
    image are divided by their sum, since the classifiers are trained independently.

    Args:
        name: the ensemble's, for messages.
        members: class index to trial number to finished trial.

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
        return result | {"note": NO_SPLIT}
    values = []
    for number in shared:
        files = [trials[number].file("predictions.npz") for trials in members.values()]
        arrays = [read_split(file, split, "rows", "labels", "log_likelihood") for file in files]
        if any(not np.array_equal(member["rows"], arrays[0]["rows"]) for member in arrays):
            return result | {"note": different_images(split)}
        positive = np.stack([member["labels"] for member in arrays], axis=1)
        claims = positive.sum(axis=1)
        if (claims > 1).any():
            raise ConfigError(
                f"ensemble {name}, trial {number}: {np.count_nonzero(claims > 1)} {split} images are a 1 for more than "
                "one classifier; give all its experiments the same dataset and sampling"
            )
        if (claims == 0).any():
            lost = np.count_nonzero(claims == 0)
            return result | {"note": f"{lost} of {len(claims)} {split} images are of a class that has no classifier"}
        log_positive = np.stack([log_probability_of_one(m["labels"], m["log_likelihood"]) for m in arrays], axis=1)
        labels = positive.argmax(axis=1)
        log_likelihood = log_positive[np.arange(len(labels)), labels] - np.logaddexp.reduce(log_positive, axis=1)
        values.append(scores(labels, log_positive.argmax(axis=1), log_likelihood))
    result |= {"split": split} | {key: float(np.mean([v[key] for v in values])) for key in values[0]}
    return result | ({} if len(shared) == 1 else {"note": f"mean of {len(shared)} trials"})


def first_split(trial: Trial) -> str | None:
    """Return ``test`` if the trial predicted it, else ``valid`` if it did, else None."""
    splits = predicted_splits(trial.file("predictions.npz"))
    return next((split for split in ("test", "valid") if split in splits), None)


def different_images(split: str) -> str:
    """Return the note on trials whose rows differ."""
    if split == "valid":
        return "no test split, and each trial has its own validation images"
    return f"the trials predicted different {split} images"


def scores(labels: np.ndarray, predicted: np.ndarray, log_likelihood: np.ndarray) -> dict[str, float]:
    """Return accuracy, cross-entropy and macro F1 (over the classes that occur) of N predictions, each (N,)."""
    # Importing scikit-learn takes two seconds, which a benchmark without ensembles need not wait for.
    from sklearn.metrics import f1_score

    macro_f1 = f1_score(labels, predicted, labels=np.unique(labels), average="macro")
    return {
        "accuracy": float(np.mean(predicted == labels)),
        "cross_entropy": -float(np.mean(log_likelihood)),
        "macro_f1": float(macro_f1),
    }


def disagreement(votes: np.ndarray) -> float:
    """Return the share of images that two members classify differently, averaged over all pairs of members.

    v members that predict the same class are v (v - 1) ordered pairs that agree.

    Args:
        votes: (N, C), how many members predicted each class; a single member gives NaN.
    """
    members = votes[0].sum()
    if members < 2:
        return math.nan
    return float(1 - (votes * (votes - 1)).sum(axis=1).mean() / (members * (members - 1)))


def log_probability_of_one(labels: np.ndarray, log_likelihood: np.ndarray) -> np.ndarray:
    """Return the logarithm of a binary classifier's probability of "1", float64 (N,).

    Args:
        labels: (N,), 0 or 1.
        log_likelihood: (N,), logarithm of the probability of that label.
    """
    known = log_likelihood.astype(np.float64)
    # log(1 - exp(x)) without cancellation: Maechler 2012, "Accurately computing log(1 - exp(-|a|))".
    with np.errstate(divide="ignore"):
        other = np.where(known > -math.log(2), np.log(-np.expm1(known)), np.log1p(-np.exp(known)))
    return np.where(labels == 1, known, other)
