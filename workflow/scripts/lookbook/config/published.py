"""Check the table of published values before any training, so that a mistake does not wait for the report."""

import csv
import io
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from lookbook.config.experiments import locate
from lookbook.config.inheritance import Entry, inherit
from lookbook.config.signatures import nearest
from lookbook.config.validation import check, schema
from lookbook.errors import ConfigError
from lookbook.results.paths import REFERENCE_FILES

TEXT = ("document", "experiment", "split", "metric", "note")
# Two rows with the same values here are about the same figure.
IDENTIFYING = ("document", "experiment", "split", "metric", "epoch")
SHARES = ("accuracy", "score")


def check_published(path: Path, entries: Mapping[str, Entry]) -> None:
    """Refuse a table of published values with a wrong, contradictory or repeated row.

    Rows of documents that no experiment belongs to are not compared with anything, so their experiments may be unknown.

    Args:
        path: published.csv.
        entries: the experiments of the configuration by name.

    Raises:
        ConfigError: the message names the file, the line and the column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; check published in config.yaml") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8 text") from None
    if "\0" in text:
        raise ConfigError(f"{path}: has a NUL character; save it as UTF-8 text")
    documents = {name: entry.header["document"] for name, entry in entries.items()}
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        _check_columns(path, list(reader.fieldnames or ()))
        lines: dict[tuple[Any, ...], int] = {}
        for cells in reader:
            where = f"{path}, line {reader.line_num}"
            if None in cells or None in cells.values():
                raise ConfigError(f"{where}: must have {len(reader.fieldnames or ())} cells; put quotes around a comma")
            row = {name: _value(name, cell) for name, cell in cells.items()}
            check(where, row, schema("published"))
            _check_row(where, row, documents)
            _check_values_are_its_own(where, row["experiment"], entries)
            if row["epoch"] is not None and row["experiment"] in entries:
                _check_epoch(where, row, inherit(row["experiment"], dict(entries)))
            first = lines.setdefault(tuple(row[name] for name in IDENTIFYING), reader.line_num)
            if first != reader.line_num:
                same = "experiment, split, metric and epoch"
                raise ConfigError(f"{where}: has the {same} of line {first}; remove one of them")
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num}: not valid CSV: {error}; correct it") from None


def compared_by_epoch(path: Path, names: Iterable[str], experiments: Mapping[str, Any]) -> list[str]:
    """Return the names of the experiments that are compared with values of single epochs in a valid published.csv.

    Args:
        path: published.csv.
        names: the names to choose from.
        experiments: resolved experiments by name, whose ``published_as`` counts.
    """
    with path.open(encoding="utf-8", newline="") as file:
        published = {row["experiment"] for row in csv.DictReader(file) if row["epoch"]}
    return [name for name in names if published & {name, experiments[name].published_as}]


def published_for(path: Path, names: Container[str | None]) -> list[dict[str, Any]]:
    """Return the rows of a valid published.csv about some experiments, without ``document``; empty cells are None.

    Args:
        path: published.csv.
        names: of the experiments.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["experiment"] in names]
    return [{name: _value(name, cell) for name, cell in row.items() if name != "document"} for row in rows]


def _check_columns(path: Path, columns: list[str]) -> None:
    known = schema("published")["properties"]
    for name in columns:
        if name not in known:
            raise ConfigError(f"{path}, line 1: unknown column '{name}'{nearest(name, known)}")
        if columns.count(name) > 1:
            raise ConfigError(f"{path}, line 1: the column '{name}' is given twice; remove one")
    for name in known:
        if name not in columns:
            raise ConfigError(f"{path}, line 1: the column '{name}' is missing; add it")


def _value(name: str, cell: str) -> Any:
    """Return the value of a cell: text, a number or, for an empty cell, None."""
    if not cell or name in TEXT:
        return cell or None
    for kind in (int, float):
        try:
            # A float column may hold 1, and `trials` must not hold 1.5.
            return kind(cell) if len(cell) < 30 else cell
        except ValueError:
            continue
    return cell


def _check_row(where: str, row: Mapping[str, Any], documents: Mapping[str, str]) -> None:
    """Refuse values that contradict each other, and an experiment that its document does not have."""
    name, document = row["experiment"], row["document"]
    if name in documents and documents[name] != document:
        raise ConfigError(f"{where}: document: {name} belongs to {documents[name]}; got '{document}'")
    if name not in documents and document in documents.values():
        known = [other for other, its_document in documents.items() if its_document == document]
        raise ConfigError(f"{where}: experiment: {document} has no experiment '{name}'{nearest(name, known)}")
    for column in ("mean", "min", "max"):
        value = row[column]
        if value is not None and not value < float("inf"):
            raise ConfigError(f"{where}: {column}: must be a finite number; got {value}")
        if value is not None and row["metric"] in SHARES and value > 1:
            raise ConfigError(f"{where}: {column}: must be a share of 1, such as 0.975; got {value}")
    low, high = (row["mean"] if row[column] is None else row[column] for column in ("min", "max"))
    if not low <= row["mean"] <= high:
        raise ConfigError(f"{where}: mean: must lie between min and max; got {row['mean']}, not in {low} to {high}")
    if (row["metric"] == "score") != (row["split"] == "kaggle"):
        raise ConfigError(f"{where}: metric: the score of a submission has the split kaggle, and only it has")
    if row["std"] and row["trials"] == 1:
        raise ConfigError(f"{where}: std: one trial has no standard deviation; correct trials or remove std")


def _check_values_are_its_own(where: str, name: str, entries: Mapping[str, Entry]) -> None:
    """Refuse a row of an experiment that is compared with the values of another."""
    other = entries[name].keys.get("published_as") if name in entries else None
    if other is not None:
        raise ConfigError(f"{where}: experiment: {name} has published_as: {other}; remove the row or published_as")


def _check_epoch(where: str, row: Mapping[str, Any], keys: Mapping[str, Any]) -> None:
    """Refuse an epoch that the history of an experiment, given by its inherited keys, does not have."""
    defaults, name, split = schema("experiment")["properties"], row["experiment"], row["split"]
    epochs = keys.get("training", {}).get("epochs", defaults["training"]["properties"]["epochs"]["default"])
    if row["epoch"] > epochs:
        raise ConfigError(f"{where}: epoch: {name} trains for {epochs} epochs; got {row['epoch']}")
    if split == "test" and split not in keys.get("watch", ()):
        raise ConfigError(f"{where}: epoch: {name} does not record the test set by epoch; add watch: [test] to it")
    if split == "valid" and not keys.get("split", {}).get("validation"):
        raise ConfigError(f"{where}: epoch: {name} has no validation images; set split.validation or remove the row")
    if split == "kaggle":
        raise ConfigError(f"{where}: epoch: a competition score has no epoch; remove it")


def reference_files(folder: str | None, root: str | Path) -> list[Path]:
    """Return the files with the reference results that the report shows; none if ``folder`` is None.

    Args:
        folder: the key ``reference`` of config.yaml; a path in the working directory or in ``root``.

    Raises:
        ConfigError: a file is missing.
    """
    paths = [locate(folder, root) / name for name in REFERENCE_FILES] if folder is not None else []
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path}: is missing; check reference in config.yaml, or set it to null")
    return paths
