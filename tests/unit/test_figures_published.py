"""The figure of our accuracies beside the published ones."""

import numpy as np
import pytest
from small_benchmark import finish, identity, plan, run, texts, write_tables

import plot_published
from lookbook.results.figures import read_figure

SPLITS = ("train", "valid", "test")


@pytest.fixture
def draw(tmp_path):
    """Return a function that draws two experiments of each of two documents with these columns of the summary."""

    def drawn(**columns):
        documents = {"a": "first", "b": "first", "c": "second", "d": "second"}
        each = {name: {"document": document} for name, document in documents.items()}
        benchmark = plan(tmp_path, {"a": 1, "b": 1, "c": 1, "d": 0}, each)
        for planned in benchmark.trials():
            finish(planned)
        parts = ("mean", "ci_low", "ci_high", "published", "published_std")
        empty = {f"{split}_accuracy_{part}": [np.nan] * 4 for split in SPLITS for part in parts}
        trials, summary = write_tables(benchmark, empty | columns)
        options = {"experiments": tmp_path / "experiments.json", "summary": summary, "trials": trials}
        run(plot_published, **options, output=tmp_path / "published.svg")
        return texts(read_figure(tmp_path / "published.svg", identity(benchmark)))

    return drawn


def test_each_document_with_a_published_accuracy_is_a_panel_and_its_split_is_named(draw):
    drawn = draw(
        test_accuracy_mean=[0.9, 0.8, 0.7, np.nan],
        test_accuracy_published=[0.9, np.nan, np.nan, np.nan],
        valid_accuracy_mean=[0.9, 0.8, 0.7, np.nan],
        valid_accuracy_ci_low=[np.nan, np.nan, 0.6, np.nan],
        valid_accuracy_ci_high=[np.nan, np.nan, 0.8, np.nan],
        valid_accuracy_published=[0.9, np.nan, 0.7, 0.8],
    )
    named = ["a", "first", "c (valid)", "d (valid)", "second"]
    assert [text for text in drawn if text in named] == named
    assert "our 95% interval" in drawn
    assert "published mean ± SD" not in drawn


def test_without_a_published_accuracy_the_figure_says_so(draw):
    assert draw() == ["nothing published to compare with"]
