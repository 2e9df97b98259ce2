"""Ensembles of trials: metrics of their combined predictions.

There are two kinds. ``seeds``: the finished trials of one experiment; the probability of the ensemble is the mean of
theirs (deep ensembles, Lakshminarayanan et al. 2017). ``one_vs_all``: a binary classifier per class; the class with the
highest probability wins (Rifkin and Klautau 2004).

Cross-entropies are computed from the saved log-likelihoods, not from the float16 probabilities, which round small
values to zero. The cross-entropy of a single trial is therefore exactly the trial's own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lookbook.errors import ConfigError
from lookbook.evaluation.metrics import METRICS
from lookbook.results.benchmark import Benchmark
from lookbook.results.predictions import Predictions, main_predictions
from lookbook.results.tables import identity_of_trials
from lookbook.results.trial import Trial, read_trial

SCORES = ("accuracy", "cross_entropy", "macro_f1")
COLUMNS = (
    *("experiment", "kind", "split", "members", *SCORES),
    *("mean_member_accuracy", "gain", "disagreement", "note", "identity"),
)


def combine_ensembles(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per experiment, then one per one-vs-all ensemble, with the columns ``COLUMNS``.

    Only finished trials are members. One-vs-all classifiers with the same ``ensemble`` in experiments.json form one
    ensemble, reported under that name.

    Returns:
        ``split`` is ``test``, or ``valid`` without a test split; ``accuracy``, ``cross_entropy`` (nats) and
        ``macro_f1`` are the ensemble's; ``mean_member_accuracy`` is its members' on the same images; ``gain`` is the
        difference of the two accuracies; ``disagreement`` is the share of images that two members classify
        differently, averaged over all pairs. ``note`` gives the reason for missing values.

    Raises:
        ConfigError: two classifiers of a one-vs-all ensemble have the same class by the labels of their images.
        ResultError: a trial.json or predictions.npz is missing, damaged or of another trial than the planned one.
    """
    trials = {name: [read_trial(planned) for planned in benchmark.trials([name])] for name in benchmark.experiments}
    rows: list[dict[str, Any]] = []
    for name, planned in trials.items():
        finished = [trial for trial in planned if trial.is_finished]
        row = {"experiment": name, "kind": "seeds", "members": len(finished), **seed_ensemble(finished)}
        rows.append(row | {"identity": identity_of_trials(planned, [name])})
    for name, members in one_vs_all_members(benchmark.experiments).items():
        planned = [trial for member in members.values() for trial in trials[member]]
        values = one_vs_all_ensemble(name, {label: trials[member] for label, member in members.items()})
        row = {"experiment": name, "kind": "one_vs_all", "members": len(members), **values}
        rows.append(row | {"identity": identity_of_trials(planned, members.values())})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"members": "Int64"})


def one_vs_all_members(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[int, str]]:
    """Return the members of each one-vs-all ensemble: class index to experiment, in ascending order."""
    groups: dict[str, dict[int, str]] = {}
    for name, experiment in experiments.items():
        if experiment.get("ensemble") is not None:
            groups.setdefault(experiment["ensemble"], {})[experiment["spec"]["one_vs_all"]] = name
    return {ensemble: dict(sorted(members.items())) for ensemble, members in groups.items()}


