"""Values that documents publish by epoch are compared with the histories of our trials."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import small_benchmark as small

import compare_epochs as script
from lookbook.config.published import compared_by_epoch
from lookbook.config.validation import ROOT
from lookbook.results.metrics import write_metrics
from lookbook.results.tables import read_derived, read_table, write_table
from lookbook.results.trial import read_trial
from lookbook.statistics.epochs import COLUMNS, compare_epochs, published_rows
from lookbook.statistics.intervals import prediction_interval
from lookbook.statistics.published import read_published, read_published_epochs
from lookbook.statistics.trials import collect_trials

PROFILE = {"comparable": True, "margin": {"accuracy": 0.01, "loss": 0.03}}
HEAD = "document,experiment,split,metric,epoch,mean,std,min,max,trials,note\n"
ROWS = HEAD + "d,mine,train,accuracy,1,0.6,,,,1,\nd,mine,train,loss,2,0.4,,,,1,\nd,mine,test,accuracy,,0.9,,,,1,\n"
SINGLE = {"std": math.nan, "min": math.nan, "max": math.nan, "trials": 1}


def history(*accuracies, first=1):
    epochs = pd.RangeIndex(first, first + len(accuracies), name="epoch")
    return pd.DataFrame({"train_accuracy": accuracies}, index=epochs, dtype=float)


def compared(*histories, mean=0.6, epoch=2, profile=PROFILE):
    value = {"experiment": "mine", "epoch": epoch, "column": "train_accuracy", "mean": mean, **SINGLE}
    trials = pd.DataFrame({"experiment": ["mine"], "identity": ["i"]})
    table = compare_epochs([("mine", value)], {"mine": list(histories)}, trials, profile)
    assert tuple(table.columns) == COLUMNS
    return table.iloc[0]


def test_the_value_after_the_epoch_counts():
    row = compared(history(0.1, 0.60, 0.9), history(0.2, 0.61, 0.9), history(0.3, 0.62, 0.9))
    values = np.array([0.60, 0.61, 0.62])
    assert (row["n"], row["epoch"]) == (3, 2)
    assert (row["mean"], row["std"]) == pytest.approx((values.mean(), values.std(ddof=1)))
    low, high = prediction_interval(values.mean(), values.std(ddof=1), 3)
    assert (row["delta_low"], row["delta_high"]) == pytest.approx((low - 0.6, high - 0.6))
    assert row["verdict"] == "compatible"


@pytest.mark.parametrize(
    ("histories", "n", "verdict"),
    [
        ([], 0, None),
        ([history(0.1)], 0, None),
        ([history(0.1, math.nan)], 0, None),
        ([history(0.1, 0.6)], 1, "inconclusive"),
        ([history(0.1, 0.6), history(0.1)], 1, "inconclusive"),
        ([history(0.1, 0.6)] * 2, 2, "inconclusive"),
        ([history(0.1, 0.6)] * 3, 3, "reproduced"),
        ([history(0.1, 0.7)] * 3, 3, "higher"),
        ([history(0.1, 0.5)] * 3, 3, "lower"),
        ([history(0.1, 0.5), history(0.1, 0.5001)], 2, "lower"),
    ],
    ids=[
        *("no trial", "too few epochs", "not finite", "one trial", "one with the epoch"),
        *("two equal ones", "equal", "higher", "lower", "two lower ones"),
    ],
)
def test_trials_that_lack_the_epoch_do_not_count(histories, n, verdict):
    row = compared(*histories)
    assert (row["n"], row["verdict"]) == (n, verdict)


def test_the_interval_of_a_share_is_clipped():
    row = compared(history(0.1, 0.7), history(0.1, 0.99))
    assert row["ci_high"] == 1.0
    assert row["ci_low"] == 0.0


def test_reduced_budgets_give_no_verdict():
    trained = history(0.1, 0.6), history(0.1, 0.61)
    assert compared(*trained, profile=PROFILE | {"comparable": False})["verdict"] == "not comparable"


def test_final_values_and_values_of_epochs_are_read_apart(tmp_path):
    (tmp_path / "published.csv").write_text(ROWS)
    assert list(read_published(tmp_path / "published.csv")) == [("mine", "test_accuracy")]
    found = read_published_epochs(tmp_path / "published.csv")
    assert [(row["epoch"], row["column"], row["mean"]) for row in found] == [
        (1, "train_accuracy", 0.6),
        (2, "train_loss", 0.4),
    ]
    others = {name: SimpleNamespace(published_as=other) for name, other in (("mine", None), ("b", "mine"), ("c", None))}
    assert compared_by_epoch(tmp_path / "published.csv", others, others) == ["mine", "b"]
    rows = published_rows(found, {"other": None, "mine": None, "as_coded": "mine"})
    assert [name for name, _ in rows] == ["mine", "mine", "as_coded", "as_coded"]


def test_the_script_reads_the_finished_trials_of_the_experiments_with_such_values(tmp_path):
    benchmark = small.plan(tmp_path, {"mine": 3, "other": 1})
    for planned in benchmark.trials():
        n = planned.trial
        rows = [{"epoch": e, "train_loss": 1 / e - n / 1e5, "train_accuracy": 0.5 + e / 10 + n / 100} for e in (1, 2)]
        status = "failed" if n == 2 else "ok"
        small.finish(planned, status=status, history=[] if n == 2 else rows)
    # The script neither needs nor opens the history of another experiment.
    next(benchmark.trials(["other"])).file("history.csv").unlink()
    trials = collect_trials_of(benchmark, tmp_path)
    (tmp_path / "published.csv").write_text(ROWS)
    paths = {name: tmp_path / f"{name}.csv" for name in ("trials", "published")}
    small.run(script, **paths, experiments=tmp_path / "experiments.json", output=tmp_path / "epochs.csv")
    table = read_derived(tmp_path / "epochs.csv", trials)
    assert table["column"].tolist() == ["train_accuracy", "train_loss"]
    assert table["n"].tolist() == [2, 2]
    assert table["mean"].tolist() == pytest.approx([0.605, 0.499995])
    assert table["verdict"].tolist() == ["compatible", "higher"]


def collect_trials_of(benchmark, folder):
    for planned in benchmark.trials():
        write_metrics(planned.file("metrics.json"), read_trial(planned), {})
    write_table(collect_trials(benchmark), folder / "trials.csv")
    return read_table(folder / "trials.csv")


def test_the_shipped_table_has_each_epoch_of_the_log_of_growing_batch():
    found = read_published_epochs(ROOT / "config/published.csv")
    assert {row["experiment"] for row in found} == {"growing_batch_baseline"}
    for column in ("train_accuracy", "train_loss"):
        assert [row["epoch"] for row in found if row["column"] == column] == list(range(1, 11))
    accuracies = [row["mean"] for row in found if row["column"] == "train_accuracy"]
    assert accuracies == sorted(accuracies)
