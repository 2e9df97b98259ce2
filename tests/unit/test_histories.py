"""Mean curves and times to an accuracy, from histories whose values are known."""

import math

import numpy as np
import pandas as pd
import pytest

from lookbook.statistics.histories import CURVE_COLUMNS, THRESHOLDS, TIME_COLUMNS, mean_curves, times_to_accuracy

TRIALS = pd.DataFrame({"experiment": ["a", "a", "a", "b"], "identity": list("wxyz")})


def history(*accuracies, split="test", seconds=2.0, **columns):
    table = {
        f"{part}_{metric}": [math.nan] * len(accuracies)
        for part in ("valid", "test")
        for metric in ("loss", "accuracy")
    }
    table |= {"seconds": [seconds] * len(accuracies), f"{split}_accuracy": accuracies} | columns
    return pd.DataFrame(table, index=pd.RangeIndex(1, len(accuracies) + 1, name="epoch"))


def test_the_mean_ends_where_fewer_than_half_of_the_trials_run():
    table = mean_curves({"a": [history(0.1, 0.2, 0.3), history(0.3), history(0.2)]}, TRIALS)
    assert tuple(table.columns) == CURVE_COLUMNS
    assert table["epoch"].tolist() == [1]
    assert table["trials"].tolist() == [3]
    assert table["test_accuracy"].tolist() == [pytest.approx(0.2)]
    assert table["train_loss"].isna().all()
    longer = mean_curves({"a": [history(0.1, 0.2), history(0.3, 0.4), history(0.2)]}, TRIALS)
    assert longer["test_accuracy"].to_numpy() == pytest.approx([0.2, 0.3])
    assert longer["trials"].tolist() == [3, 2]


def test_a_metric_that_one_trial_of_many_has_is_no_mean():
    watched = history(0.5, train_loss=[1.0])
    table = mean_curves({"a": [watched, history(0.7), history(0.6)]}, TRIALS)
    assert table["test_accuracy"].tolist() == [pytest.approx(0.6)]
    assert table["train_loss"].tolist() == [1.0]  # half of the one trial that has it


def test_the_time_is_that_of_the_trials_that_reach_the_accuracy():
    histories = [history(0.8, 0.91, 0.95), history(0.90, 0.91), history(0.5, 0.6), history(0.89, math.nan)]
    table = times_to_accuracy({"a": histories}, TRIALS)
    assert tuple(table.columns) == TIME_COLUMNS
    rows = table.set_index("threshold")
    assert rows.loc[0.90, ["split", "reached", "trials"]].tolist() == ["test", 2, 4]
    assert rows.loc[0.90, ["epochs_mean", "seconds_mean"]].tolist() == [1.5, 3.0]
    assert rows.loc[0.94, ["reached", "epochs_mean", "seconds_mean"]].tolist() == [1, 3.0, 6.0]


def test_validation_images_count_where_no_test_images_are_watched():
    table = times_to_accuracy({"a": [history(0.95, split="valid")], "b": [history(0.3)]}, TRIALS)
    assert set(table["split"]) == {"valid"}
    assert set(table["experiment"]) == {"a"}
    assert len(table) == len(THRESHOLDS)


@pytest.mark.parametrize("histories", [{}, {"a": []}])
def test_without_finished_trials_the_tables_have_only_columns(histories):
    assert mean_curves(histories, TRIALS).empty
    assert times_to_accuracy(histories, TRIALS).empty
    assert np.array_equal(times_to_accuracy(histories, TRIALS).columns, TIME_COLUMNS)
