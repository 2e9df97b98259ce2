"""The files of a dataset, read from a folder or straight from a zip archive.

An archive is never unpacked: nothing that it holds can be written outside, or anywhere at all. Its table of
contents is checked as a whole before the first file is read, and the sizes that it declares bound what is
read.
"""

import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from lookbook.errors import DatasetError

MAX_FILES = 200_000
MAX_BYTES = 8 * 2**30
MAX_FILE_BYTES = 64 * 2**20
ADOPTED = "original.txt"


def adopt(path: Path, folder: Path) -> None:
    """Leave word in ``folder``, in a file ``original.txt``, where the images are: they may be too many to copy.

    Args:
        path: a folder or archive; one that lies in ``folder`` is noted by its name alone.
        folder: the folder of a dataset's originals, made if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where = path.name if path.parent == folder else str(path.expanduser().resolve())
    (folder / ADOPTED).write_text(where + "\n", encoding="utf-8")


def adopted(path: Path) -> Path:
    """Return the folder or archive that ``adopt`` noted in ``path``, or else ``path`` itself."""
    note = path / ADOPTED
    return path / note.read_text(encoding="utf-8").strip() if note.is_file() else path


def natural_order(name: str) -> list[str | int]:
    """Return a sort key under which img2.jpg comes before img10.jpg."""
    # Every second part of the split is a number, so keys compare like with like.
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", name))]


@contextmanager
def open_files(path: Path, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> Iterator["Files"]:
    """Open a folder or a zip archive for reading and close it afterwards.

    Args:
        path: a folder or a zip archive.
        max_files: the most entries that an archive may have.
        max_bytes: the most bytes that the files of an archive may have together, unpacked.

    Raises:
        DatasetError: nothing is there, it is no zip archive, or the archive is not safe to read.
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
    names, folders = [], set()
    for path in root.rglob("*"):
        relative = path.relative_to(root).as_posix()
        if path.is_dir():
            folders.add(relative)
        elif path.is_file():
            names.append(relative)
    return sorted(names), folders


def _list_archive(path: Path, archive: zipfile.ZipFile, max_files: int, max_bytes: int) -> tuple[list[str], set[str]]:
    entries = archive.infolist()
    if len(entries) > max_files:
        raise DatasetError(f"{path} has {len(entries):,} entries, more than the {max_files:,} that are allowed")
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes:
        raise DatasetError(f"{path} unpacks to {total:,} bytes, more than the {max_bytes:,} that are allowed")
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
    """Refuse what could reach outside an archive that is unpacked: it is not to be trusted in any way."""
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
    """The files below a folder or inside a zip archive, by their names relative to it.

    Attributes:
        path: the folder or archive.
        names: names of all files, with forward slashes, sorted.
        folders: names of all folders, empty ones included.
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
        except Exception as error:  # damaged archives raise zlib.error, BadZipFile, EOFError, NotImplementedError
            raise DatasetError(f"{name} cannot be read ({type(error).__name__})") from error
        raise DatasetError(f"{name} has {size:,} bytes, more than the {MAX_FILE_BYTES:,} that are allowed")

    def _size(self, name: str) -> int:
        """Bytes of one file; ZipFile reads no further than this, whatever the stream would expand to."""
        if self._archive is None:
            return (self.path / name).stat().st_size
        return self._archive.getinfo(name).file_size
