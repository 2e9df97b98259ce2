"""Write the sample of Fashion-MNIST that this repository ships: a balanced subset in the same format."""

import argparse
import sys
from pathlib import Path

from lookbook.datasets import fashion_mnist
from lookbook.datasets.idx import write_idx
from lookbook.errors import DatasetError
from lookbook.sampling.splits import limit

EXAMPLE = (
    "example: python workflow/scripts/make_sample.py --originals /usr/share/datasets/fashion-mnist "
    "--output workflow/scripts/lookbook/datasets/sample"
)
COUNTS = {"train": 5000, "test": 1000}
SEED = 2017  # the year of Fashion-MNIST; another seed gives another sample


def main() -> None:
    """Write the four files of the sample."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--originals", type=Path, nargs="+", required=True, help="Fashion-MNIST's files or folder")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()

    try:
        decoded = fashion_mnist.read(*arguments.originals)
    except DatasetError as error:
        sys.exit(f"error: {error}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for split, count in COUNTS.items():
        chosen = limit(decoded[f"{split}_labels"], count, SEED)
        for key in (f"{split}_images", f"{split}_labels"):
            write_idx(arguments.output / fashion_mnist.FILES[key].name, decoded[key][chosen])
    print(f"{COUNTS['train']} training and {COUNTS['test']} test images in {arguments.output}")


if __name__ == "__main__":
    main()
