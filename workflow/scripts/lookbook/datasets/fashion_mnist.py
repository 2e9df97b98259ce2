"""Fashion-MNIST: 60,000 training and 10,000 test images of 28 x 28 gray pixels, in ten balanced classes.

Xiao, Rasul, Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", https://arxiv.org/abs/1708.07747; https://github.com/zalandoresearch/fashion-mnist, MIT licence.

Distributions recompress the four files, so the SHA-256 of the decoded arrays is verified.
"""

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lookbook.datasets import ARRAYS, DATASETS, arrays
from lookbook.datasets import FASHION_MNIST_CLASSES as CLASSES
from lookbook.datasets.idx import read_idx, write_idx
from lookbook.errors import DatasetError
from lookbook.files import replacing


class IdxFile(NamedTuple):
    """One file of the dataset.

    Attributes:
        name: its name, here and on every mirror.
        md5: of the gzipped file that the authors publish.
        sha256: of the decoded values, whichever program compressed them.
    """

    name: str
    md5: str
    sha256: str


_MD5 = (
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "25c81989df183df01b3e8a0aad5dffbe",
    "bef4ecab320f06d8554ea6380940ec79",
    "bb300cfdad3c16e7a12a480ee83cd310",
)
_SHA256 = (
    "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
    "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
    "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
    "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
)
FILES = dict(zip(ARRAYS, map(IdxFile, DATASETS["fashion_mnist"].originals, _MD5, _SHA256), strict=True))
CONFIG_KEY = "data.fashion_mnist.path"
PACKAGE_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of the Debian package dataset-fashion-mnist
SAMPLE_FOLDER = Path(__file__).parent / "sample"
MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
DESCRIPTIONS = {
    "fashion_mnist": "Fashion-MNIST (Zalando Research, MIT licence)",
    "sample": "5,000 training and 1,000 test images of Fashion-MNIST (Zalando Research, MIT licence)",
}

log = logging.getLogger(__name__)


def fetch(
    destination: Path,
    *,
    path: str | None = None,
    package: Path = PACKAGE_FOLDER,
    mirrors: Sequence[str] = MIRRORS,
    files: Mapping[str, IdxFile] = FILES,
) -> str:
    """Copy or download the four idx files to a folder and verify them.

    The first of these is used: ``path``, a folder with the four files, gzipped or not; ``package``, the folder of the
    Debian package; the mirrors, URLs of folders that end in "/", in turn. An interrupted download leaves
    ``<name>.part``, from which the next one resumes.
    """
    destination.mkdir(parents=True, exist_ok=True)
    if path:
        try:
            _copy(Path(path).expanduser(), destination, files)
        except DatasetError as error:
            raise DatasetError(f"{CONFIG_KEY}: {error}") from None
        return f"{CONFIG_KEY} ({path})"
    if package.is_dir():
        try:
            _copy(package, destination, files)
            return f"the Debian package in {package}"
        except DatasetError as error:
            log.warning("Ignoring the Debian package: %s. Downloading from the mirrors instead.", error)
    used = [_download(file, destination, mirrors) for file in files.values()]
    return ", ".join(dict.fromkeys(used))


def read(*originals: Path, files: Mapping[str, IdxFile] = FILES, verify: bool = True) -> dict[str, np.ndarray]:
    """Decode the four files, gzipped or not.

    Args:
        originals: the files, or the folder that holds them.
        files: names and hashes by array.
        verify: whether the decoded values must have the published SHA-256.

    Returns:
        The arrays by name, uint8: images (N, 28, 28), labels (N,).

    Raises:
        DatasetError: a file is missing, damaged, or its values are not the published ones.
    """
    paths = {key: _locate(originals, file.name) for key, file in files.items()}
    decoded = {key: _read(path, files[key].sha256 if verify else None) for key, path in paths.items()}
    for split in ("train", "test"):
        images, labels = decoded[f"{split}_images"], decoded[f"{split}_labels"]
        if images.ndim != 3 or labels.shape != images.shape[:1] or not len(labels):
            problem = f"images {list(images.shape)} and labels {list(labels.shape)} do not belong together"
            raise DatasetError(f"{paths[f'{split}_labels']}: {problem}; use the files of one dataset")
        if labels.max() >= len(CLASSES):
            raise DatasetError(f"{paths[f'{split}_labels']}: label {labels.max()} is not one of {len(CLASSES)} classes")
    return decoded


def prepare(name: str, output: Path, originals: Sequence[Path] = (), *, workers: int = 1) -> dict[str, Any]:
    """Write a prepared dataset from the four idx files.

    "fashion_mnist" must have the published values; "sample" is prepared from the files of the repository by default.
    """
    if not originals and name != "sample":
        raise DatasetError(f"{name} is prepared from its four idx files; give their paths or their folder")
    decoded = read(*(originals or [SAMPLE_FOLDER]), verify=name != "sample")
    images = {key: decoded[key][..., np.newaxis] for key in ("train_images", "test_images")}
    return arrays.write(output, name=name, classes=CLASSES, source=DESCRIPTIONS[name], **decoded | images)


def _locate(originals: Sequence[Path], name: str) -> Path:
    """Return the path of a file, with or without the ending .gz, among files and folders."""
    names = (name, name.removesuffix(".gz"))
    for path in originals:
        for candidate in [path / n for n in names] if path.is_dir() else [path]:
            if candidate.name in names and candidate.is_file():
                return candidate
    missing = [str(path) for path in originals if not path.exists()]
    if missing:
        raise DatasetError(f"{missing[0]} does not exist")
    raise DatasetError(f"{', '.join(map(str, originals))}: there is no {name}")


def _copy(folder: Path, destination: Path, files: Mapping[str, IdxFile]) -> None:
    """Copy the files of a folder if it holds the whole dataset; otherwise change nothing and raise."""
    decoded = read(folder, files=files)
    for key, file in files.items():
        path = _locate([folder], file.name)
        if path.name == file.name:
            with replacing(destination / file.name) as temporary:
                shutil.copyfile(path, temporary)
        else:
            write_idx(destination / file.name, decoded[key])


def _download(file: IdxFile, destination: Path, mirrors: Sequence[str]) -> str:
    """Download one file unless it is present, and return the mirror."""
    # Imported here, because nothing else needs the packages for downloads.
    from lookbook.datasets.downloads import download

    target = destination / file.name
    if _objection(target, file) is None:
        return f"{target}, which was present"
    try:
        urls = [mirror + file.name for mirror in mirrors]
        url = download(target, urls, lambda path: _objection(path, file), md5=file.md5)
    except DatasetError as error:
        raise DatasetError(
            "Fashion-MNIST is not on this machine and could not be downloaded. Do one of the following:\n"
            f"  - set {CONFIG_KEY} in the config to a folder with its four files\n"
            "  - apt-get install dataset-fashion-mnist\n"
            f"  - run again with network access; the download failed with {error}"
        ) from None
    return url.removesuffix(file.name)


def _objection(path: Path, file: IdxFile) -> str | None:
    """Return why a file is not the published one, or None if it is."""
    try:
        _read(path, file.sha256)
    except DatasetError as error:
        return str(error)
    return None


def _read(path: Path, sha256: str | None) -> np.ndarray:
    values = read_idx(path)
    if sha256 and arrays.sha256(values) != sha256:
        raise DatasetError(f"{path}: the values differ from those of Fashion-MNIST (SHA-256)")
    return values
