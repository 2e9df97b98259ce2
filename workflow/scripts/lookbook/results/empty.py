"""The files of a trial that has no results, so that every trial has the same files."""

from pathlib import Path

from lookbook.results.history import write_history
from lookbook.results.model import write_model
from lookbook.results.predictions import write_predictions


def write_empty_results(folder: Path) -> None:
    """Write history.csv, model.keras and predictions.npz without content."""
    write_history(folder / "history.csv", [])
    write_model(folder / "model.keras", None)
    write_predictions(folder / "predictions.npz", {})
