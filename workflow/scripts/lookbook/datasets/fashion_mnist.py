"""Fashion-MNIST: 60,000 training and 10,000 test images of 28 x 28 grey pixels, in ten balanced classes.

Xiao, Rasul, Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", https://arxiv.org/abs/1708.07747; https://github.com/zalandoresearch/fashion-mnist, MIT licence.

Distributions recompress the four files, so what is verified is always the SHA-256 of the decoded arrays.
"""

import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lookbook.datasets import arrays
from lookbook.datasets.idx import read_idx, write_idx
from lookbook.errors import DatasetError


class IdxFile(NamedTuple):
    """One file of the set.

    Attributes:
        name: its name, here and on every mirror.
        md5: of the gzipped file as the authors publish it.
        sha256: of the decoded values, whoever compressed them.
    """

    name: str
    md5: str
    sha256: str


CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
FILES = {
    "train_images": IdxFile(
        "train-images-idx3-ubyte.gz",
        md5="8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        sha256="2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
    ),
    "train_labels": IdxFile(
        "train-labels-idx1-ubyte.gz",
        md5="25c81989df183df01b3e8a0aad5dffbe",
        sha256="657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
    ),
    "test_images": IdxFile(
        "t10k-images-idx3-ubyte.gz",
        md5="bef4ecab320f06d8554ea6380940ec79",
        sha256="c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
    ),
    "test_labels": IdxFile(
        "t10k-labels-idx1-ubyte.gz",
        md5="bb300cfdad3c16e7a12a480ee83cd310",
        sha256="3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    ),
}
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

CHUNK = 1 << 16  # bytes; what a broken download loses at most

log = logging.getLogger(__name__)


def fetch(
    destination: str | Path,
    *,
    path: str | Path | None = None,
    package: Path = PACKAGE_FOLDER,
    mirrors: Sequence[str] = MIRRORS,
    files: Mapping[str, IdxFile] = FILES,
    attempts: int = 3,
) -> str:
    """Bring the four verified idx files to a folder, from the first source that has them.

    The order is ``path``, the Debian package, the mirrors. An interrupted download leaves ``<name>.part``,
    from which the next one goes on.

    Args:
        destination: the folder, made if missing.
        path: the config's ``data.fashion_mnist.path``: a folder with the four files, gzipped or not; None or
            "" where it is unset.
        package: where the Debian package puts the files.
        mirrors: addresses of folders, each ending in "/", tried in turn.
        files: what to bring.
        attempts: rounds through the mirrors.

    Returns:
        Where the files came from, in words.

    Raises:
        DatasetError: ``path`` is set but does not hold the set, or no source has it.
    """
    destination = Path(destination)
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
            log.warning("The Debian package is of no use, trying the mirrors: %s", error)
    used = [_download_verified(file, destination, mirrors, attempts) for file in files.values()]
    return ", ".join(dict.fromkeys(used))


def read(folder: str | Path, *, files: Mapping[str, IdxFile] = FILES, verify: bool = True) -> dict[str, np.ndarray]:
    """Decode the four files of a folder, gzipped or not.

    Args:
        folder: where they are.
        files: their names and hashes.
        verify: whether the decoded values must have the published SHA-256.

    Returns:
        The arrays by name, uint8: images (N, 28, 28), labels (N,).

    Raises:
        DatasetError: a file is missing, damaged, or holds other values than the published ones.
    """
    folder = Path(folder)
    decoded = {}
    for key, file in files.items():
        decoded[key] = read_idx(_locate(folder, file.name))
        if verify and arrays.sha256(decoded[key]) != file.sha256:
            raise DatasetError(f"{_locate(folder, file.name)} holds other values than Fashion-MNIST (SHA-256)")
    return decoded


def prepare(name: str, output: str | Path, source: str | Path | None = None) -> dict[str, Any]:
    """Turn idx files into a prepared dataset (see ``lookbook.datasets.arrays``) and return its manifest.

    Args:
        name: "fashion_mnist", which must have the published values, or "sample".
        output: the folder to write.
        source: the folder with the four files; the sample's own by default.

    Raises:
        DatasetError: a file is missing, damaged, or holds other values than the published ones.
    """
    if source is None:
        if name != "sample":
            raise DatasetError(f"{name} needs a source: the folder with its four idx files")
        source = SAMPLE_FOLDER
    decoded = read(source, verify=name != "sample")
    return arrays.write(
        output,
        name=name,
        classes=CLASSES,
        source=DESCRIPTIONS[name],
        train_images=decoded["train_images"][..., np.newaxis],
        train_labels=decoded["train_labels"],
        test_images=decoded["test_images"][..., np.newaxis],
        test_labels=decoded["test_labels"],
    )


def _locate(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder")
    for candidate in (folder / name, folder / name.removesuffix(".gz")):
        if candidate.is_file():
            return candidate
    raise DatasetError(f"{folder} has no {name}")


def _copy(folder: Path, destination: Path, files: Mapping[str, IdxFile]) -> None:
    """Copy the files of a folder if it holds the whole set; otherwise change nothing and raise."""
    decoded = read(folder, files=files)
    for key, file in files.items():
        source = _locate(folder, file.name)
        if source.name == file.name:
            with arrays.replacing(destination / file.name) as temporary:
                shutil.copyfile(source, temporary)
        else:
            write_idx(destination / file.name, decoded[key])


def _download_verified(file: IdxFile, destination: Path, mirrors: Sequence[str], attempts: int) -> str:
    """Download one file unless it is there already, and return the mirror."""
    # Imported here, so that preparing a dataset, or copying one, needs neither.
    import pooch
    import requests

    target = destination / file.name
    if _is_verified(target, file):
        return f"{target}, which was here already"
    pooch.get_logger().setLevel(logging.WARNING)  # the progress bar and the last message say it all
    partial = target.with_name(f"{file.name}.part")
    reasons = {}
    for attempt in range(attempts):
        if attempt:
            time.sleep(attempt)
        for mirror in mirrors:
            try:
                # On a wrong checksum pooch discards the download, so the next mirror starts afresh.
                pooch.retrieve(
                    mirror + file.name,
                    known_hash=f"md5:{file.md5}",
                    fname=file.name,
                    path=destination,
                    downloader=lambda url, output, _: _download(url, partial, Path(output)),
                )
            except requests.HTTPError as error:
                status = error.response.status_code if error.response is not None else "unknown"
                reasons[mirror] = f"HTTP status {status}"
            except requests.RequestException as error:
                reasons[mirror] = type(error).__name__
            except ValueError:
                reasons[mirror] = "wrong checksum"
            else:
                if _is_verified(target, file):
                    return mirror
                target.unlink()
                reasons[mirror] = "other values than Fashion-MNIST"
            log.info("%s%s: %s", mirror, file.name, reasons[mirror])
    tried = "".join(f"\n      {mirror}{file.name}: {reason}" for mirror, reason in reasons.items())
    raise DatasetError(
        "Fashion-MNIST is not on this machine and could not be downloaded. Any one of these helps:\n"
        f"  - set {CONFIG_KEY} in the config to a folder with its four files\n"
        "  - apt-get install dataset-fashion-mnist\n"
        f"  - run again with network access; this time:{tried}"
    )


def _is_verified(path: Path, file: IdxFile) -> bool:
    try:
        return arrays.sha256(read_idx(path)) == file.sha256
    except DatasetError:
        return False


def _download(url: str, partial: Path, output: Path) -> None:
    """Download to ``partial``, resuming where the server can, and move the whole to ``output``."""
    import requests
    from tqdm import tqdm

    present = partial.stat().st_size if partial.exists() else 0
    # Byte ranges only count from the start of the stored file if the server does not compress it once more.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={present}-"} if present else {})
    with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as response:
        # 416: there is nothing beyond what is here. Whether that is the file is for the checksum to say.
        if response.status_code != requests.codes.requested_range_not_satisfiable:
            response.raise_for_status()
            if response.headers.get("Content-Range", "").startswith(f"bytes {present}-"):
                log.info("Resuming %s at byte %d", url, present)
            else:
                present = 0
            name = url.rsplit("/", 1)[-1]
            total = present + int(response.headers.get("Content-Length", 0))
            with (
                partial.open("ab" if present else "wb") as file,
                # disable=None: no bar where standard error is a log file
                tqdm(desc=name, total=total, initial=present, unit="B", unit_scale=True, disable=None) as bar,
            ):
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
    os.replace(partial, output)
