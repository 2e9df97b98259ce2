"""A submission to the Kaggle competition: a CSV file, and beside it a JSON file with its identity and SHA-256."""

from collections.abc import Sequence
from pathlib import Path

from lookbook.datasets.competition_layout import write_answers
from lookbook.errors import ResultError
from lookbook.files import file_sha256, write_json
from lookbook.results.reading import check_identity, read_json, reading, remedy


def write_submission(
    path: Path,
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    identity: str,
    unread: Sequence[str] = (),
    fallback: str | None = None,
) -> None:
    """Write a submission in natural order of the file names, and its JSON file: ``s.json`` for ``s.csv``.

    Args:
        path: the CSV file to write; its folder is created if it is missing.
        names: file names of the predicted test images, such as "img0.jpg".
        class_names: the predicted class of each, such as "homer_simpson".
        identity: what the predictions were made from, see ``results.tables.identity_of_trials``.
        unread: names of test images that could not be read; the competition requires a row for them as well.
        fallback: the class for ``unread``, such as the largest class of the training images.

    Raises:
        ValueError: names and classes differ in number, a name occurs twice, or ``unread`` has no ``fallback``.
    """
    if len(names) != len(class_names):
        raise ValueError(f"{len(names)} names and {len(class_names)} classes")
    if unread and fallback is None:
        raise ValueError(f"{len(unread)} test images could not be read and there is no fallback class")
    answers = dict(zip(names, class_names, strict=True)) | {name: str(fallback) for name in unread}
    if len(answers) != len(names) + len(unread):
        raise ValueError("a test image has more than one row")
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
