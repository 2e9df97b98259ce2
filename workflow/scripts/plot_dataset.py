r"""Plot the number of images per class of a dataset, and the sizes of its images before resizing.

example: plot_dataset.py --manifest resources/datasets/generated/manifest.json \
      --output results/figures/datasets/generated
"""

from lookbook.command_line import exits_with_message, new_parser
from lookbook.datasets.arrays import load
from lookbook.figures.dataset import class_counts_figure, image_sizes_figure
from lookbook.results.figures import write_figures


@exits_with_message
def main() -> None:
    """Read the manifest and the original sizes, write class_counts.svg and image_sizes.svg."""
    arguments = new_parser(__doc__, "manifest", output="folder for the SVG files").parse_args()
    data = load(arguments.manifest)
    figures = {
        "class_counts": class_counts_figure(data.manifest["class_counts"]["train"], data.classes),
        "image_sizes": image_sizes_figure(*data.original_sizes()),
    }
    write_figures(arguments.output, figures, data.digest)


if __name__ == "__main__":
    main()
