"""A submission to the Kaggle competition: a CSV file, and beside it a JSON file with its identity and SHA-256."""

from collections.abc import Mapping
from pathlib import Path

from lookbook.datasets.competition_layout import write_answers
from lookbook.errors import ResultError
from lookbook.files import file_sha256
from lookbook.results.reading import check_identity, read_json, reading, remedy, write_json


def write_submission(path: Path, answers: Mapping[str, str], *, identity: str) -> None:
    """Write a submission in natural order of the file names, and its JSON file: ``s.json`` for ``s.csv``.

    Args:
        path: the CSV file to write; its folder is created if it is missing.
        answers: the class, such as "homer_simpson", of each test image by its file name, such as "img0.jpg".
        identity: what the predictions were made from, see ``results.tables.identity_of_trials``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_answers(path, answers)
    write_json(path.with_suffix(".json"), {"identity": identity, "sha256": file_sha256(path)})


def read_submission(path: Path, identity: str) -> Path:
    """Return the path of a submission after verifying it.

    Raises:
        ResultError: a file is missing or damaged, or the submission was made from other trials.
    """
    stated = read_json(path.with_suffix(".json"), "identity", "sha256")
    with reading(path):
        sha256 = file_sha256(path)
    if sha256 != stated["sha256"]:
        raise ResultError(f"{path} is damaged: its JSON file states another SHA-256; {remedy(path)}")
    check_identity(path, stated["identity"], identity)
    return path
