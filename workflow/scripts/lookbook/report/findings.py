"""The short answer for a document: what was found, in a few sentences, from the tables alone.

A sentence is Markdown of one kind only: names stand in backticks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lookbook.report.experiment import Experiment
from lookbook.report.formatting import code, fixed, listed, plural, signed, signed_span, spread

SIGNIFICANT = 0.05
# A rank correlation of fewer says nothing.
RANKED = 4
NAMED = 4


def answers(
    experiments: Sequence[Experiment],
    *,
    comparable: bool,
    ensembles: Sequence[Mapping[str, Any]],
    one_vs_all: Sequence[Mapping[str, Any]],
    studies: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return what was found in a document's experiments, the answer to its own question first.

    Args:
        experiments: those of the document.
        comparable: whether the run's figures may be held against the published ones.
        ensembles, one_vs_all, studies: the sections of the document.
    """
    return [
        *against_published(experiments, comparable=comparable),
        *best(experiments, comparable=comparable),
        *changes(experiments),
        *collapses(experiments),
        *copies(experiments),
        *factors(studies),
        *gains(ensembles),
        *against_seeds(one_vs_all),
        *not_run(experiments),
    ]


def against_published(experiments: Sequence[Experiment], *, comparable: bool) -> Iterator[str]:
    """Say how many published accuracies were met, where the largest difference is, and whether the order holds."""
    published = [experiment for experiment in experiments if experiment.accuracy["published"] is not None]
    held = [experiment for experiment in published if experiment.accuracy["delta"] is not None]
    if not held:
        return
    if not comparable:
        yield f"These budgets are too small to judge {plural(len(held), 'published accuracy', 'published accuracies')}."
        return
    verdicts = [experiment.accuracy["verdict"] for experiment in held]
    words = {"agrees": "agrees in", "higher": "is higher in", "lower": "is lower in", "inconclusive": "is open in"}
    parts = [f"{phrase} {verdicts.count(word)}" for word, phrase in words.items() if word in verdicts]
    far = max(held, key=lambda experiment: abs(experiment.accuracy["delta"]))
    order = rank_correlation(held)
    yield (
        f"Of {plural(len(held), 'published accuracy', 'published accuracies')} ours {listed(parts)}; the largest "
        f"difference is {signed(far.accuracy['delta'])} ({code(far.name)})"
        + ("." if order is None else f", and the rank correlation of the two orders is {fixed(order, 2)}.")
    )


def rank_correlation(experiments: Sequence[Experiment]) -> float | None:
    """Return Spearman's correlation of our accuracies with the published ones, None where that says nothing."""
    ours = pd.Series([experiment.accuracy["mean"] for experiment in experiments]).rank()
    theirs = pd.Series([experiment.accuracy["published"] for experiment in experiments]).rank()
    if len(experiments) < RANKED or min(ours.nunique(), theirs.nunique()) == 1:
        return None
    return float(ours.corr(theirs))


def best(experiments: Sequence[Experiment], *, comparable: bool) -> Iterator[str]:
    """Name the best experiment on each data set and split, and the best published one of them beside it."""
    judged = [experiment for experiment in experiments if not experiment.remark]
    groups: dict[tuple[str, str], list[Experiment]] = {}
    for experiment in judged:
        if experiment.accuracy["mean"] is not None:
            groups.setdefault((experiment.facts["dataset"], experiment.split), []).append(experiment)
    for (dataset, split), members in groups.items():
        top = max(members, key=lambda experiment: experiment.accuracy["mean"])
        where = f" on {code(dataset)}" if len(groups) > 1 else ""
        ours = spread(top.accuracy["mean"], top.accuracy["std"])
        rivals = [experiment for experiment in members if experiment.accuracy["published"] is not None]
        rival = max(rivals, key=lambda experiment: experiment.accuracy["published"], default=None)
        theirs = (
            f"; best published {code(rival.name)}, {fixed(rival.accuracy['published'])}" if rival and comparable else ""
        )
        if len(members) > 1:
            yield f"Best {split} accuracy here{where}: {code(top.name)}, {ours}{theirs}."


