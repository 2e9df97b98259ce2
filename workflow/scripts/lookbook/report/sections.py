"""The sections of a document beside its table of results: ensembles and factorial studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lookbook.report.experiment import SPLITS, Experiment

Row = Mapping[str, Any]


def seed_ensembles(experiments: Mapping[str, Experiment], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows of ensembles of an experiment's own trials, in the order of the experiments.

    Left out are learning-rate range tests and the members of one-vs-all ensembles, whose accuracy answers
    another question. ``split`` is in words, ``combined`` says whether there was more than one to combine.
    """
    found = {row["experiment"]: row for row in rows if row["kind"] == "seeds"}
    return [
        readable(found[name])
        for name, experiment in experiments.items()
        if name in found and experiment.n and not experiment.remark
    ]


def one_vs_all(experiments: Mapping[str, Experiment], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return each one-vs-all ensemble of a document beside the networks that know all classes.

    The network to compare with is the base of the classifiers. Its configuration may stand under several names,
    with more trials under one of them; the ensemble of seeds is that with the most members.

    Returns:
        ``name``, ``ensemble`` (its row), ``network`` (an Experiment) and ``seeds`` (a row), the last two None
        where the benchmark lacks them.
    """
    found = {row["experiment"]: row for row in rows if row["kind"] == "seeds"}
    comparisons = []
    for row in rows:
        members = [experiment for experiment in experiments.values() if experiment.ensemble == row["experiment"]]
        if row["kind"] != "one_vs_all" or not members:
            continue
        bases = (experiments.get(member.base or "") for member in members)
        network = next((base for base in bases if base and base.ensemble is None), None)
        alike = [e.name for e in experiments.values() if network is not None and e.spec == network.spec]
        seeds = max((found[name] for name in alike if name in found), key=lambda seed: seed["members"], default=None)
        comparisons.append(
            {
                "name": row["experiment"],
                "ensemble": readable(row),
                "network": network,
                "seeds": None if seeds is None else readable(seeds),
            }
        )
    return comparisons


def readable(row: Row) -> dict[str, Any]:
    """Return a row of the ensembles with whole members, its split in words, and whether it combined anything."""
    members = int(row["members"] or 0)
    combined = members > 1 and row["accuracy"] is not None
    return dict(row) | {"members": members, "split": SPLITS.get(row["split"], "test"), "combined": combined}


def studies(experiments: Mapping[str, Experiment], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return each factorial study of a document: its factors, its cells and the effects.

    Args:
        experiments: those of the document.
        rows: of factorial.csv, of every document.

    Returns:
        ``name``; ``factors``, their names; ``cells``, an experiment and its factors each, fewest factors on first;
        ``effects``, a row per term with ``term`` in words, ``order``, and metric to effect, interval and p;
        ``notes``, what the effects lack.
    """
    cells: dict[str, list[Experiment]] = {}
    for experiment in experiments.values():
        if experiment.factorial:
            cells.setdefault(experiment.factorial["study"], []).append(experiment)
    result = []
    for name, members in cells.items():
        factors = list(dict.fromkeys(factor for member in members for factor in settings(member)))
        ordered = sorted(members, key=lambda member: cell_order(settings(member), factors))
        effects: dict[str, dict[str, Any]] = {}
        own = [row for row in rows if row["study"] == name]
        for row in own:
            if row["term"] is not None:
                term = {"term": words(row["term"]), "order": int(row["order"]), "metrics": {}}
                effects.setdefault(row["term"], term)["metrics"][row["metric"].replace("_", " ")] = row
        result.append(
            {
                "name": name,
                "factors": {factor: words(factor) for factor in factors},
                "cells": [{"experiment": member, "factors": settings(member)} for member in ordered],
                "effects": list(effects.values()),
                "notes": list(dict.fromkeys(row["note"] for row in own if row.get("note"))),
            }
        )
    return result


def settings(experiment: Experiment) -> dict[str, bool]:
    """Return which factors a cell of a factorial study has."""
    return experiment.factorial["factors"] if experiment.factorial else {}


def cell_order(cell: Mapping[str, bool], factors: Sequence[str]) -> tuple[int, list[bool]]:
    """Return a key that sorts cells by how many factors are on, then by which."""
    on = [cell.get(factor, False) for factor in factors]
    return sum(on), [not value for value in on]


def words(term: str) -> str:
    """Return a term of a factorial study as it is read: words for names, and the sign of a product."""
    return " × ".join(term.split(":")).replace("_", " ")  # noqa: RUF001 - the sign is meant
