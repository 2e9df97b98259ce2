"""metrics.json: the metrics of one trial, with the identity of the trial that they were computed from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookbook.errors import ResultError
from lookbook.files import write_json
from lookbook.results.trial import Trial


def write_metrics(path: Path, trial: Trial, splits: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the metrics of each split of a trial."""
    write_json(path, {"identity": trial.identity, "splits": splits})


def read_metrics(path: Path, trial: Trial) -> dict[str, dict[str, Any]]:
    """Return the metrics of each split.

    Raises:
        ResultError: the file is missing or damaged, or was computed from another trial.
    """
    remedy = f"compute it again with: snakemake --cores 1 --forcerun {path}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        identity, splits = content["identity"], content["splits"]
    except FileNotFoundError:
        raise ResultError(f"{path} is missing; {remedy}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ResultError(f"{path} is damaged ({type(error).__name__}: {error}); {remedy}") from None
    if identity != trial.identity:
        raise ResultError(f"{path} was computed from another trial than {trial.path}; {remedy}")
    return splits
