"""Copy or download the original files of a dataset and verify them."""

import argparse
import importlib
import sys
from pathlib import Path

from lookbook.datasets import FETCHED
from lookbook.errors import DatasetError

EXAMPLE = "example: python workflow/scripts/fetch_dataset.py fashion_mnist --output resources/downloads/fashion_mnist"


def main() -> None:
    """Fetch the files and print where they came from."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("family", choices=list(FETCHED), help="datasets with the same original files")
    parser.add_argument("--path", help="folder or zip archive with the files; empty or not given: download them")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the files to")
    arguments = parser.parse_args()

    module = importlib.import_module(FETCHED[arguments.family].module)
    try:
        origin = module.fetch(arguments.output, path=arguments.path)
    except DatasetError as error:
        sys.exit(f"error: {error}")
    print(f"{arguments.family}: verified files in {arguments.output}, from {origin}")


if __name__ == "__main__":
    main()
