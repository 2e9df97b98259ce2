"""Draw the images per class of a data set, and their sizes before they were resized."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lookbook.datasets import arrays
from lookbook.errors import DatasetError
from lookbook.figures.datasets import class_counts_figure, image_sizes_figure

EXAMPLE = "example: plot_dataset.py --dataset resources/datasets/generated --output results/figures/datasets/generated"


def main() -> None:
    """Read the manifest and the original sizes, write class_counts.svg and image_sizes.svg."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--dataset", type=Path, required=True, help="prepared, with train_heights.npy")
    parser.add_argument("--output", type=Path, required=True, help="folder for the figures")
    arguments = parser.parse_args()

    try:
        data = arrays.load(arguments.dataset)
        heights, widths = data.original_sizes()
    except DatasetError as error:
        sys.exit(str(error))
    figures = {
        "class_counts": class_counts_figure(data.manifest["class_counts"]["train"], data.classes),
        "image_sizes": image_sizes_figure(heights, widths),
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        (arguments.output / f"{name}.svg").write_text(figure, encoding="utf-8")


if __name__ == "__main__":
    main()
