r"""Write the sample of Fashion-MNIST that this repository ships: a balanced subset in the same format.

example: make_sample.py --originals /usr/share/datasets/fashion-mnist \
      --output workflow/scripts/lookbook/datasets/sample
"""

from lookbook.command_line import exits_with_message, new_parser, path
from lookbook.datasets import fashion_mnist
from lookbook.datasets.idx import write_idx
from lookbook.sampling.splits import limit

COUNTS = {"train": 5000, "test": 1000}
SEED = 2017  # the year of Fashion-MNIST; another seed gives another sample


@exits_with_message
def main() -> None:
    """Write the four files of the sample."""
    parser = new_parser(__doc__, output="folder to write")
    parser.add_argument("--originals", type=path, nargs="+", required=True, help="Fashion-MNIST's files or folder")
    arguments = parser.parse_args()
    decoded = fashion_mnist.read(*arguments.originals)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for split, count in COUNTS.items():
        chosen = limit(decoded[f"{split}_labels"], count, SEED)
        for key in (f"{split}_images", f"{split}_labels"):
            write_idx(arguments.output / fashion_mnist.FILES[key].name, decoded[key][chosen])
    print(f"{COUNTS['train']} training and {COUNTS['test']} test images in {arguments.output}")


if __name__ == "__main__":
    main()
