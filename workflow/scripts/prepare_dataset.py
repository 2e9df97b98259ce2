"""Write a dataset as memory-mappable arrays and a manifest.

example: prepare_dataset.py sample --output resources/datasets/sample
"""

import importlib

from lookbook.command_line import exits_with_message, new_parser, path, positive_number
from lookbook.datasets import DATASETS


@exits_with_message
def main() -> None:
    """Prepare the dataset and print its numbers of images."""
    parser = new_parser(__doc__, output="folder to write")
    parser.add_argument("dataset", choices=list(DATASETS))
    parser.add_argument(
        "--originals", type=path, nargs="*", default=[], help="original files, or their folder; none if shipped"
    )
    parser.add_argument(
        "--workers", type=positive_number, default=1, help="number of processes that decode image files (1)"
    )
    arguments = parser.parse_args()
    module = importlib.import_module(DATASETS[arguments.dataset].module)
    manifest = module.prepare(arguments.dataset, arguments.output, arguments.originals, workers=arguments.workers)
    counts = manifest["counts"]
    print(f"{arguments.dataset}: {counts['train']} training and {counts['test']} test images in {arguments.output}")


if __name__ == "__main__":
    main()
