"""One experiment as the report shows it: its entry in experiments.json and its rows of the tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from lookbook.evaluation.metrics import COLUMNS
from lookbook.formatting import spread
from lookbook.report.blocks import Column
from lookbook.report.inline import experiment_link
from lookbook.results.predictions import SPLITS
from lookbook.results.tables import PUBLISHED, STATISTICS

PARTS = (*STATISTICS, "mean_without_collapsed", *PUBLISHED)
# Column of trials.csv -> what it holds, in words.
LABELS = {column: f"{SPLITS[column.partition('_')[0]]} {metric.label}" for column, metric in COLUMNS.items()}


class Statistic(SimpleNamespace):
    """What summary.csv has of a metric, by the names in ``PARTS``; None is missing."""

    @property
    def text(self) -> str:
        """Mean and standard deviation."""
        return spread(self.mean, self.std)


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes:
        entry: its entry in experiments.json.
        row: its row of summary.csv; None is a missing value.
        comparison: its row of comparisons.csv, None without a base in the benchmark.
        score: the published score of its submission in the competition.
        reference: its row of the summary of the reference results.
    """

    name: str
    entry: Mapping[str, Any]
    row: Mapping[str, Any]
    comparison: Mapping[str, Any] | None = None
    score: float | None = None
    reference: Mapping[str, Any] | None = None

    @property
    def n(self) -> int:
        """Number of planned trials."""
        return self.row["n"]

    @property
    def n_ok(self) -> int:
        """Number of finished trials, with the collapsed ones."""
        return self.row["n_ok"]

    @property
    def is_range_test(self) -> bool:
        """Whether it is a learning-rate range test, whose final metrics have no meaning and are not shown."""
        return "learning_rate_range" in self.entry["figures"]

    @property
    def remark(self) -> str | None:
        """Why its accuracy cannot be compared with that of the other experiments."""
        if self.is_range_test:
            return "learning-rate range test"
        return "one class against the rest" if self.entry["ensemble"] else None

    @property
    def has_own_published_values(self) -> bool:
        """Whether its published values count as its own: one with ``published_as`` shares those of another."""
        return self.entry["published_as"] is None

    @cached_property
    def split(self) -> str:
        """The split of its main results: test, or the first that has a value if the dataset has no test labels."""
        for part in ("mean", "published"):
            for split in reversed(SPLITS):
                if self.row[f"{split}_accuracy_{part}"] is not None:
                    return split
        return "test"

    @cached_property
    def accuracy(self) -> Statistic:
        """The accuracy on ``split``."""
        return self.main("accuracy")

    @cached_property
    def reference_accuracy(self) -> Statistic:
        """The accuracy of the reference result on ``split``."""
        row = self.reference if self.reference and not self.is_range_test else {}
        return Statistic(**{part: row.get(f"{self.split}_accuracy_{part}") for part in PARTS})

    def main(self, metric: str) -> Statistic:
        """Return a metric on ``split``."""
        return self.statistic(f"{self.split}_{metric}")

    def statistic(self, column: str) -> Statistic:
        """Return what the summary has of a column such as ``test_accuracy``."""
        row = {} if self.is_range_test else self.row
        return Statistic(**{part: row.get(f"{column}_{part}") for part in PARTS})


EXPERIMENT = Column("Experiment", lambda experiment: experiment_link(experiment.name), is_number=False)