def changes(experiments: Sequence[Experiment]) -> Iterator[str]:
    """Say which changes against a base raised or lowered the test accuracy beyond chance."""
    effects = {
        experiment.name: experiment.effect["metrics"]["test accuracy"]
        for experiment in experiments
        if experiment.effect and experiment.changes and not experiment.remark and experiment.effect["n_pairs"]
    }
    sure = {
        name: effect["difference"]
        for name, effect in effects.items()
        if effect["p_adjusted"] is not None and effect["p_adjusted"] < SIGNIFICANT
    }
    raised = [name for name, difference in sure.items() if difference > 0]
    lowered = [name for name, difference in sure.items() if difference < 0]
    parts: list[str] = []
    for word, names in (("raise", raised), ("lower", lowered)):
        if names:
            what = "it" if parts else "test accuracy beyond chance"
            parts.append(f"{len(names)} {verb(word, names)} {what} ({some(names)})")
    if parts:
        yield f"Of {plural(len(effects), 'change')} against a base, {listed(parts)}."


def collapses(experiments: Sequence[Experiment]) -> Iterator[str]:
    """Say how many trials collapsed, and where."""
    collapsed = [experiment for experiment in experiments if experiment.n_collapsed]
    if collapsed:
        places = [f"{code(e.name)} {e.n_collapsed} of {e.n_ok}" for e in collapsed]
        yield f"Trials that never learned: {listed(places)}."


def copies(experiments: Sequence[Experiment]) -> Iterator[str]:
    """Say what validation accuracy is left without the images that have a copy in train, where that takes most."""
    leaky = [e for e in experiments if e.copies and e.copies["copies"]["mean"] and e.copies["without"]["mean"]]
    if leaky:
        worst = max(leaky, key=drop)
        table = worst.copies or {}
        yield (
            f"Validation accuracy of {code(worst.name)} is {fixed(table['accuracy']['mean'])} as the document counts "
            f"it and {fixed(table['without']['mean'])} on the images that have no copy in the training part."
        )


def drop(experiment: Experiment) -> float:
    """Return how much validation accuracy images with a copy in train add."""
    table = experiment.copies or {}
    return float(table["accuracy"]["mean"] - table["without"]["mean"])


def factors(studies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Name the largest main effect of each factorial study."""
    for study in studies:
        found = [
            (effect["term"], effect["metrics"]["test accuracy"])
            for effect in study["effects"]
            if effect["order"] == 1 and (effect["metrics"].get("test accuracy") or {}).get("effect") is not None
        ]
        if found:
            term, row = max(found, key=lambda item: abs(item[1]["effect"]))
            known = row["ci_low"] is not None and row["ci_high"] is not None
            interval = f" (95%: {signed_span(row['ci_low'], row['ci_high'])})" if known else ""
            yield f"Largest factor of {code(study['name'])}: {code(term)}, {signed(row['effect'])}{interval}."


def gains(ensembles: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say what combining an experiment's trials adds."""
    combined = [row for row in ensembles if row["combined"] and row["gain"] is not None]
    if combined:
        average = sum(row["gain"] for row in combined) / len(combined)
        top = max(combined, key=lambda row: row["gain"])
        yield (
            f"Combining the trials of an experiment adds {signed(average)} accuracy on average over "
            f"{plural(len(combined), 'experiment')}, at most {signed(top['gain'])} ({code(top['experiment'])})."
        )


def against_seeds(comparisons: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Hold one-vs-all ensembles against the ensemble of seeds."""
    for comparison in comparisons:
        ensemble, seeds = comparison["ensemble"], comparison["seeds"]
        if ensemble["accuracy"] is not None:
            beside = ""
            if seeds is not None and seeds["combined"]:
                beside = f", {seeds['members']} seeds of {code(seeds['experiment'])} {fixed(seeds['accuracy'])}"
            yield f"{ensemble['members']} one-vs-all networks together reach {fixed(ensemble['accuracy'])}{beside}."


def not_run(experiments: Sequence[Experiment]) -> Iterator[str]:
    """Say how many experiments did not run."""
    absent = [experiment for experiment in experiments if not experiment.n]
    if absent:
        were = "was" if len(absent) == 1 else "were"
        yield f"{plural(len(absent), 'experiment')} {were} not run, see below for the reason and the remedy."


def verb(word: str, subjects: Sequence[str]) -> str:
    """Return a verb in the form that its number of subjects asks for."""
    return word + "s" if len(subjects) == 1 else word


def some(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - NAMED
    return listed([*(code(name) for name in names[:NAMED]), *([f"{more} more"] if more > 0 else [])])
