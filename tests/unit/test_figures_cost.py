"""Accuracy against cost: which experiments are drawn, and the front."""

import re

import pandas as pd
import pytest

from lookbook.figures.cost import cost_figure, front


def entry(**keys):
    return {"dataset": "fashion_mnist", "ensemble": None, "figures": []} | keys


def row(name, accuracy, *, parameters=1000, seconds=10.0, split="test", published=None):
    empty = {f"{s}_accuracy_{part}": None for s in ("test", "valid") for part in ("mean", "published")}
    values = {"experiment": name, "parameters_mean": parameters, "seconds_mean": seconds}
    return empty | values | {f"{split}_accuracy_mean": accuracy, f"{split}_accuracy_published": published}


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(1, 0.5), (2, 0.4), (3, 0.6)], [(1, 0.5), (3, 0.6)]),
        ([(2, 0.5), (2, 0.7), (1, 0.7)], [(1, 0.7)]),
        ([(3, 0.1)], [(3, 0.1)]),
    ],
)
def test_the_front_has_what_nothing_cheaper_beats(points, expected):
    assert front(points) == expected


def test_what_cannot_be_compared_is_left_out():
    names = {
        "a": entry(),
        "b": entry(ensemble="x"),
        "c": entry(figures=["learning_rate_range"]),
        "d": entry(dataset="other"),
    }
    summary = pd.DataFrame([row(name, 0.9) for name in names])
    svg = cost_figure(summary, names)
    assert "fashion_mnist" in svg
    assert "other" in svg
    alone = cost_figure(summary, {name: names[name] for name in "bc"})
    assert "no finished trial" in alone


def test_published_values_are_drawn_at_the_parameters_only():
    summary = pd.DataFrame([row("a", 0.9, published=0.95), row("b", 0.8, split="valid", seconds=None)])
    svg = cost_figure(summary, {"a": entry(), "b": entry()})
    assert ">published<" in svg
    # Markers of the left panel: two of ours and one published, and the legend's; of the right one: one of ours.
    assert len(re.findall(r"<use ", svg)) > 4


def test_the_same_summary_gives_the_same_bytes():
    summary = pd.DataFrame([row("a", 0.9), row("b", 0.8, parameters=5)])
    assert cost_figure(summary, {"a": entry(), "b": entry()}) == cost_figure(summary, {"a": entry(), "b": entry()})
