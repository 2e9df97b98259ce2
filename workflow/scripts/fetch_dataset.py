"""Bring a dataset's original files here, verified, from a folder, a system package or the network."""

import argparse
import importlib
import sys
from pathlib import Path

from lookbook.datasets import FETCHED
from lookbook.errors import DatasetError

EXAMPLE = "example: python workflow/scripts/fetch_dataset.py fashion_mnist --output resources/downloads/fashion_mnist"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("dataset", choices=list(FETCHED))
    parser.add_argument("--output", required=True, help="folder to leave the files in")
    parser.add_argument("--path", help="folder that has the files already; must be right if given")
    args = parser.parse_args()

    source = importlib.import_module(FETCHED[args.dataset])
    try:
        origin = source.fetch(args.output, path=args.path)
    except DatasetError as error:
        sys.exit(str(error))
    # The same text whatever the source, so that another source of the same files prepares nothing anew.
    marker = Path(args.output) / "original.txt"
    if not marker.exists():
        marker.write_text("the files beside this one\n")
    print(f"{args.dataset}: verified files in {args.output}, from {origin}")


if __name__ == "__main__":
    main()
