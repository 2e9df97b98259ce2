"""Figures of history.csv: learning curves of every experiment, and the learning-rate range test."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import plot_learning_curves
import plot_learning_rate_range
from lookbook.figures.learning_rate_range import range_figure, steepest_descent
from lookbook.figures.style import draw_trials

COLUMNS = "epoch,step,learning_rate,seconds,train_loss,train_accuracy,valid_loss,valid_accuracy"


def texts(figure):
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure)


def write_history(folder, losses, *, valid=True, rates=None):
    folder.mkdir(parents=True)
    rates = np.full(len(losses), 0.001) if rates is None else rates
    rows = [
        f"{number + 1},{10 * number},{rate},1,{loss + 0.1},0.5,{f'{loss},0.5' if valid else ','}"
        for number, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    ]
    (folder / "history.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")


def test_one_job_draws_every_experiment_of_the_plan(monkeypatch, tmp_path):
    for trial in range(3):
        write_history(tmp_path / "trials" / "first" / str(trial), [2.0, 1.0])
    write_history(tmp_path / "trials" / "first" / "3", [9.0, 8.0])
    write_history(tmp_path / "trials" / "beyond_the_plan" / "0", [2.0])
    plan = json.dumps({"first": 3, "second": 0})
    out = tmp_path / "figures" / "learning_curves"
    arguments = ["--trials-root", str(tmp_path / "trials"), "--plan", plan, "--output", str(out)]
    monkeypatch.setattr(sys, "argv", ["plot_learning_curves.py", *arguments])
    plot_learning_curves.main()
    assert {path.name for path in out.iterdir()} == {"first.svg", "second.svg"}
    assert "no finished epoch" in texts((out / "second.svg").read_text())
    assert "validation" in texts((out / "first.svg").read_text())
    before = (out / "first.svg").read_bytes()
    plot_learning_curves.main()
    assert (out / "first.svg").read_bytes() == before


def test_trials_are_one_line_with_gaps_and_a_mean_as_far_as_half_of_them_run():
    axes = Figure().subplots()
    trials = [pd.Series([1.0, 3.0], [1, 2]), pd.Series([3.0, 5.0, 7.0], [1, 2, 3]), pd.Series([2.0], [1]), None]
    mean = draw_trials(axes, trials, "train", "red")
    assert mean.to_dict() == {1: 2.0, 2: 4.0}
    thin, thick = axes.lines
    expected = [1, 3, np.nan, np.nan, 3, 5, 7, np.nan, 2, np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(thin.get_ydata(), expected)
    np.testing.assert_array_equal(thick.get_ydata(), [2, 4])


def test_without_any_figures_there_is_no_line_and_an_empty_mean():
    axes = Figure().subplots()
    assert draw_trials(axes, [None, pd.Series([np.nan])], "valid", "red").empty
    assert not axes.lines


RATES = np.logspace(-4, 0, 41)


def range_losses(rates=RATES):
    """Fall fastest at 1e-2, lowest near 1e-1, diverge after."""
    x = np.log10(rates)
    return 2.3 - 1.5 / (1 + np.exp(-6 * (x + 2))) + np.where(x > -1, 30 * (x + 1) ** 2, 0)


def test_the_rates_of_lowest_loss_and_steepest_descent_are_named(monkeypatch, tmp_path):
    for trial in range(2):
        write_history(tmp_path / "trials" / "range" / str(trial), range_losses(), rates=RATES)
    output = tmp_path / "figures" / "range.svg"
    arguments = ["--trials-root", str(tmp_path / "trials"), "--experiment", "range", "--trials", "3"]
    monkeypatch.setattr(sys, "argv", ["plot_learning_rate_range.py", *arguments, "--output", str(output)])
    plot_learning_rate_range.main()
    found = texts(output.read_text())
    assert {"lowest loss at 0.1", "steepest descent at 0.01", "training", "validation"} <= set(found)


def history(losses, rates, split="valid"):
    return pd.DataFrame({"learning_rate": rates, f"{split}_loss": losses}, index=range(1, len(rates) + 1))


def test_the_mean_of_the_trials_decides():
    first, second = history([3.0, 1.0, 2.0], [0.1, 0.2, 0.3]), history([3.0, 2.9, 0.5], [0.1, 0.2, 0.3])
    assert "lowest loss at 0.3" in range_figure([first, second])
    assert "lowest loss at 0.2" in range_figure([first])


def test_without_validation_the_training_loss_decides():
    assert "lowest loss at 0.2" in range_figure([history([3.0, 1.0, 2.0], [0.1, 0.2, 0.3], "train")])


@pytest.mark.parametrize("histories", [[], [pd.DataFrame()], [history([np.nan, np.nan], [0.1, 0.2])]])
def test_a_range_test_without_figures_says_so(histories):
    assert "no finished epoch" in range_figure(histories)


def test_a_loss_that_only_rises_suggests_nothing():
    assert steepest_descent(pd.Series([1.0, 2.0, 3.0], [0.1, 0.2, 0.3])) is None
    assert steepest_descent(pd.Series([1.0], [0.1])) is None
    assert "lowest loss at 0.1" in range_figure([history([1.0, 2.0], [0.1, 0.2])])
