"""Copy or download the original files of a dataset and verify them.

example: fetch_dataset.py fashion_mnist --output resources/downloads/fashion_mnist
"""

import importlib

from lookbook.command_line import exits_with_message, new_parser
from lookbook.datasets import FETCHED


@exits_with_message
def main() -> None:
    """Fetch the files and print where they came from."""
    parser = new_parser(__doc__, output="folder to write the files to")
    parser.add_argument("family", choices=list(FETCHED), help="datasets with the same original files")
    parser.add_argument("--path", help="folder or zip archive with the files; empty or not given: download them")
    arguments = parser.parse_args()
    module = importlib.import_module(FETCHED[arguments.family].module)
    origin = module.fetch(arguments.output, path=arguments.path)
    print(f"{arguments.family}: verified files in {arguments.output}, from {origin}")


if __name__ == "__main__":
    main()
