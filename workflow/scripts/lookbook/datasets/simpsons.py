"""Simpsons, 42 classes, in the layout of the Kaggle competition journey-springfield.

    train/simpsons_dataset/<class>/*.jpg    20,933 labelled images of mixed sizes
    testset/testset/img0.jpg ...            991 images without labels, the ones that a submission answers

Nothing can be measured on images without labels, so the prepared test split has length 0; the competition's
test images are a part of their own, ``submission_images.npy``, with their names in the manifest.

The workflow asks at the time of its plan whether the images can be had, so this module imports numpy and
Pillow only where it prepares.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lookbook.datasets.archives import Files, adopt, adopted, natural_order, open_files
from lookbook.errors import ConfigError, DatasetError

if TYPE_CHECKING:
    from lookbook.datasets.decoding import DecodedImages

COMPETITION = "journey-springfield"
ARCHIVE = f"{COMPETITION}.zip"
SOURCE = f"Kaggle competition {COMPETITION}"
REMEDY = (
    f"download the data of https://www.kaggle.com/competitions/{COMPETITION} and set data.simpsons.path "
    "to the zip archive or the unpacked folder; or install the Kaggle client (pip install kaggle) "
    "and give it credentials (~/.kaggle/kaggle.json, or the variables KAGGLE_USERNAME and KAGGLE_KEY)"
)
CREDENTIALS = ("kaggle.json", "access_token", "credentials.json")  # files by which the client logs in
# fmt: off
CLASSES = (
    "abraham_grampa_simpson", "agnes_skinner", "apu_nahasapeemapetilon", "barney_gumble", "bart_simpson",
    "carl_carlson", "charles_montgomery_burns", "chief_wiggum", "cletus_spuckler", "comic_book_guy",
    "disco_stu", "edna_krabappel", "fat_tony", "gil", "groundskeeper_willie", "homer_simpson",
    "kent_brockman", "krusty_the_clown", "lenny_leonard", "lionel_hutz", "lisa_simpson", "maggie_simpson",
    "marge_simpson", "martin_prince", "mayor_quimby", "milhouse_van_houten", "miss_hoover", "moe_szyslak",
    "ned_flanders", "nelson_muntz", "otto_mann", "patty_bouvier", "principal_skinner",
    "professor_john_frink", "rainier_wolfcastle", "ralph_wiggum", "selma_bouvier", "sideshow_bob",
    "sideshow_mel", "snake_jailbird", "troy_mcclure", "waylon_smithers",
)
# fmt: on
PIXELS = {"simpsons": 224, "simpsons_128": 128}  # side of the prepared images, by dataset name
# Folders that distributions of the images keep beside the class folders and that are no class.
NOT_CLASSES = {"simpsons_dataset", "testset", "characters_illustration", "__MACOSX"}


def unavailable_reason(path: str | Path | None, downloaded: Path) -> str | None:
    """Return why the images cannot be had, with the remedy, or None where they can.

    Only whether something is there is asked, since every job of a cluster asks again; ``fetch`` looks inside.

    Args:
        path: the config's ``data.simpsons.path``: a folder or zip archive; None or "" where it is unset.
        downloaded: the folder where an earlier run may have left the archive.

    Raises:
        ConfigError: ``path`` is set, and there is neither a folder nor a zip archive.
    """
    if path:
        where = Path(path).expanduser()
        if where.is_dir() or zipfile.is_zipfile(where):
            return None
        state = "is no zip archive" if where.exists() else "does not exist"
        raise ConfigError(
            f"data.simpsons.path is {path}, which {state}; set it to the archive or the unpacked folder, or to null"
        )
    if zipfile.is_zipfile(downloaded / ARCHIVE):
        return None
    if not _has_credentials():
        return f"the images need a Kaggle account, and neither a path nor credentials are given: {REMEDY}"
    if _client() is None:
        return f"there are Kaggle credentials, but the Kaggle client is not installed: {REMEDY}"
    return None


def _has_credentials() -> bool:
    """Return whether the Kaggle client would find what it needs to log in; its files are not read."""
    environment = os.environ
    if environment.get("KAGGLE_API_TOKEN") or (environment.get("KAGGLE_USERNAME") and environment.get("KAGGLE_KEY")):
        return True
    chosen, xdg = environment.get("KAGGLE_CONFIG_DIR"), environment.get("XDG_CONFIG_HOME") or "~/.config"
    folders = [chosen] if chosen else ["~/.kaggle", f"{xdg}/kaggle"]
    return any((Path(folder).expanduser() / file).is_file() for folder in folders for file in CREDENTIALS)


def _client() -> str | None:
    # Beside the running Python first: an environment need not be activated.
    return shutil.which("kaggle", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def fetch(destination: str | Path, *, path: str | Path | None = None) -> str:
    """Bring the competition's data to a folder by the Kaggle client, or note where the user's own copy is.

    Either way ``original.txt`` in the folder says where the data is, for ``prepare``.

    Args:
        destination: the folder, made if missing.
        path: the config's ``data.simpsons.path``: a folder or zip archive; None or "" where it is unset.

    Returns:
        Where the data came from, in words.

    Raises:
        DatasetError: ``path`` is set but does not hold the data, or the client is missing or failed.
    """
    destination = Path(destination)
    if path:
        with open_files(Path(path).expanduser()) as files:
            class_files(files)
        adopt(Path(path), destination)
        return f"data.simpsons.path ({path})"
    if not zipfile.is_zipfile(destination / ARCHIVE):
        _download(destination)
    adopt(destination / ARCHIVE, destination)
    return SOURCE


def _download(folder: Path) -> None:
    client = _client()
    if client is None:
        raise DatasetError(f"the Kaggle client is not installed: {REMEDY}")
    folder.mkdir(parents=True, exist_ok=True)
    command = [client, "competitions", "download", "-c", COMPETITION, "-p", str(folder)]
    # The client's progress bar goes to its standard error, which stays the user's.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode or not zipfile.is_zipfile(folder / ARCHIVE):
        raise DatasetError(
            f"the Kaggle client did not download {COMPETITION} (exit status {done.returncode}): "
            f"{done.stdout.strip()[-500:]}\nAccept the rules on the competition's page first; or {REMEDY}"
        )


def prepare(name: str, output: str | Path, source: str | Path | None = None, *, workers: int = 1) -> dict[str, Any]:
    """Turn the competition's data into a prepared dataset and return its manifest, see ``prepare_layout``.

    Args:
        name: a key of ``PIXELS``.
        output: the folder to write.
        source: a folder or zip archive in the competition's layout, or the folder that ``fetch`` filled.
        workers: processes that decode.

    Raises:
        DatasetError: the source is missing, or a class folder is missing, unknown, empty or without a
            usable image.
    """
    if source is None:
        raise DatasetError(f"{name} needs a source: {REMEDY}")
    original = adopted(Path(source))
    return prepare_layout(
        original, Path(output), name=name, classes=CLASSES, origin=SOURCE, size=PIXELS[name], workers=workers
    )


def prepare_layout(
    source: Path,
    directory: Path,
    *,
    name: str,
    classes: Sequence[str],
    origin: str,
    size: int,
    workers: int = 1,
) -> dict[str, Any]:
    """Decode and resize a folder or zip archive in the competition's layout; return the manifest.

    Writes what ``arrays.write`` writes, with a test split of length 0, and besides ``train_heights.npy`` and
    ``train_widths.npy`` (int32 (N,), original pixels) and ``submission_images.npy`` (uint8 (M, size, size,
    3)). The manifest has two keys more: ``skipped``, names and reasons of the training images left out, and
    ``submission`` with ``names`` of the test images and their ``skipped``. Images are in the order of class
    and natural order of file name.

    Args:
        source: the folder or zip archive.
        directory: where to write.
        name: the dataset's name in the config.
        classes: the class folders that must be there; a label is an index into them.
        origin: where the images come from, for the reader of the report.
        size: pixels a side after resizing.
        workers: processes that decode.

    Raises:
        DatasetError: a class folder is missing, unknown, empty or without any usable image.
    """
    import numpy as np

    from lookbook.datasets.arrays import replacing, sha256, write_manifest
    from lookbook.datasets.decoding import decode_images

    with open_files(source) as files:
        members = class_files(files, classes)
        tests = submission_files(files)
    names = [file for label in classes for file in members[label]]
    all_labels = np.repeat(np.arange(len(classes), dtype=np.uint8), [len(members[label]) for label in classes])
    directory.mkdir(parents=True, exist_ok=True)
    # An old manifest must not vouch for new arrays if this is interrupted half way.
    (directory / "manifest.json").unlink(missing_ok=True)
    with replacing(directory / "train_images.npy") as file:
        train = decode_images(source, names, file, size=size, workers=workers, description=f"{name}: train")
    _refuse_unusable_classes(source, members, names, train)
    with replacing(directory / "submission_images.npy") as file:
        test = decode_images(source, tests, file, size=size, workers=workers, description=f"{name}: test")
    small = {
        "train_labels": all_labels[train.kept],
        "train_heights": train.heights,
        "train_widths": train.widths,
        "test_images": np.empty((0, size, size, 3), np.uint8),
        "test_labels": np.empty(0, np.uint8),
    }
    for key, array in small.items():
        with replacing(directory / f"{key}.npy") as file:
            np.save(file, array)
    # The large arrays were hashed while they were written: hashing them here would map all of them into
    # memory.
    hashes = {key: sha256(array) for key, array in small.items()}
    hashes |= {"train_images": train.sha256, "submission_images": test.sha256}
    return write_manifest(
        directory,
        name=name,
        classes=classes,
        source=origin,
        shape=(size, size, 3),
        labels={"train": small["train_labels"], "test": small["test_labels"]},
        hashes=hashes,
        skipped=train.skipped,
        submission={
            "names": [PurePosixPath(tests[position]).name for position in test.kept],
            "skipped": test.skipped,
        },
    )


def class_files(files: Files, classes: Sequence[str] = CLASSES) -> dict[str, list[str]]:
    """Return the names of each class's files, in natural order, from wherever the class folders are nested.

    Raises:
        DatasetError: a class folder is missing, unknown or empty.
    """
    parents = Counter(str(PurePosixPath(f).parent) for f in files.folders if PurePosixPath(f).name in classes)
    if not parents:
        raise DatasetError(f"{files.path} has no class folder such as train/simpsons_dataset/{classes[0]}; {REMEDY}")
    # The fullest folder, and of equally full ones the one least deep: some distributions hold the classes
    # twice.
    root = min(parents, key=lambda parent: (-parents[parent], len(PurePosixPath(parent).parts), parent))
    found = {PurePosixPath(f).name for f in files.folders if str(PurePosixPath(f).parent) == root}
    where = f"{files.path}: {root}"
    for folder in sorted(found - set(classes) - NOT_CLASSES):
        if not folder.startswith("."):
            raise DatasetError(f"{where}/{folder} is not a class of this dataset; move or rename the folder")
    members: dict[str, list[str]] = {label: [] for label in classes}
    for name in files.names:
        path = PurePosixPath(name)
        if str(path.parent.parent) == root and path.parent.name in members and path.parent != path.parent.parent:
            members[path.parent.name].append(name)
    for label in classes:
        if not members[label]:
            state = "is empty" if label in found else "is missing"
            raise DatasetError(f"{where}/{label} {state}; every class needs at least one image: {REMEDY}")
        members[label].sort(key=natural_order)
    return members


def submission_files(files: Files) -> list[str]:
    """Return the names of the competition's test images, in natural order; none without a testset folder."""
    parents = Counter(str(PurePosixPath(name).parent) for name in files.names)
    folders = [folder for folder in parents if PurePosixPath(folder).name == "testset"]
    if not folders:
        return []
    # As in ``class_files``: archives made on a Mac hold a file of attributes for each file, in __MACOSX.
    root = min(folders, key=lambda folder: (-parents[folder], len(PurePosixPath(folder).parts), folder))
    return sorted((n for n in files.names if str(PurePosixPath(n).parent) == root), key=natural_order)


def _refuse_unusable_classes(
    source: Path, members: dict[str, list[str]], names: Sequence[str], decoded: "DecodedImages"
) -> None:
    reasons = {entry["name"]: entry["reason"] for entry in decoded.skipped}
    for label, files in members.items():
        if all(name in reasons for name in files):
            folder = PurePosixPath(files[0]).parent
            raise DatasetError(
                f"{source}: {folder} has no usable image: {files[0]}: {reasons[files[0]]}; "
                f"replace the damaged files of class {label}"
            )
