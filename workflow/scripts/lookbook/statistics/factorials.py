"""Factorial studies: k settings on and off in all 2^k combinations, and the effect of each.

The effect of a term is the mean over the cells where it is +1 minus the mean over the cells where it is -1. A factor
is +1 if it is on; an interaction is the product of its factors (Box, Hunter and Hunter 2005, "Statistics for
Experimenters", chapter 5). The effect is twice the coefficient of ordinary least squares on these codes, which also
holds where failed trials leave cells of unequal size. Trials of equal seed share split, order and initial weights, so
each seed is a block. Intervals are t intervals at 95%.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from lookbook.results.tables import identity_of
from lookbook.results.trial import FINISHED
from lookbook.statistics.trials import COMPARED, ROUNDING

COLUMNS = (
    *("study", "metric", "term", "order"),
    *("effect", "ci_low", "ci_high", "p", "p_adjusted", "n", "note", "identity"),
)
# The settings of the factors -> the experiment that has them.
Cells = dict[tuple[bool, ...], str]
Rows = list[dict[Any, Any]]


def estimate_factorials(trials: pd.DataFrame, experiments: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row per study, metric and term, with the columns ``COLUMNS``.

    Args:
        trials: one row per trial, as ``collect_trials`` returns it; only finished trials are used.
        experiments: name to ``{"factorial": None | {"study", "factors": {name: bool}}}``.

    Returns:
        ``term`` is a factor or several joined by colons, ``order`` their number; ``effect``, ``ci_low`` and
        ``ci_high`` are in the metric's unit; ``p`` tests a zero effect, ``p_adjusted`` is Holm's over the terms of one
        study and metric. ``n`` counts the trials that share their seed with another trial: others only fix the level
        of their own block. With one trial per cell there are no degrees of freedom for the error, so interval and p
        are missing. A study that cannot be estimated has one row per metric, with the reason in ``note``.
    """
    finished = trials[trials["status"].isin(FINISHED)]
    studies: dict[str, dict[str, Mapping[str, bool]]] = {}
    for name, experiment in experiments.items():
        part = experiment.get("factorial")
        if part is not None:
            studies.setdefault(part["study"], {})[name] = part["factors"]
    rows = [
        {"study": study, "metric": metric, "identity": identity_of(trials, settings)} | row
        for study, settings in studies.items()
        for metric in COMPARED
        for row in estimate_study(finished, settings, metric)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"order": "Int64", "n": "Int64"})


def estimate_study(trials: pd.DataFrame, settings: Mapping[str, Mapping[str, bool]], metric: str) -> Rows:
    """Return the rows of one study and metric: one per term, or a single one with a note.

    ``settings`` maps each experiment to its factors, on or off.
    """
    factors = list(next(iter(settings.values())))
    if any(set(other) != set(factors) for other in settings.values()):
        return [{"n": 0, "note": f"{', '.join(settings)} do not name the same factors"}]
    cells: Cells = {}
    for name, on in settings.items():
        cell = tuple(on[factor] for factor in factors)
        if cell in cells:
            return [{"n": 0, "note": f"{cells[cell]} and {name} have the same factors on and off"}]
        cells[cell] = name
    known = trials[trials["experiment"].isin(list(settings)) & trials[metric].notna()]
    missing = missing_cells(factors, cells, set(known["experiment"]))
    if missing:
        return [{"n": len(known), "note": f"no finished trial of {'; '.join(missing)}"}]
    return estimate(known, factors, cells, metric)


def missing_cells(factors: Sequence[str], cells: Cells, finished: set[str]) -> list[str]:
    """Describe the cells of the full design that have no experiment or no finished trial."""
    descriptions = []
    for cell in product((False, True), repeat=len(factors)):
        name = cells.get(cell)
        if name not in finished:
            state = ", ".join(f"{factor} {'on' if on else 'off'}" for factor, on in zip(factors, cell, strict=True))
            descriptions.append(f"{name} ({state})" if name else f"an experiment with {state}")
    return descriptions


def estimate(trials: pd.DataFrame, factors: Sequence[str], cells: Cells, metric: str) -> Rows:
    """Return one row per term, lower orders first, estimated by ordinary least squares.

    Every one of the 2^k cells has a trial with a value of the metric; their settings are in the order of ``factors``.
    """
    # Importing statsmodels takes two seconds, which a benchmark without a study need not wait for.
    from statsmodels.formula.api import ols

    from lookbook.statistics.comparisons import holm

    codes = {name: [1 if on else -1 for on in cell] for cell, name in cells.items()}
    # The name of a factor may be a function in a formula, so columns are x0, x1, ...
    names = [f"x{index}" for index in range(len(factors))]
    table = pd.DataFrame([codes[name] for name in trials["experiment"]], columns=names)
    table["y"] = trials[metric].to_numpy(dtype=np.float64)
    table["seed"] = trials["seed"].to_numpy(dtype=np.int64)
    blocks = " + C(seed)" if table["seed"].nunique() > 1 else ""
    model = ols(f"y ~ {' * '.join(names)}{blocks}", table)
    if np.linalg.matrix_rank(model.exog) < model.exog.shape[1]:
        return [{"n": len(table), "note": "the cells share too few seeds to separate factors from seeds"}]
    fit = model.fit()
    terms = sorted((name for name in fit.params.index if name.startswith("x")), key=lambda name: name.count(":"))
    effects = 2 * fit.params[terms].to_numpy()
    bounds, p = intervals_and_p(fit, terms, effects)
    rows = pd.DataFrame({"effect": effects, "ci_low": bounds[:, 0], "ci_high": bounds[:, 1], "p": p})
    rows["term"] = [":".join(factors[int(part[1:])] for part in term.split(":")) for term in terms]
    rows["order"] = [term.count(":") + 1 for term in terms]
    rows["p_adjusted"] = holm(p)
    rows["n"] = table["seed"].duplicated(keep=False).sum()
    return rows.to_dict("records")


def intervals_and_p(fit: Any, terms: Sequence[str], effects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return intervals (k, 2) and p (k,) of the effects of a fitted model; NaN without degrees of freedom.

    A model that fits all trials exactly has no error to test against: the interval is the effect itself, and p is 1
    if the effect is zero, else NaN.
    """
    if fit.df_resid < 1:
        return np.full((len(terms), 2), math.nan), np.full(len(terms), math.nan)
    if math.sqrt(fit.scale) < ROUNDING:
        return np.stack([effects, effects], axis=1), np.where(abs(effects) < ROUNDING, 1.0, math.nan)
    return 2 * fit.conf_int().loc[terms].to_numpy(), fit.pvalues[terms].to_numpy()
