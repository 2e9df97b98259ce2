"""Where images come from, and how they are split and ordered.

Importing this package costs nothing: the modules behind the names load when a script asks for one of them.
"""

from typing import NamedTuple


class Source(NamedTuple):
    """One dataset by name.

    Attributes:
        module: the module that knows it, with ``prepare(name, output, source)`` and, where ``fetched``,
            ``fetch(destination, *, path)``.
        fetched: whether its original files must be brought here first; else they are part of this repository.
        shape: height, width and channels of its images.
        classes: how many classes it has.
        train_images: how many training images it has, where that is known before it is prepared.
        parallel: whether ``prepare`` takes ``workers``, the number of processes that decode.
    """

    module: str
    fetched: bool
    shape: tuple[int, int, int]
    classes: int
    train_images: int | None = None
    parallel: bool = False

    @property
    def family(self) -> str:
        """The name of its module: what data sets with the same original files share."""
        return self.module.rpartition(".")[2]


SOURCES = {
    "fashion_mnist": Source("lookbook.datasets.fashion_mnist", True, (28, 28, 1), 10, 60_000),
    "sample": Source("lookbook.datasets.fashion_mnist", False, (28, 28, 1), 10, 5_000),
    "simpsons": Source("lookbook.datasets.simpsons", True, (224, 224, 3), 42, parallel=True),
    "simpsons_128": Source("lookbook.datasets.simpsons", True, (128, 128, 3), 42, parallel=True),
    "generated": Source("lookbook.datasets.generated", False, (64, 64, 3), 42, 1_216, parallel=True),
    "generated_128": Source("lookbook.datasets.generated", False, (128, 128, 3), 42, 1_216, parallel=True),
    "generated_224": Source("lookbook.datasets.generated", False, (224, 224, 3), 42, 1_216, parallel=True),
    "simpsons_mnist_rgb": Source("lookbook.datasets.simpsons_mnist", True, (28, 28, 3), 10, 8_000, parallel=True),
    "simpsons_mnist_gray": Source("lookbook.datasets.simpsons_mnist", True, (28, 28, 1), 10, 8_000, parallel=True),
}

# What `fetch.py` brings: each family of original files once, whatever data sets are prepared from it.
FETCHED = {source.family: source.module for source in SOURCES.values() if source.fetched}
