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
    """

    module: str
    fetched: bool
    shape: tuple[int, int, int]
    classes: int
    train_images: int | None = None


SOURCES = {
    "fashion_mnist": Source("lookbook.datasets.fashion_mnist", True, (28, 28, 1), 10, 60_000),
    "sample": Source("lookbook.datasets.fashion_mnist", False, (28, 28, 1), 10, 5_000),
}
