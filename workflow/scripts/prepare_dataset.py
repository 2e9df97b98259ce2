"""Turn a dataset's original files into memory-mappable arrays and a manifest."""

import argparse
import importlib
import sys

from lookbook.datasets import SOURCES
from lookbook.errors import DatasetError

EXAMPLE = "example: python workflow/scripts/prepare_dataset.py sample --output resources/datasets/sample"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("dataset", choices=list(SOURCES))
    parser.add_argument("--source", help="folder with the original files; a shipped dataset needs none")
    parser.add_argument("--output", required=True, help="folder to write")
    parser.add_argument("--workers", type=int, default=1, help="processes that decode image files")
    args = parser.parse_args()

    source = importlib.import_module(SOURCES[args.dataset].module)
    options = {"workers": args.workers} if SOURCES[args.dataset].parallel else {}
    try:
        manifest = source.prepare(args.dataset, args.output, args.source or None, **options)
    except DatasetError as error:
        sys.exit(str(error))
    counts = manifest["counts"]
    print(f"{args.dataset}: {counts['train']} training and {counts['test']} test images in {args.output}")


if __name__ == "__main__":
    main()
