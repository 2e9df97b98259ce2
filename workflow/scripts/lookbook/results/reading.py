"""Refuse a result file that is missing, damaged or made from other trials, with the command that creates it again.

A JSON file states a checksum of its content, so that any damage is found where the file is read.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lookbook import files
from lookbook.config.digests import digest
from lookbook.errors import ResultError

CHECKSUM = "checksum"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise a ResultError in place of any error in a block that only reads and parses the file ``path``."""
    try:
        yield
    except FileNotFoundError:
        raise ResultError(f"{path} is missing; {remedy(path)}") from None
    except Exception as error:  # What a damaged file raises depends on its bytes.
        about = " ".join(str(error).split())[:200]
        raise ResultError(f"{path} is damaged ({type(error).__name__}: {about}); {remedy(path)}") from None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write the object of a JSON file with its checksum, completely or not at all."""
    without = {key: value for key, value in content.items() if key != CHECKSUM}
    files.write_json(path, without | {CHECKSUM: digest(without)})


def read_json(path: Path, *keys: str) -> dict[str, Any]:
    """Return the object of a JSON file that ``write_json`` has written.

    Raises:
        ResultError: the file is missing, is not JSON, lacks one of the keys, or its content does not have its checksum.
    """
    with reading(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if lacking := [key for key in (*keys, CHECKSUM) if key not in content]:
            raise KeyError(*lacking)
        if content.pop(CHECKSUM) != digest(content):
            raise ValueError("its content does not have its checksum")
    return content


def check_identity(path: Path, stated: object, expected: object) -> None:
    """Raise ResultError if a file was made from other trials than the present ones.

    Args:
        path: the file, for the message.
        stated: the identity in the file.
        expected: the identity of the present trials.
    """
    if stated != expected:
        raise ResultError(f"{path} was made from other trials than the benchmark's; {remedy(path)}")


def remedy(path: Path) -> str:
    """Return what a user can do about a result file that cannot be used."""
    # Jobs inherit the command of their run, whose configuration decides which rule makes the file.
    return f"create it with: {os.environ.get('LOOKBOOK_COMMAND', 'snakemake --cores 1')} --forcerun {path}"
