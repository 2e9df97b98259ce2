"""What the command lines of all scripts have in common."""

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from lookbook.errors import ConfigError, DatasetError, ResultError
from lookbook.processes import end_with

INPUTS = {
    "experiments": "experiments.json or plan.json; the trials and figures are in its folder",
    "manifest": "manifest.json of a prepared dataset; its images are in the same folder",
    **{
        name: f"{name}.csv"
        for name in (
            *("trials", "summary", "comparisons", "epochs", "claims", "ensembles", "factorials"),
            *("curves", "time_to_accuracy", "published"),
        )
    },
}


def path(text: str) -> Path:
    """Parse the path of an argument."""
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("a path is neither empty nor contains a NUL byte")
    return Path(text)


def natural_number(text: str) -> int:
    """Parse an argument that is an integer from 0 to 2^31 - 1."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"must be an integer from 0 to {2**31 - 1}; got {text[:40]!r}")
    return int(text)


def positive_number(text: str) -> int:
    """Parse an argument that is an integer from 1 to 2^31 - 1."""
    if not natural_number(text):
        raise argparse.ArgumentTypeError("must be at least 1; got 0")
    return int(text)


def gpu_setting(text: str) -> str | int:
    """Parse an argument that is a value of the configuration's ``devices.gpu``: auto, 0 or 1."""
    if text not in ("auto", "0", "1"):
        raise argparse.ArgumentTypeError(f"must be auto, 0 or 1; got {text[:40]!r}")
    return text if text == "auto" else int(text)


def json_object(*keys: str) -> Callable[[str], dict[str, Any]]:
    """Return a function that parses an argument that is a JSON object with some keys; ``a.b`` is a key of a value."""

    def has(value: Any, key: str) -> bool:
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True

    def parse(text: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise argparse.ArgumentTypeError(f"is not JSON ({type(error).__name__}): {text[:40]!r}") from None
        missing = [key for key in keys if not has(value, key)]
        if missing or not isinstance(value, dict):
            what = "a JSON object" + (f" with the key {missing[0]}" if missing else "")
            raise argparse.ArgumentTypeError(f"must be {what}; got {text[:40]!r}")
        return value

    return parse


def new_parser(documentation: str, *inputs: str, **paths: str) -> argparse.ArgumentParser:
    """Return the parser of a script with its required paths, to which the script can add other arguments.

    Args:
        documentation: the script's docstring: one line on what it does, a blank line, and an example.
        inputs: options for files that several scripts read, by their names in ``INPUTS``.
        paths: options for other paths with their help: ``output="folder to write"`` adds ``--output``.
    """
    description, _, examples = documentation.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=description, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, text in ({name: INPUTS[name] for name in inputs} | paths).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=path, required=True, help=text)
    return parser


def exits_with_message(main: Callable[[], None]) -> Callable[[], None]:
    """Make the main function of a script end an error that a user can correct with its message and status 1.

    A job of Snakemake also ends when the process that started it ends, so that no two runs work on one file.
    """

    @wraps(main)
    def main_without_traceback() -> None:
        if parent := os.environ.get("LOOKBOOK_PARENT"):
            pid, _, start = parent.partition(" ")
            end_with(int(pid), start)
        try:
            main()
        except (ConfigError, DatasetError, ResultError) as error:
            sys.exit(f"error: {error}")
        except OSError as error:
            if error.filename is None:
                sys.exit(f"error: {error}")
            # A path of the command line, or one below it, cannot be read or written.
            remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the path"
            sys.exit(f"error: {str(error.filename2 or error.filename)[:200]}: {error.strerror}; {remedy}")

    return main_without_traceback
