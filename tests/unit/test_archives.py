"""Folders and zip archives as one thing; hostile archives."""

import stat
import zipfile

import pytest

from lookbook.datasets import archives
from lookbook.datasets.archives import adopt, adopted, natural_order, open_files
from lookbook.errors import DatasetError


def zip_of(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def test_a_folder_and_an_archive_of_it_read_alike(tmp_path):
    folder = tmp_path / "folder"
    (folder / "a" / "empty").mkdir(parents=True)
    (folder / "a" / "x.txt").write_bytes(b"one")
    (folder / "b.txt").write_bytes(b"two")
    archive = zip_of(tmp_path / "a.zip", [("a/empty/", b""), ("b.txt", b"two"), ("a/x.txt", b"one")])
    for source in (folder, archive):
        with open_files(source) as files:
            assert files.names == ["a/x.txt", "b.txt"]
            assert files.folders == {"a", "a/empty"}
            assert [files.read(name) for name in files.names] == [b"one", b"two"]


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:evil.txt", "a\0.txt"]
)
def test_an_archive_with_a_path_outside_is_refused_and_writes_nothing(tmp_path, name):
    entry = zipfile.ZipInfo("x")
    entry.filename = name  # past the constructor, which would tidy it up
    folder = tmp_path / "inside"
    folder.mkdir()
    zip_of(folder / "a.zip", [(entry, b"evil")])
    with pytest.raises(DatasetError, match=r"a\.zip.*not safe"), open_files(folder / "a.zip"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "a.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_an_archive_with_a_link_or_device_is_refused(tmp_path, kind):
    entry = zipfile.ZipInfo("link.jpg")
    entry.external_attr = (kind | 0o777) << 16
    with pytest.raises(DatasetError, match="link or special"):
        open_files(zip_of(tmp_path / "a.zip", [(entry, b"/etc/passwd")])).__enter__()


def test_a_zip_bomb_is_refused_by_its_declared_size_before_anything_is_read(tmp_path):
    zeros = bytes(2**20)
    bomb = zip_of(tmp_path / "bomb.zip", [(f"{n}.jpg", zeros) for n in range(10)], compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 50_000
    with pytest.raises(DatasetError, match="unpacks to 10,485,760 bytes"), open_files(bomb, max_bytes=10**7):
        pass
    with pytest.raises(DatasetError, match="10 entries"), open_files(bomb, max_files=9):
        pass


def test_a_bomb_that_lies_about_its_size_is_read_no_further_than_it_says(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("a.jpg", bytes(2**20))], compression=zipfile.ZIP_DEFLATED)
    raw = bytearray(path.read_bytes())
    central = raw.rfind(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    with open_files(path, max_bytes=1000) as files, pytest.raises(DatasetError, match="BadZipFile"):
        files.read("a.jpg")


def test_a_file_above_the_limit_is_refused_in_folder_and_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 2)
    (tmp_path / "x").write_bytes(b"one")
    archive = zip_of(tmp_path / "a.zip", [("x", b"one")])
    for source in (tmp_path, archive):
        with open_files(source) as files, pytest.raises(DatasetError, match="x has 3 bytes"):
            files.read("x")


def test_two_files_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = zip_of(tmp_path / "a.zip", [("x", b"1"), ("x", b"2")])
    with pytest.raises(DatasetError, match="one name"), open_files(archive):
        pass


def test_what_is_missing_or_no_archive_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 half a download")
    with pytest.raises(DatasetError, match="download it again"), open_files(tmp_path / "a.zip"):
        pass
    with pytest.raises(DatasetError, match="does not exist; give a folder"), open_files(tmp_path / "b.zip"):
        pass


def test_what_is_adopted_is_found_again_and_can_be_replaced(tmp_path):
    own, store = tmp_path / "own", tmp_path / "store"
    own.mkdir()
    assert adopted(own) == own
    adopt(own, store)
    assert adopted(store) == own
    adopt(store / "download.zip", store)
    assert (store / "original.txt").read_text() == "download.zip\n"
    assert adopted(store) == store / "download.zip"


def test_names_are_ordered_by_their_numbers():
    assert sorted(["img10.jpg", "img2.jpg", "9.jpg", "img2b.jpg"], key=natural_order) == [
        "9.jpg",
        "img2.jpg",
        "img2b.jpg",
        "img10.jpg",
    ]
