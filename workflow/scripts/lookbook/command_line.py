"""What the command lines of all scripts have in common."""

import argparse
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from lookbook.errors import ConfigError, DatasetError, ResultError
from lookbook.processes import end_with

INPUTS = {
    "experiments": "experiments.json or plan.json; the trials and figures are in its folder",
    "manifest": "manifest.json of a prepared dataset; its images are in the same folder",
    **{name: f"{name}.csv" for name in ("trials", "summary", "comparisons", "ensembles", "factorials", "published")},
}


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
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
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

    return main_without_traceback
