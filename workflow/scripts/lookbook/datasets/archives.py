"""The files of a dataset, read from a folder or directly from a zip archive.

An archive is never unpacked, so nothing in it can be written outside a folder. Its table of contents is checked
completely before the first file is read, and the sizes that it declares limit what is read.
"""

import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Self

from lookbook.errors import DatasetError
from lookbook.files import replacing

MAX_FILES = 200_000
MAX_BYTES = 8 * 2**30
MAX_FILE_BYTES = 64 * 2**20
MAX_NAME = 512  # characters; every folder of a name is listed, so long names of many folders take much memory
MAX_DEPTH = 16


def natural_order(name: str) -> list[str | int]:
    """Return a sort key under which img2.jpg comes before img10.jpg."""
    # Every second part of the split is a number, so numbers are compared with numbers and text with text.
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", name))]


def only_path(name: str, originals: Sequence[Path], remedy: str) -> Path:
    """Return the one archive or folder from which a dataset is prepared, or raise DatasetError."""
    if len(originals) != 1:
        raise DatasetError(f"{name} is prepared from one zip archive or folder, got {len(originals)} paths; {remedy}")
    return originals[0]


class Files:
    """The files in a folder or a zip archive, by their names relative to it; a ``with`` statement closes the archive.

    Attributes:
        path: the folder or archive.
        names: names of all files, with forward slashes, sorted.
        folders: names of all folders, including empty ones.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        """Open a folder or zip archive; ``max_bytes`` limits the size of all files of an archive, uncompressed.

        Raises:
            DatasetError: the path does not exist, is not a zip archive, or the archive is not safe to read.
        """
        self.path = path
        if path.is_dir():
            self._archive = None
            self.names, folders = _list_folder(path)
        else:
            self._archive = _open_archive(path, max_bytes)
            entries = self._archive.infolist()
            self.names = sorted(entry.filename for entry in entries if not entry.is_dir())
            folders = [entry.filename for entry in entries if entry.is_dir()]
        parents = {parent for name in (*self.names, *folders) for parent in PurePosixPath(name).parents}
        self.folders = {str(folder) for folder in parents.union(map(PurePosixPath, folders))} - {"."}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises:
            DatasetError: the file is missing, damaged, or larger than ``MAX_FILE_BYTES``.
        """
        file = self.path / name
        try:
            size = file.stat().st_size if self._archive is None else self._archive.getinfo(name).file_size
            if size <= MAX_FILE_BYTES:
                if self._archive is None:
                    return file.read_bytes()
                with self._archive.open(name) as member:
                    # ZipFile.read would decompress up to 2 GiB before it compares the declared size.
                    content = member.read(size)
                    if len(content) == size and not member.read(1):
                        return content
                raise EOFError
        except Exception as error:  # Damaged archives raise zlib.error, BadZipFile, EOFError and NotImplementedError.
            raise DatasetError(f"{name} cannot be read ({type(error).__name__})") from error
        raise DatasetError(f"{name} has {size:,} bytes; the maximum is {MAX_FILE_BYTES:,}")


def copy_archive(
    path: Path, target: Path, select: Callable[[Files], Iterable[str]], max_bytes: int = MAX_BYTES
) -> None:
    """Copy a zip archive, or store the selected files of a folder in one. The same files give the same bytes.

    Args:
        path: a folder or zip archive.
        target: the zip archive to write; its folder is created if it is missing.
        select: returns the names of the dataset's files, and raises DatasetError if some are missing.
        max_bytes: see ``Files``.

    Raises:
        DatasetError: see ``Files`` and ``select``.
    """
    with Files(path, max_bytes) as files:
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
                archive.writestr(entry, (path / name).read_bytes())


def _list_folder(root: Path) -> tuple[list[str], list[str]]:
    """Return the names of the regular files, sorted, and of the folders; links that leave the folder are ignored."""
    resolved = root.resolve()
    # Path.resolve raises an error for a link to itself.
    paths = [
        path
        for path in root.rglob("*")
        if not path.is_symlink() or Path(os.path.realpath(path)).is_relative_to(resolved)
    ]
    names = sorted(path.relative_to(root).as_posix() for path in paths if path.is_file())
    return names, [path.relative_to(root).as_posix() for path in paths if path.is_dir()]


def _open_archive(path: Path, max_bytes: int) -> zipfile.ZipFile:
    if not path.exists():
        raise DatasetError(f"{path} does not exist; give a folder or a zip archive")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path} is not a readable zip archive ({error}); download it again, or unpack it and give the folder"
        ) from error
    _refuse_unsafe(path, archive.infolist(), max_bytes)
    return archive


def _refuse_unsafe(path: Path, entries: Sequence[zipfile.ZipInfo], max_bytes: int) -> None:
    """Refuse an archive that is too large, or that could be written outside a folder if anybody unpacked it."""
    if len(entries) > MAX_FILES:
        raise DatasetError(f"{path} has {len(entries):,} entries; the maximum is {MAX_FILES:,}")
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes:
        raise DatasetError(f"{path} unpacks to {total:,} bytes; the maximum is {max_bytes:,}")
    for entry in entries:
        name = entry.orig_filename
        if len(name) > MAX_NAME or name.count("/") > MAX_DEPTH:
            raise DatasetError(
                f"{path} holds {name[:40]!r}..., a name of {len(name):,} characters and {name.count('/'):,} folders; "
                f"the maximum is {MAX_NAME} and {MAX_DEPTH}"
            )
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or "\0" in name or name[1:2] == ":":
            raise DatasetError(f"{path} holds {name!r}, a path outside the archive; it is not safe to read")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DatasetError(f"{path} holds {name!r}, a link or special file; it is not safe to read")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Python decompresses these two without a limit of the output.
            problem = "compressed by another method than deflate; compress it again, or unpack it and give the folder"
            raise DatasetError(f"{path} holds {name!r}, {problem}")
        if entry.flag_bits & 1:
            raise DatasetError(f"{path} is protected by a password; unpack it and give the folder")
    names = [entry.filename for entry in entries if not entry.is_dir()]
    if len(set(names)) != len(names):
        raise DatasetError(f"{path} holds several files of one name; it is not safe to read")
