"""Where images come from, and how they are split and ordered.

Importing this package costs nothing: the modules behind the names load when a script asks for one of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


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
        competition: whether it is in the layout of the Simpsons competition: images of mixed sizes, whose heights
            and widths are kept, and images without labels, which a submission answers.
    """

    module: str
    fetched: bool
    shape: tuple[int, int, int]
    classes: int
    train_images: int | None = None
    parallel: bool = False
    competition: bool = False

    @property
    def family(self) -> str:
        """The name of its module: what data sets with the same original files share."""
        return self.module.rpartition(".")[2]


SOURCES = {
    "fashion_mnist": Source("lookbook.datasets.fashion_mnist", True, (28, 28, 1), 10, 60_000),
    "sample": Source("lookbook.datasets.fashion_mnist", False, (28, 28, 1), 10, 5_000),
    "simpsons": Source("lookbook.datasets.simpsons", True, (224, 224, 3), 42, parallel=True, competition=True),
    "simpsons_128": Source("lookbook.datasets.simpsons", True, (128, 128, 3), 42, parallel=True, competition=True),
    "generated": Source("lookbook.datasets.generated", False, (64, 64, 3), 42, 1_216, parallel=True, competition=True),
    "generated_128": Source(
        "lookbook.datasets.generated", False, (128, 128, 3), 42, 1_216, parallel=True, competition=True
    ),
    "generated_224": Source(
        "lookbook.datasets.generated", False, (224, 224, 3), 42, 1_216, parallel=True, competition=True
    ),
    "generated_small_rgb": Source("lookbook.datasets.generated", False, (28, 28, 3), 10, 800),
    "generated_small_gray": Source("lookbook.datasets.generated", False, (28, 28, 1), 10, 800),
    "simpsons_mnist_rgb": Source("lookbook.datasets.simpsons_mnist", True, (28, 28, 3), 10, 8_000, parallel=True),
    "simpsons_mnist_gray": Source("lookbook.datasets.simpsons_mnist", True, (28, 28, 1), 10, 8_000, parallel=True),
}

# What `fetch.py` brings: each family of original files once, whatever data sets are prepared from it.
FETCHED = {source.family: source.module for source in SOURCES.values() if source.fetched}
RESOURCES = Path("resources")  # in the folder of the run, as the rules have it


def unavailable_reason(dataset: str, data: Mapping[str, Any], resources: Path = RESOURCES) -> str | None:
    """Return why a data set cannot be had here, with the remedy, or None where it can or need only be downloaded.

    Args:
        dataset: a key of ``SOURCES``.
        data: the config's ``data`` section.
        resources: the folder with ``downloads/<family>`` and ``datasets/<name>`` of earlier runs.

    Raises:
        ConfigError: the path that the config gives is wrong.
    """
    reason = originals_unavailable_reason(dataset, data, resources)
    return None if (resources / "datasets" / dataset / "manifest.json").is_file() else reason


def originals_unavailable_reason(dataset: str, data: Mapping[str, Any], resources: Path = RESOURCES) -> str | None:
    """Return the same about a data set's original files, whether or not it has been prepared from them."""
    family = SOURCES[dataset].family
    if family != "simpsons":
        return None
    # Imported here, since most runs ask for no such data set.
    from lookbook.datasets import simpsons

    return simpsons.unavailable_reason((data.get(family) or {}).get("path"), resources / "downloads" / family)
