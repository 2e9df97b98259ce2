"""Write a dataset as memory-mappable arrays and a manifest."""

import argparse
import importlib
import sys
from pathlib import Path

from lookbook.datasets import DATASETS
from lookbook.errors import DatasetError

EXAMPLE = "example: python workflow/scripts/prepare_dataset.py sample --output resources/datasets/sample"


def main() -> None:
    """Prepare the dataset and print its numbers of images."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("dataset", choices=list(DATASETS))
    parser.add_argument(
        "--originals", type=Path, nargs="*", default=[], help="original files, or their folder; none if shipped"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--workers", type=int, default=1, help="number of processes that decode image files (1)")
    arguments = parser.parse_args()

    module = importlib.import_module(DATASETS[arguments.dataset].module)
    try:
        manifest = module.prepare(arguments.dataset, arguments.output, arguments.originals, workers=arguments.workers)
    except DatasetError as error:
        sys.exit(f"error: {error}")
    counts = manifest["counts"]
    print(f"{arguments.dataset}: {counts['train']} training and {counts['test']} test images in {arguments.output}")


if __name__ == "__main__":
    main()
