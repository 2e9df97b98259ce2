"""The registry of datasets: their shapes, their files, and whether their images are available.

This holds for the functions of every module of datasets; their own docstrings describe what is their own:

- ``prepare(name, output, originals=(), *, workers=1)`` writes the dataset ``name`` to the folder ``output``, see
  ``arrays``, and returns its manifest. ``originals`` are the paths of the original files, or one folder with them, and
  ``workers`` is the number of processes that decode image files. It raises DatasetError if a file is missing, damaged
  or not what the dataset holds.
- ``fetch(destination, *, path=None)``, if there are original files, leaves them in a folder, which is created if it is
  missing, and returns a description of where they came from. ``path`` is the config's ``data.<family>.path``; None or
  "" if it is not set. It raises DatasetError if ``path`` is set but does not hold the dataset, or the download failed.

Every parse of the Snakefile imports this module, so it imports only light modules of the standard library.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
COMPETITION_ARRAYS = ("train_heights", "train_widths", "submission_images")
RESOURCES = Path("resources")  # relative to the working directory, as in the rules


class DatasetInfo(NamedTuple):
    """What is known about a dataset before it is prepared.

    Attributes:
        module: the module with ``prepare`` and ``fetch``.
        shape: height, width and channels of its images.
        classes: number of classes.
        train_images: number of training images; None if it depends on the original files.
        originals: names of the original files that ``fetch`` leaves in its folder and ``prepare`` reads; empty if
            the images are shipped with the repository or generated.
        competition: whether it has the layout of the Simpsons competition: images of mixed sizes, whose original
            heights and widths are kept, and images without labels, for which a submission gives the classes.
    """

    module: str
    shape: tuple[int, int, int]
    classes: int
    train_images: int | None = None
    originals: tuple[str, ...] = ()
    competition: bool = False

    @property
    def family(self) -> str:
        """The last part of the module's name, common to all datasets with the same original files."""
        return self.module.rpartition(".")[2]

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of all arrays that ``prepare`` writes, each to ``<name>.npy``."""
        return ARRAYS + (COMPETITION_ARRAYS if self.competition else ())


# Known before the dataset is prepared, because claims name classes.
FASHION_MNIST_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)

_FASHION_MNIST = "lookbook.datasets.fashion_mnist"
_SIMPSONS = "lookbook.datasets.simpsons"
_GENERATED = "lookbook.datasets.generated"
_SIMPSONS_MNIST = "lookbook.datasets.simpsons_mnist"
_IDX_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_COMPETITION_ZIP = ("journey-springfield.zip",)
_SIMPSONS_MNIST_ZIP = ("simpsons-mnist.zip",)

DATASETS = {
    "fashion_mnist": DatasetInfo(_FASHION_MNIST, (28, 28, 1), 10, 60_000, _IDX_FILES),
    "sample": DatasetInfo(_FASHION_MNIST, (28, 28, 1), 10, 5_000),
    "simpsons": DatasetInfo(_SIMPSONS, (224, 224, 3), 42, None, _COMPETITION_ZIP, competition=True),
    "simpsons_128": DatasetInfo(_SIMPSONS, (128, 128, 3), 42, None, _COMPETITION_ZIP, competition=True),
    "generated": DatasetInfo(_GENERATED, (64, 64, 3), 42, 1_216, competition=True),
    "generated_128": DatasetInfo(_GENERATED, (128, 128, 3), 42, 1_216, competition=True),
    "generated_224": DatasetInfo(_GENERATED, (224, 224, 3), 42, 1_216, competition=True),
    "generated_small_rgb": DatasetInfo(_GENERATED, (28, 28, 3), 10, 800),
    "generated_small_gray": DatasetInfo(_GENERATED, (28, 28, 1), 10, 800),
    "simpsons_mnist_rgb": DatasetInfo(_SIMPSONS_MNIST, (28, 28, 3), 10, 8_000, _SIMPSONS_MNIST_ZIP),
    "simpsons_mnist_gray": DatasetInfo(_SIMPSONS_MNIST, (28, 28, 1), 10, 8_000, _SIMPSONS_MNIST_ZIP),
}
# One dataset of each family with original files: fetching them once serves every dataset of the family.
FETCHED = {info.family: info for info in DATASETS.values() if info.originals}


def unavailable_reason(dataset: str, data: Mapping[str, Any], resources: Path = RESOURCES) -> str | None:
    """Return why a dataset is unavailable, with the remedy, or None if it is prepared, or can be.

    Args:
        dataset: a key of ``DATASETS``.
        data: the config's ``data`` section.
        resources: the folder with ``downloads/<family>`` and ``datasets/<name>`` of earlier runs.

    Raises:
        ConfigError: the path in the config is wrong.
    """
    reason = originals_unavailable_reason(dataset, data, resources)
    return None if (resources / "datasets" / dataset / "manifest.json").is_file() else reason


def originals_unavailable_reason(dataset: str, data: Mapping[str, Any], resources: Path = RESOURCES) -> str | None:
    """Return why a dataset's original files are unavailable, whether or not it is prepared; see above."""
    family = DATASETS[dataset].family
    if family != "simpsons":
        return None
    # Imported here, because most runs use no such dataset.
    from lookbook.datasets import simpsons

    return simpsons.unavailable_reason((data.get(family) or {}).get("path"), resources / "downloads" / family)
