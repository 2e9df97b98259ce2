"""metrics.json: the metrics of one trial, with the identity of the trial that they were computed from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookbook.results.reading import check_identity, read_json, write_json
from lookbook.results.trial import Trial


def write_metrics(path: Path, trial: Trial, splits: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the metrics of each split of a trial."""
    write_json(path, {"identity": trial.identity, "splits": splits})


def read_metrics(path: Path, trial: Trial) -> dict[str, dict[str, Any]]:
    """Return the metrics of each split.

    Raises:
        ResultError: the file is missing or damaged, or was computed from another trial.
    """
    content = read_json(path, "identity", "splits")
    check_identity(path, content["identity"], trial.identity)
    return content["splits"]
