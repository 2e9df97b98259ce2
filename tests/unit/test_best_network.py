"""The network of highest accuracy: chosen by the summary, drawn and named."""

import pandas as pd
import pytest
from small_benchmark import finish, identity, outputs, plan, run, write_dataset, write_tables

import plot_best_network
from lookbook.figures.predictions import NO_PREDICTIONS
from lookbook.results.benchmark import read_benchmark
from lookbook.results.figures import read_best_network, read_figure
from lookbook.statistics.best_network import best_network

SPEC = {"one_vs_all": None, "sampling": {"classes": None}}


@pytest.fixture
def draw(monkeypatch, tmp_path):
    """Return a function that runs the script on a benchmark of three networks, of which some are compared.

    It returns the folder of the figures and the identity that they must state.
    """
    benchmark = plan(tmp_path, {"good": 1, "bad": 1, "better": 1}, spec=SPEC, dataset="levels")
    for planned in benchmark.trials():
        finish(planned, outputs={"test": outputs(predicted=[0, 1, 0])})
    trials, summary = write_tables(benchmark, {"test_accuracy_mean": [0.9, 0.5, 0.95]})
    manifest = write_dataset(tmp_path / "levels")

    def drawn(compared):
        monkeypatch.setattr(plot_best_network, "compared_networks", lambda experiments: compared)
        options = {"experiments": tmp_path / "experiments.json", "summary": summary, "trials": trials}
        run(plot_best_network, **options, manifests=manifest, output=tmp_path / "best")
        return tmp_path / "best", identity(benchmark, compared)

    return drawn


def test_the_best_network_has_the_highest_mean_test_accuracy_of_the_named():
    accuracies = {"a": 0.8, "b": 0.9, "c": float("nan"), "d": 0.95, "e": 0.9}
    summary = pd.DataFrame({"experiment": accuracies.keys(), "test_accuracy_mean": accuracies.values()})
    assert best_network(summary, ["a", "c", "b", "e"]) == "b"
    assert best_network(summary, ["c"]) is None
    assert best_network(summary, []) is None


def test_the_best_of_the_compared_networks_is_drawn_and_named(draw):
    folder, stated = draw(["bad", "good"])
    assert read_best_network(folder / "best_network.json", stated) == "good"
    assert ">cat<" in read_figure(folder / "wrong_predictions.svg", stated)


def test_without_networks_to_compare_there_is_no_best(draw):
    folder, stated = draw([])
    assert read_best_network(folder / "best_network.json", stated) is None
    assert NO_PREDICTIONS in read_figure(folder / "confusion_matrix.svg", stated)


def test_the_dataset_of_the_best_network_is_needed(draw, tmp_path):
    manifest = tmp_path / "levels" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("levels", "other"))
    with pytest.raises(SystemExit, match="error: --manifests lacks the manifest of levels"):
        draw(["good"])


@pytest.mark.parametrize("name", ["summary", "trials"])
def test_tables_of_other_trials_are_refused(name, draw, tmp_path):
    table = tmp_path / f"{name}.csv"
    column = pd.read_csv(table)["identity"]
    table.write_text(table.read_text().replace(column[1], "0" * 64))
    with pytest.raises(SystemExit, match=rf"error: .*{name}\.csv was made from other trials"):
        draw(["good"])


def test_a_trial_that_was_trained_again_after_the_tables_is_refused(draw, tmp_path):
    (planned,) = read_benchmark(tmp_path / "experiments.json").trials(["good"])
    finish(planned, outputs={"test": outputs()}, dataset="another digest")
    with pytest.raises(SystemExit, match=r"error: .*trials\.csv was made from other trials"):
        draw(["good"])
