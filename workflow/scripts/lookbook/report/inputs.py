"""Read what the report is made from, and refuse what belongs to other trials."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from lookbook.config.strict_yaml import read_yaml
from lookbook.datasets.arrays import read_manifest
from lookbook.errors import ConfigError, ResultError
from lookbook.report.blocks import Figure
from lookbook.report.experiment import Experiment
from lookbook.report.reference import Reference, read_reference
from lookbook.results.benchmark import Benchmark, read_benchmark
from lookbook.results.figures import read_figure
from lookbook.results.paths import figure_file
from lookbook.results.tables import Row, identity_of, read_derived, read_trials, records
from lookbook.results.trial import PENDING, has_failed

TABLES = (
    *("trials", "summary", "comparisons", "epochs", "claims", "ensembles", "factorials"),
    *("curves", "time_to_accuracy", "published"),
)
Key = TypeVar("Key")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Report:
    """Everything that the sections show.

    Attributes:
        benchmark: the content of experiments.json.
        table: trials.csv.
        experiments: name to experiment, in the order of the benchmark.
        epochs, claims, ensembles, factorials, curves, times: the rows of the tables; None is a missing value.
        manifests: the datasets in use, each with the content of its manifest.json.
        log_pattern: path of a trial's log, with ``{experiment}`` and ``{trial}``.
        reference: the reference results of the project.
        citation: the content of CITATION.cff; None in a report that does not say how to cite it.
    """

    benchmark: Benchmark
    table: pd.DataFrame
    experiments: Mapping[str, Experiment]
    epochs: Sequence[Row]
    claims: Sequence[Row]
    ensembles: Sequence[Row]
    factorials: Sequence[Row]
    curves: Sequence[Row]
    times: Sequence[Row]
    manifests: Mapping[str, Mapping[str, Any]]
    log_pattern: str
    reference: Reference
    citation: Mapping[str, Any] | None = None

    @property
    def comparable(self) -> bool:
        """Whether the run has the full budgets, so that its results can be compared with the published ones."""
        return bool(self.benchmark.profile["comparable"])

    @cached_property
    def trials(self) -> Sequence[Row]:
        """The rows of trials.csv; None is a missing value."""
        return records(self.table)

    @property
    def seconds(self) -> float:
        """The time of all trials."""
        return sum(row["seconds"] or 0.0 for row in self.trials)

    @cached_property
    def failures(self) -> list[Row]:
        """The rows of the trials that ended without results."""
        return [row for row in self.trials if has_failed(row["status"])]

    @property
    def n_pending(self) -> int:
        """The number of trials that are not trained yet."""
        return sum(row["status"] == PENDING for row in self.trials)

    @cached_property
    def documents(self) -> list["Document"]:
        """The documents, in the order of their first experiments."""
        groups = group_by(self.experiments.values(), lambda experiment: experiment.entry["document"])
        return [Document(name, members, self) for name, members in groups.items()]

    def identity(self, experiments: Iterable[str]) -> str:
        """Return the identity of what is made from the trials of some experiments."""
        return identity_of(self.table, experiments)

    def figure(self, *parts: str, identity: str, label: str, caption: str = "") -> Figure:
        """Return a figure; ``parts`` are its path below the folder of figures, without suffix.

        Raises:
            ResultError: the file is missing or states another identity.
        """
        path = Path(figure_file(self.benchmark.results, *parts))
        return Figure(path, read_figure(path, identity), label, caption)


@dataclass(frozen=True)
class Document:
    """One source document: its experiments, in the order of the benchmark."""

    name: str
    experiments: Sequence[Experiment]
    report: Report = field(repr=False)


def read_report(
    experiments: Path,
    tables: Mapping[str, Path],
    *,
    manifests: Iterable[Path],
    log_pattern: str,
    reference: Sequence[Path] = (),
    citation: Path | None = None,
) -> Report:
    """Read what the report shows.

    Args:
        experiments: experiments.json.
        tables: the CSV file of each of ``TABLES``.
        manifests: the manifest.json of each dataset.
        log_pattern: see ``Report``.
        reference: see ``read_reference``.
        citation: CITATION.cff, if the report says how to cite it.

    Raises:
        ConfigError: CITATION.cff is missing or not valid.
        DatasetError: a manifest is missing or damaged.
        ResultError: another file is missing or damaged, or was made from other trials than the planned ones.
    """
    benchmark = read_benchmark(experiments)
    table, entries = read_trials(tables["trials"], benchmark), benchmark.experiments
    used = {entry["dataset"] for entry in entries.values() if entry["trials"]}
    found = {manifest["name"]: manifest for manifest in map(read_manifest, manifests)}
    if missing := used - found.keys():
        raise ResultError(f"--manifests lacks the manifest of {', '.join(sorted(missing))}; add it")

    def members(row: Row) -> list[str]:
        if row["kind"] == "seeds":
            return [row["experiment"]]
        return [name for name, entry in entries.items() if entry["ensemble"] == row["experiment"]]

    def cells(row: Row) -> list[str]:
        return [name for name, entry in entries.items() if (entry["factorial"] or {}).get("study") == row["study"]]

    def rows(name: str, made_from: Callable[[Row], list[str]] | None = None) -> Sequence[Row]:
        return records(read_derived(tables[name], table, made_from))

    summary = {row["experiment"]: row for row in rows("summary")}
    comparisons = {row["experiment"]: row for row in rows("comparisons", lambda row: [row["experiment"], row["base"]])}
    published = pd.read_csv(tables["published"])
    scores = published[published["metric"] == "score"].set_index("experiment")["mean"]
    shown = read_reference(reference)
    return Report(
        benchmark=benchmark,
        table=table,
        experiments={
            name: Experiment(name, entry, summary[name], comparisons.get(name), scores.get(name), shown.rows.get(name))
            for name, entry in entries.items()
        },
        epochs=rows("epochs"),
        claims=rows("claims", lambda row: row["names"].split()),
        ensembles=rows("ensembles", members),
        factorials=rows("factorials", cells),
        curves=rows("curves"),
        times=rows("time_to_accuracy"),
        manifests={name: found[name] for name in sorted(used)},
        log_pattern=log_pattern,
        reference=shown,
        citation=None if citation is None else read_citation(citation),
    )


def read_citation(path: Path) -> dict[str, Any]:
    """Return the content of CITATION.cff; raise ConfigError if it is missing, damaged or lacks a required key."""
    content = read_yaml(path, "--citation")
    if missing := [key for key in ("authors", "message", "title") if not content.get(key)]:
        raise ConfigError(f"{path}: {', '.join(missing)}: is missing; the Citation File Format requires it")
    return content


def group_by(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Return the items of each key, both in their first order."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