def seed_ensemble(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the metrics of the mean prediction of finished trials.

    The rounded probabilities of each member are divided by their sum, so that all members have equal weight. If two
    classes tie, the one that more members predicted wins.
    """
    if not trials:
        return {"note": "no finished trial"}
    members, note = read_members(trials)
    if note:
        return {"note": note}
    mean = np.mean([m.probabilities / m.probabilities.sum(axis=1, keepdims=True) for m in members], axis=0)
    votes = np.sum([np.eye(mean.shape[1])[m.predicted] for m in members], axis=0)
    log_total = np.logaddexp.reduce([m.log_likelihood.astype(np.float64) for m in members])
    combined = replace(
        members[0],
        # 1e-9 is far below the resolution of float16, so votes decide ties only.
        predicted=(mean + 1e-9 * votes).argmax(axis=1),
        probabilities=mean,
        log_likelihood=log_total - math.log(len(members)),
    )
    values = scores(combined)
    mean_member = float(np.mean([member.correct.mean() for member in members]))
    return {
        "split": combined.split,
        **values,
        "mean_member_accuracy": mean_member,
        "gain": values["accuracy"] - mean_member,
        "disagreement": disagreement(votes),
        "note": None if len(members) > 1 else "only one trial has finished",
    }


def one_vs_all_ensemble(name: str, classifiers: Mapping[int, Sequence[Trial]]) -> dict[str, Any]:
    """Return the metrics of one-vs-all classifiers, averaged over the trials that all of them finished.

    The predicted class is the one with the highest probability of "1". For the cross-entropy, the probabilities of an
    image are divided by their sum, since the classifiers are trained independently.

    Args:
        name: the ensemble's, for messages.
        classifiers: class index to the trials of its classifier.

    Raises:
        ConfigError: an image is a "1" for more than one classifier.
    """
    finished = {
        label: {number for number, trial in enumerate(trials) if trial.is_finished}
        for label, trials in classifiers.items()
    }
    absent = [str(label) for label, numbers in finished.items() if not numbers]
    if absent:
        return {"note": f"no finished trial of class {', '.join(absent)}"}
    shared = sorted(set.intersection(*finished.values()))
    if not shared:
        return {"note": "no trial that the classifiers of all classes finished"}
    values = []
    for number in shared:
        members, note = read_members([trials[number] for trials in classifiers.values()])
        if note:
            return {"note": note}
        split, positive = members[0].split, np.stack([member.labels for member in members], axis=1)
        claims = positive.sum(axis=1)
        if (claims > 1).any():
            raise ConfigError(
                f"ensemble {name}, trial {number}: {np.count_nonzero(claims > 1)} {split} images are a 1 for more than "
                "one classifier; give all its experiments the same dataset and sampling"
            )
        if (claims == 0).any():
            lost = np.count_nonzero(claims == 0)
            return {"note": f"{lost} of {len(claims)} {split} images are of a class that has no classifier"}
        log_positive = np.stack([log_probability_of_one(member) for member in members], axis=1)
        labels = positive.argmax(axis=1)
        log_probabilities = log_positive - np.logaddexp.reduce(log_positive, axis=1, keepdims=True)
        combined = Predictions(
            split,
            labels,
            predicted=log_positive.argmax(axis=1),
            rows=members[0].rows,
            probabilities=np.exp(log_probabilities),
            log_likelihood=log_probabilities[np.arange(len(labels)), labels],
        )
        values.append(scores(combined))
    means = {key: float(np.mean([trial[key] for trial in values])) for key in SCORES}
    return {"split": split, **means, "note": None if len(shared) == 1 else f"mean of {len(shared)} trials"}


def read_members(trials: Sequence[Trial]) -> tuple[list[Predictions], str]:
    """Return the predictions of trials, and why they cannot be combined; an empty string if they can."""
    members = [predictions for trial in trials if (predictions := main_predictions(trial)) is not None]
    if len(members) < len(trials):
        return members, "the trials have neither a test nor a validation split"
    split = members[0].split
    if any(member.split != split or not np.array_equal(member.rows, members[0].rows) for member in members):
        if split == "valid":
            return members, "no test split, and each trial has its own validation images"
        return members, f"the trials predicted different {split} images"
    return members, ""


def scores(predictions: Predictions) -> dict[str, float]:
    """Return the metrics ``SCORES``."""
    return {metric.name: float(metric.compute(predictions)) for metric in METRICS if metric.name in SCORES}


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


def log_probability_of_one(predictions: Predictions) -> np.ndarray:
    """Return the logarithm of a binary classifier's probability of "1", float64 (N,)."""
    known = predictions.log_likelihood.astype(np.float64)
    # log(1 - exp(x)) without cancellation: Maechler 2012, "Accurately computing log(1 - exp(-|a|))".
    with np.errstate(divide="ignore"):
        other = np.where(known > -math.log(2), np.log(-np.expm1(known)), np.log1p(-np.exp(known)))
    return np.where(predictions.labels == 1, known, other)
