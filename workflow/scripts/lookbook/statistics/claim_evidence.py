"""The trials that a claim is judged by, and the words of the evidence."""

import math
from collections.abc import Mapping, Sequence, Sized
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lookbook.config.experiments import spec_changes
from lookbook.evaluation.metrics import COLUMNS as METRIC_COLUMNS
from lookbook.formatting import listed, plural, signed
from lookbook.results.predictions import SPLITS
from lookbook.results.tables import FLOAT_FORMAT
from lookbook.statistics.claim_tests import Outcome, Sample
from lookbook.statistics.comparisons import pairing_note
from lookbook.statistics.trials import ROUNDING

Histories = Mapping[str, Sequence[pd.DataFrame]]
Matrices = Mapping[str, Sequence[np.ndarray]]
# The columns of trials.csv about the machine of a trial.
MACHINE = {"device": "hardware", "precision": "precision", "versions": "package versions"}
PAIRS = "pair of trials", "pairs of trials"


class Evidence:
    """The trials of one claim.

    Args:
        finished: experiment to its finished rows of trials.csv.
        specs, histories, matrices: see ``judge_claims``.
        margins: the profile's margin by metric.
    """

    def __init__(
        self,
        finished: Mapping[str, pd.DataFrame],
        specs: Mapping[str, Mapping[str, Any]],
        margins: Mapping[str, float],
        histories: Histories,
        matrices: Matrices,
    ) -> None:
        self.finished, self.specs, self.margins = finished, specs, margins
        self.histories, self.matrices = histories, matrices

    def values(self, name: str, column: str) -> np.ndarray:
        """Return the values of the finished trials, of shape (n,)."""
        return self.finished[name][column].dropna().to_numpy(dtype=np.float64)

    def margin(self, claim: Mapping[str, Any]) -> float:
        """Return the claim's margin, or that of the profile for its metric."""
        return claim["margin"] or self.margins[claim["metric"].rpartition("_")[2]]

    def advantage(self, name: str, other: str, column: str) -> tuple[Sample, int, str]:
        """Return by how much one experiment is better than another: the values, their number, and both in words."""
        sign = -1.0 if METRIC_COLUMNS[column].direction == "lower" else 1.0
        if not pairing_note(spec_changes(self.specs[name], self.specs[other])):
            pairs = pd.merge(self.finished[name], self.finished[other], on=["trial", "seed"], suffixes=("", "_other"))
            differences = (pairs[column] - pairs[f"{column}_other"]).dropna().to_numpy(dtype=np.float64)
            if len(differences):
                return Sample(sign * differences), len(differences), plural(len(differences), *PAIRS)
        ours, theirs = self.values(name, column), self.values(other, column)
        return Sample(sign * ours, sign * theirs), min(len(ours), len(theirs)), trials_each(ours, theirs)


def better(name: str, other: str, column: str) -> str:
    """Return the start of a sentence about the difference of two experiments."""
    return f"Advantage of `{name}` over `{other}` in {words(column)}:"


def trials_each(ours: Sized, theirs: Sized) -> str:
    """Return the numbers of trials of two experiments: `3 trials each`, `10 and 3 trials`."""
    n, m = len(ours), len(theirs)
    return f"{plural(n, 'trial')} each" if n == m else f"{n} and {plural(m, 'trial')}"


def differing(finished: Sequence[pd.DataFrame]) -> str:
    """Return a sentence about what the trials of a claim differ in besides their experiments; "" if in nothing."""
    trials = pd.concat(finished)
    names = [name for name in MACHINE if name in trials and trials[name].nunique() > 1]
    return f" The trials differ in {listed([MACHINE[name] for name in names])}." if names else ""


def words(column: str) -> str:
    """Return what a column of trials.csv holds: ``validation loss``."""
    split, _, metric = column.partition("_")
    return f"{SPLITS[split]} {metric}"


def interval(outcome: Outcome) -> str:
    """Return an estimate with its interval."""
    outcome = _as_written(outcome)
    if not has_width(outcome):
        return f"{signed(outcome.estimate)} (no interval: all values are equal)"
    if math.isnan(outcome.low):
        return f"{signed(outcome.estimate)} (too few trials for an interval)"
    return f"{signed(outcome.estimate)} (95% interval: {signed(outcome.low)} to {signed(outcome.high)})"


def has_width(outcome: Outcome) -> bool:
    """Return False where all values are equal: such an interval looks more certain than a few trials are."""
    return not math.isclose(outcome.low, outcome.high, abs_tol=ROUNDING)


def rate(outcome: Outcome) -> str:
    """Return the interval of a rate."""
    outcome = _as_written(outcome)
    return f"(95% interval of the rate: {outcome.low:.0%} to {outcome.high:.0%})"


def _as_written(outcome: Outcome) -> Outcome:
    """Return an outcome with the values of claims.csv, so that texts made from either round to the same digits."""
    estimate, low, high = (float(FLOAT_FORMAT % value) for value in (outcome.estimate, outcome.low, outcome.high))
    return replace(outcome, estimate=estimate, low=low, high=high)
