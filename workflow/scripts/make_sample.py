"""Draw the sample that this repository ships: a balanced part of Fashion-MNIST, in the same format."""

import argparse
import sys
from pathlib import Path

from lookbook.datasets import fashion_mnist
from lookbook.datasets.idx import write_idx
from lookbook.errors import DatasetError
from lookbook.sampling.splits import limit

EXAMPLE = (
    "example: python workflow/scripts/make_sample.py --source /usr/share/datasets/fashion-mnist "
    "--output workflow/scripts/lookbook/datasets/sample"
)
COUNTS = {"train": 5000, "test": 1000}
SEED = 2017  # the year of Fashion-MNIST; any other seed gives another sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--source", required=True, help="folder with the four files of Fashion-MNIST")
    parser.add_argument("--output", required=True, help="folder to write the four files of the sample to")
    args = parser.parse_args()

    try:
        decoded = fashion_mnist.read(args.source)
    except DatasetError as error:
        sys.exit(str(error))
    output = Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    for split, count in COUNTS.items():
        chosen = limit(decoded[f"{split}_labels"], count, SEED)
        for key in (f"{split}_images", f"{split}_labels"):
            write_idx(output / fashion_mnist.FILES[key].name, decoded[key][chosen])
    print(f"{COUNTS['train']} training and {COUNTS['test']} test images in {output}")


if __name__ == "__main__":
    main()
