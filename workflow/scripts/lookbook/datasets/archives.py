"""The files of a dataset, read from a folder or directly from a zip archive.

An archive is never unpacked, so nothing in it can be written outside a folder. Its table of contents is checked
completely before the first file is read, and the sizes that it declares limit what is read.
"""

import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from lookbook.errors import DatasetError
from lookbook.files import replacing

MAX_FILES = 200_000
MAX_BYTES = 8 * 2**30
MAX_FILE_BYTES = 64 * 2**20


def natural_order(name: str) -> list[str | int]:
    """Return a sort key under which img2.jpg comes before img10.jpg."""
    # Every second part of the split is a number, so numbers are compared with numbers and text with text.
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", name))]


def only_path(name: str, originals: Sequence[Path], remedy: str) -> Path:
    """Return the one archive or folder from which a dataset is prepared.

    Raises:
        DatasetError: there is not exactly one.
    """
    if len(originals) != 1:
        raise DatasetError(f"{name} is prepared from one zip archive or folder, got {len(originals)} paths; {remedy}")
    return originals[0]


def copy_archive(
    path: Path, target: Path, select: Callable[["Files"], Iterable[str]], max_bytes: int = MAX_BYTES
) -> None:
    """Copy a zip archive, or store the selected files of a folder in one. The same files give the same bytes.

    Args:
        path: a folder or zip archive.
        target: the zip archive to write; its folder is created if it is missing.
        select: returns the names of the dataset's files, and raises DatasetError if some are missing.
        max_bytes: see ``open_files``.

    Raises:
        DatasetError: see ``open_files`` and ``select``.
    """
    with open_files(path, max_bytes=max_bytes) as files:
        names = sorted(select(files))
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        if path.is_file():
            shutil.copyfile(path, temporary)
            return
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in names:
                entry = zipfile.ZipInfo(name)  # its default date is 1980-01-01
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                with (path / name).open("rb") as original, archive.open(entry, "w") as stored:
                    shutil.copyfileobj(original, stored)


@contextmanager
def open_files(path: Path, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> Iterator["Files"]:
    """Open a folder or a zip archive for reading and close it afterwards.

    Args:
        path: a folder or a zip archive.
        max_files: maximum number of entries of an archive.
        max_bytes: maximum size of all files of an archive together, uncompressed.

    Raises:
        DatasetError: the path does not exist, is not a zip archive, or the archive is not safe to read.
    """
    if path.is_dir():
        yield Files(path, None, *_list_folder(path))
        return
    if not path.exists():
        raise DatasetError(f"{path} does not exist; give a folder or a zip archive")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DatasetError(
            f"{path} is not a readable zip archive ({error}); download it again, or unpack it and give the folder"
        ) from error
    with archive:
        yield Files(path, archive, *_list_archive(path, archive, max_files, max_bytes))


def _list_folder(root: Path) -> tuple[list[str], set[str]]:
    """Return the names of the regular files and of the folders; links that leave the folder are ignored."""
    names, folders, resolved = [], set(), root.resolve()
    for path in root.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(resolved):
            continue
        if path.is_dir():
            folders.add(path.relative_to(root).as_posix())
        elif path.is_file():
            names.append(path.relative_to(root).as_posix())
    return sorted(names), folders


def _list_archive(path: Path, archive: zipfile.ZipFile, max_files: int, max_bytes: int) -> tuple[list[str], set[str]]:
    entries = archive.infolist()
    if len(entries) > max_files:
        raise DatasetError(f"{path} has {len(entries):,} entries; the maximum is {max_files:,}")
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes:
        raise DatasetError(f"{path} unpacks to {total:,} bytes; the maximum is {max_bytes:,}")
    names: list[str] = []
    folders: set[str] = set()
    for entry in entries:
        _refuse_unsafe(path, entry)
        pure = PurePosixPath(entry.filename)
        folders.update(str(parent) for parent in pure.parents if str(parent) != ".")
        if entry.is_dir():
            folders.add(str(pure))
        else:
            names.append(entry.filename)
    if len(set(names)) != len(names):
        raise DatasetError(f"{path} holds several files of one name; it is not safe to read")
    return sorted(names), folders


def _refuse_unsafe(path: Path, entry: zipfile.ZipInfo) -> None:
    """Refuse entries that could be written outside the folder if anybody unpacked the archive."""
    name = entry.orig_filename
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name or name[1:2] == ":":
        raise DatasetError(f"{path} holds {name!r}, a path outside the archive; it is not safe to read")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DatasetError(f"{path} holds {name!r}, a link or special file; it is not safe to read")
    if entry.flag_bits & 1:
        raise DatasetError(f"{path} is protected by a password; unpack it and give the folder")


class Files:
    """The files in a folder or a zip archive, by their names relative to it.

    Attributes:
        path: the folder or archive.
        names: names of all files, with forward slashes, sorted.
        folders: names of all folders, including empty ones.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile | None, names: list[str], folders: set[str]) -> None:
        self.path = path
        self.names = names
        self.folders = folders
        self._archive = archive

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises:
            DatasetError: the file is missing, damaged, or larger than ``MAX_FILE_BYTES``.
        """
        try:
            size = self._size(name)
            if size <= MAX_FILE_BYTES:
                return (self.path / name).read_bytes() if self._archive is None else self._archive.read(name)
        except Exception as error:  # Damaged archives raise zlib.error, BadZipFile, EOFError and NotImplementedError.
            raise DatasetError(f"{name} cannot be read ({type(error).__name__})") from error
        raise DatasetError(f"{name} has {size:,} bytes; the maximum is {MAX_FILE_BYTES:,}")

    def _size(self, name: str) -> int:
        """Return the declared size of a file in bytes; ZipFile reads no more than that."""
        if self._archive is None:
            return (self.path / name).stat().st_size
        return self._archive.getinfo(name).file_size
