"""The claims of the documents, each with a verdict and the evidence for it."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd

from lookbook.formatting import listed, plural
from lookbook.results.tables import identity_of
from lookbook.results.trial import FINISHED
from lookbook.statistics import claim_tests
from lookbook.statistics.claim_evidence import (
    Evidence,
    Histories,
    Matrices,
    better,
    differing,
    has_width,
    interval,
    rate,
    trials_each,
    words,
)
from lookbook.statistics.claim_tests import CONTRADICTED, SUPPORTED, UNDECIDED, Outcome, Sample
from lookbook.statistics.published import NOT_COMPARABLE

NOT_RUN = "not run"
VERDICTS = (SUPPORTED, CONTRADICTED, UNDECIDED, NOT_RUN, NOT_COMPARABLE)
COLUMNS = (
    *("document", "claim", "source", "test", "names", "verdict", "evidence"),
    *("estimate", "ci_low", "ci_high", "trials", "trials_needed", "identity"),
)


def judge_claims(
    claims: Sequence[Mapping[str, Any]],
    trials: pd.DataFrame,
    specs: Mapping[str, Mapping[str, Any]],
    profile: Mapping[str, Any],
    histories: Histories,
    matrices: Matrices,
) -> pd.DataFrame:
    """Return one row per claim with the columns ``COLUMNS``.

    Trials of two experiments are compared in pairs of equal seeds if the experiments split the same images in the same
    way, else as independent groups. Collapsed trials are finished and count.

    Args:
        claims: as ``config.claims.claims_of`` returns them.
        trials: trials.csv.
        specs: the resolved specification of each experiment of the run.
        profile: ``comparable``, whether the budget of the run allows verdicts, and ``margin``, by metric.
        histories: experiment to the history of each finished trial, for the experiments of ``plateau``.
        matrices: experiment to the confusion matrix (C, C) of each finished trial, for those of ``most_confused``.

    Returns:
        ``names`` are the experiments, separated by spaces. ``trials`` is the smallest number of finished trials, or of
        pairs, that the verdict rests on. ``ci_low`` and ``ci_high`` are missing for fewer than two trials and for
        equal values. ``trials_needed`` is how many would decide an undecided claim.
    """
    rows = []
    for claim in claims:
        row = {key: claim[key] for key in ("document", "claim", "source", "test")}
        names = [name for name in claim["experiments"] if name in specs]
        row |= {"names": " ".join(claim["experiments"]), "identity": identity_of(trials, claim["experiments"])}
        finished = {name: _finished(trials, name) for name in names}
        absent = [name for name in claim["experiments"] if not len(finished.get(name, ()))]
        if not profile["comparable"]:
            row |= {"verdict": NOT_COMPARABLE, "evidence": "The budgets of this run are too small for a verdict."}
        elif absent:
            has = "has" if len(absent) == 1 else "have"
            row |= {
                "verdict": NOT_RUN,
                "evidence": f"{listed([f'`{name}`' for name in absent])} {has} no finished trial.",
            }
        else:
            judge = JUDGES[claim["test"]]
            row |= judge(claim, Evidence(finished, specs, profile["margin"], histories, matrices))
            row["evidence"] += differing([finished[name] for name in names])
        rows.append(row)
    whole = dict.fromkeys(("trials", "trials_needed"), "Int64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(whole)


def _means(test: Callable[[Sample, float], Outcome], *, has_margin: bool = True) -> Callable[..., dict[str, Any]]:
    """Return the judge of a claim about the difference of two experiments, within a margin if it has one."""

    def judge(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
        name, other = claim["experiments"]
        sample, n, trials = found.advantage(name, other, claim["metric"])
        margin = found.margin(claim) if has_margin else 0.0
        outcome = test(sample, margin)
        within = f"margin {margin:g}, " if has_margin else ""
        return _row(outcome, n, f"{better(name, other, claim['metric'])} {interval(outcome)}, {within}{trials}")

    return judge


def _order(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
    steps = [
        (name, other, *found.advantage(name, other, claim["metric"])) for name, other in pairwise(claim["experiments"])
    ]
    total, outcomes = claim_tests.judge_order([step[2] for step in steps])
    texts = [
        f"`{name}` over `{other}` {interval(outcome)}, {trials}"
        for (name, other, _, _, trials), outcome in zip(steps, outcomes, strict=True)
    ]
    start = f"Advantage in {words(claim['metric'])}: "
    return _row(total, min(step[3] for step in steps), start + "; ".join(texts))


def _spread(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
    name, other = claim["experiments"]
    groups = [found.values(which, claim["metric"]) for which in (name, other)]
    outcome = claim_tests.judge_spread(*groups)
    n = min(map(len, groups))
    start = f"Mean absolute deviation from the median of {words(claim['metric'])}, `{name}` minus `{other}`:"
    return _row(outcome, n, f"{start} {interval(outcome)}, {trials_each(*groups)}")


def _threshold(sign: float) -> Callable[..., dict[str, Any]]:
    """Return the judge of a mean above (1) or below (-1) a threshold."""

    def judge(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
        (name,) = claim["experiments"]
        values = found.values(name, claim["metric"])
        outcome = claim_tests.judge_above(Sample(sign * (values - claim["threshold"])), 0.0)
        start = f"{words(claim['metric']).capitalize()} of `{name}` minus {claim['threshold']:g}:"
        low, high = sorted((sign * outcome.low, sign * outcome.high))
        turned = Outcome(outcome.verdict, sign * outcome.estimate, low, high, outcome.trials_needed)
        return _row(turned, len(values), f"{start} {interval(turned)}, {plural(len(values), 'trial')}")

    return judge


def _collapses(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
    (name,) = claim["experiments"]
    statuses = found.finished[name]["status"]
    count, n = int((statuses == "collapsed").sum()), len(statuses)
    outcome = claim_tests.judge_rate(count, n, claim["share"])
    return _row(outcome, n, f"{count} of {n} trials of `{name}` collapse {rate(outcome)}")


def _plateau(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
    (name,) = claim["experiments"]
    first, last, column = claim["from_epoch"], claim["to_epoch"], claim["metric"]
    curves = [history[column] for history in found.histories.get(name, ()) if column in history]
    gains = [curve[last] - curve[first] for curve in curves if first in curve.index and last in curve.index]
    values = np.array([gain for gain in gains if not math.isnan(gain)], dtype=np.float64)
    if not len(values):
        return _not_recorded(f"No history of `{name}` has {words(column)} at the epochs {first} and {last}")
    margin = found.margin(claim)
    outcome = claim_tests.judge_equal(Sample(values), margin)
    start = f"Change in {words(column)} of `{name}` from epoch {first} to {last}:"
    evidence = f"{start} {interval(outcome)}, margin {margin:g}, {plural(len(values), 'trial')}"
    return _row(outcome, len(values), evidence)


def _most_confused(claim: Mapping[str, Any], found: Evidence) -> dict[str, Any]:
    pair = tuple(sorted(claim["labels"]))
    confused = [_most_confused_pair(m) for name in claim["experiments"] for m in found.matrices.get(name, ())]
    count, n = sum(pair == other for other in confused), len(confused)
    if not n:
        return _not_recorded("No trial has a confusion matrix of the test images")
    outcome = claim_tests.judge_rate(count, n, 0.5)
    classes = " and ".join(claim["classes"])
    return _row(outcome, n, f"{classes} are the most confused classes in {count} of {n} trials {rate(outcome)}")


def _most_confused_pair(matrix: np.ndarray) -> tuple[int, int] | None:
    """Return the two classes of a confusion matrix (C, C) that are confused most often, in both directions together.

    None if several pairs are confused equally often, such as by a trial that predicts one class only.
    """
    both = matrix + matrix.T
    counts = {pair: both[pair] for pair in combinations(range(len(both)), 2)}
    largest = max(counts.values())
    most = [pair for pair, count in counts.items() if count == largest]
    return most[0] if len(most) == 1 else None


JUDGES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "better": _means(claim_tests.judge_above, has_margin=False),
    "not_better": _means(claim_tests.judge_not_above),
    "equal": _means(claim_tests.judge_equal),
    "order": _order,
    "spread": _spread,
    "above": _threshold(1.0),
    "below": _threshold(-1.0),
    "collapses": _collapses,
    "plateau": _plateau,
    "most_confused": _most_confused,
}
# The tests of a share of trials; those of the others are of a difference.
RATE_TESTS = ("collapses", "most_confused")


def _finished(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    return trials[(trials["experiment"] == name) & trials["status"].isin(FINISHED)]


def _not_recorded(evidence: str) -> dict[str, Any]:
    return _row(Outcome(NOT_COMPARABLE, math.nan, math.nan, math.nan), 0, evidence)


def _row(outcome: Outcome, n: int, evidence: str) -> dict[str, Any]:
    if outcome.verdict == UNDECIDED and outcome.trials_needed is not None:
        evidence += f"; about {outcome.trials_needed} would decide"
    row = {"verdict": outcome.verdict, "evidence": f"{evidence}.", "trials": n}
    row |= {"estimate": outcome.estimate}
    row |= {"ci_low": outcome.low, "ci_high": outcome.high} if has_width(outcome) else {}
    return row | {"trials_needed": outcome.trials_needed}
