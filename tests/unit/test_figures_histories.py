"""Figures of history.csv: learning curves of every experiment, and the learning-rate range test."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from small_benchmark import finish, identity, plan, run, texts

import plot_learning_curves
import plot_learning_rate_range
from lookbook.figures.learning_curves import draw_trials
from lookbook.figures.learning_rate_range import learning_rate_range_figure, steepest_descent
from lookbook.results.figures import read_figure
from lookbook.results.tables import write_table


def rows(losses, rates=None):
    rates = np.full(len(losses), 0.001) if rates is None else rates
    return [
        {"epoch": epoch, "learning_rate": rate, "train_loss": loss + 0.1, "valid_loss": loss, "valid_accuracy": 0.5}
        for epoch, (loss, rate) in enumerate(zip(losses, rates, strict=True), start=1)
    ]


def write_epochs(folder, *rows):
    """Write epochs.csv and return the options of the script that draws the learning curves."""
    write_table(
        pd.DataFrame(rows, columns=["experiment", "epoch", "column", "published", "identity"]), folder / "e.csv"
    )
    return {"experiments": folder / "experiments.json", "epochs": folder / "e.csv", "output": folder / "curves"}


def test_one_job_draws_every_experiment_with_trials(tmp_path):
    benchmark = plan(tmp_path, {"first": 3, "failed": 1, "unavailable": 0})
    for planned in benchmark.trials(["first"]):
        finish(planned, history=rows([2.0, 1.0]))
    finish(next(benchmark.trials(["failed"])), status="failed")
    options = write_epochs(tmp_path)
    run(plot_learning_curves, **options)
    assert {path.name for path in (tmp_path / "curves").iterdir()} == {"first.svg", "failed.svg"}
    assert "no finished epoch" in texts((tmp_path / "curves" / "failed.svg").read_text())
    figure = tmp_path / "curves" / "first.svg"
    assert "validation" in texts(read_figure(figure, identity(benchmark, ["first"])))
    before = figure.read_bytes()
    run(plot_learning_curves, **options)
    assert figure.read_bytes() == before


def test_the_watched_test_images_and_the_published_values_are_drawn(tmp_path):
    benchmark = plan(tmp_path, {"first": 1})
    watched = [row | {"train_accuracy": 0.5, "test_loss": 0.7, "test_accuracy": 0.6} for row in rows([2.0, 1.0])]
    finish(next(benchmark.trials()), history=watched)
    row = ("first", 2, "train_accuracy", 0.55, identity(benchmark, ["first"]))
    run(plot_learning_curves, **write_epochs(tmp_path, row))
    drawn = texts((tmp_path / "curves" / "first.svg").read_text())
    assert {"training", "validation", "test", "published (training)"} <= set(drawn)
    with pytest.raises(SystemExit, match=r"e\.csv"):
        run(plot_learning_curves, **write_epochs(tmp_path, (*row[:-1], "another")))


@pytest.mark.parametrize("damage", ["history.csv", "trial.json"])
def test_a_damaged_or_missing_file_is_an_error(damage, tmp_path):
    (planned,) = plan(tmp_path, {"first": 1}).trials()
    finish(planned, history=rows([2.0, 1.0]))
    planned.file(damage).write_text("epoch,train_loss\n1,0.5\n")
    with pytest.raises(SystemExit, match=f"error: .*{damage} is damaged"):
        run(plot_learning_curves, **write_epochs(tmp_path))
    planned.file(damage).unlink()
    with pytest.raises(SystemExit, match=f"error: .*{damage} is missing"):
        run(plot_learning_curves, **write_epochs(tmp_path))


def test_trials_are_one_line_with_gaps_and_the_mean_ends_where_fewer_than_half_of_them_run():
    axes = Figure().subplots()
    trials = [pd.Series([1.0, 3.0], [1, 2]), pd.Series([3.0, 5.0, 7.0], [1, 2, 3]), pd.Series([2.0], [1]), None]
    mean = draw_trials(axes, trials, "train", "red")
    assert mean.to_dict() == {1: 2.0, 2: 4.0}
    thin, thick = axes.lines
    expected = [1, 3, np.nan, np.nan, 3, 5, 7, np.nan, 2, np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(thin.get_ydata(), expected)
    np.testing.assert_array_equal(thick.get_ydata(), [2, 4])


def test_without_values_there_is_no_line_and_an_empty_mean():
    axes = Figure().subplots()
    assert draw_trials(axes, [None, pd.Series([np.nan])], "valid", "red").empty
    assert not axes.lines


RATES = np.logspace(-4, 0, 41)


def range_losses(rates=RATES):
    """Fall fastest at 1e-2, lowest near 1e-1, diverge after."""
    x = np.log10(rates)
    return 2.3 - 1.5 / (1 + np.exp(-6 * (x + 2))) + np.where(x > -1, 30 * (x + 1) ** 2, 0)


def test_the_learning_rates_of_lowest_loss_and_steepest_descent_are_named(tmp_path):
    benchmark = plan(tmp_path, {"range": 2})
    for planned in benchmark.trials():
        finish(planned, history=rows(range_losses(), RATES))
    output = tmp_path / "figures" / "range.svg"
    options = {"experiments": tmp_path / "experiments.json", "output": output}
    run(plot_learning_rate_range, **options, experiment="range")
    figure = read_figure(output, identity(benchmark))
    labels = {"lowest validation loss at 0.1", "its steepest descent at 0.01", "training", "validation"}
    assert labels <= set(texts(figure))
    with pytest.raises(SystemExit, match=r"error: .*experiments\.json has no experiment rang;"):
        run(plot_learning_rate_range, **options, experiment="rang")


def history(losses, rates, split="valid"):
    return pd.DataFrame({"learning_rate": rates, f"{split}_loss": losses}, index=range(1, len(rates) + 1))


def test_the_mean_of_the_trials_decides():
    first, second = history([3.0, 1.0, 2.0], [0.1, 0.2, 0.3]), history([3.0, 2.9, 0.5], [0.1, 0.2, 0.3])
    assert "lowest validation loss at 0.3" in learning_rate_range_figure([first, second])
    assert "lowest validation loss at 0.2" in learning_rate_range_figure([first])


def test_without_validation_images_the_training_loss_decides():
    trial = history([3.0, 1.0, 2.0], [0.1, 0.2, 0.3], "train")
    assert "lowest training loss at 0.2" in learning_rate_range_figure([trial])


@pytest.mark.parametrize("histories", [[], [history([], [])], [history([np.nan, np.nan], [0.1, 0.2])]])
def test_a_range_test_without_a_finished_epoch_says_so(histories):
    assert "no finished epoch" in learning_rate_range_figure(histories)


def test_a_loss_that_only_rises_has_no_steepest_descent():
    assert steepest_descent(pd.Series([1.0, 2.0, 3.0], [0.1, 0.2, 0.3])) is None
    assert steepest_descent(pd.Series([1.0], [0.1])) is None
    assert "lowest validation loss at 0.1" in learning_rate_range_figure([history([1.0, 2.0], [0.1, 0.2])])
