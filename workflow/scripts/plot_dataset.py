"""Plot the number of images per class of a dataset, and the sizes of its images before resizing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lookbook.datasets.arrays import load
from lookbook.errors import DatasetError
from lookbook.figures.dataset import class_counts_figure, image_sizes_figure
from lookbook.results.figures import write_figure

EXAMPLE = (
    "example: plot_dataset.py --manifest resources/datasets/generated/manifest.json "
    "--output results/figures/datasets/generated"
)


def main() -> None:
    """Read the manifest and the original sizes, write class_counts.svg and image_sizes.svg."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json, beside train_heights.npy")
    parser.add_argument("--output", type=Path, required=True, help="folder for the SVG files")
    arguments = parser.parse_args()

    try:
        data = load(arguments.manifest)
        heights, widths = data.original_sizes()
    except DatasetError as error:
        sys.exit(f"error: {error}")
    figures = {
        "class_counts": class_counts_figure(data.manifest["class_counts"]["train"], data.classes),
        "image_sizes": image_sizes_figure(heights, widths),
    }
    for name, svg in figures.items():
        write_figure(arguments.output / f"{name}.svg", svg, data.digest)


if __name__ == "__main__":
    main()
