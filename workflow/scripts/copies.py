"""Make the growing-batch copies of a dataset: n of every training image, each with one random operation."""

import argparse
import os
import sys

from tqdm import tqdm

from lookbook.datasets import arrays, growing_batch
from lookbook.errors import DatasetError

EXAMPLE = """example:
  python workflow/scripts/copies.py --dataset resources/datasets/fashion_mnist --copies 4 --operations 4 \\
      --seed 0 --output results/copies/fashion_mnist_n4_k4"""


def main() -> None:
    names = [function.__name__ for function in growing_batch.OPERATIONS]
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names, 1))
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, help="folder of a prepared dataset")
    parser.add_argument("--copies", required=True, type=int, metavar="N", help="per training image")
    parser.add_argument(
        "--operations", required=True, type=int, metavar="K", help=f"draw from the first K of: {listed}"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all draws (default: 0)")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="workers; they do not change the result")
    args = parser.parse_args()

    try:
        total = args.copies * len(arrays.load(args.dataset).train_images)
        with tqdm(total=total, unit=" copies", unit_scale=True, desc="augmenting") as bar:
            growing_batch.write(
                args.output,
                args.dataset,
                n=args.copies,
                k=args.operations,
                seed=args.seed,
                processes=args.processes,
                progress=bar.update,
            )
    except (DatasetError, ValueError) as error:
        sys.exit(f"copies.py: {error}")


if __name__ == "__main__":
    main()
