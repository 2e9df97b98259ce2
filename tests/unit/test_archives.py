"""Files of folders and zip archives; unsafe archives; archives made from a folder."""

import stat
import zipfile

import pytest

from lookbook.datasets import archives
from lookbook.datasets.archives import Files, copy_archive, natural_order, only_path
from lookbook.errors import DatasetError


def zip_of(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def test_a_folder_and_its_archive_give_the_same_files(tmp_path):
    folder = tmp_path / "folder"
    (folder / "a" / "empty").mkdir(parents=True)
    (folder / "a" / "x.txt").write_bytes(b"one")
    (folder / "b.txt").write_bytes(b"two")
    archive = zip_of(tmp_path / "a.zip", [("a/empty/", b""), ("b.txt", b"two"), ("a/x.txt", b"one")])
    for source in (folder, archive):
        with Files(source) as files:
            assert files.names == ["a/x.txt", "b.txt"]
            assert files.folders == {"a", "a/empty"}
            assert [files.read(name) for name in files.names] == [b"one", b"two"]


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:evil.txt", "a\0.txt"]
)
def test_an_archive_with_a_path_outside_is_refused_and_writes_nothing(tmp_path, name):
    entry = zipfile.ZipInfo("x")
    entry.filename = name  # the constructor would change it
    folder = tmp_path / "inside"
    folder.mkdir()
    zip_of(folder / "a.zip", [(entry, b"evil")])
    with pytest.raises(DatasetError, match=r"a\.zip.*not safe"):
        Files(folder / "a.zip")
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "a.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_an_archive_with_a_link_or_device_is_refused(tmp_path, kind):
    entry = zipfile.ZipInfo("link.jpg")
    entry.external_attr = (kind | 0o777) << 16
    with pytest.raises(DatasetError, match="link or special"):
        Files(zip_of(tmp_path / "a.zip", [(entry, b"/etc/passwd")]))


def test_a_zip_bomb_is_refused_by_its_declared_size_before_anything_is_read(tmp_path, monkeypatch):
    zeros = bytes(2**20)
    bomb = zip_of(tmp_path / "bomb.zip", [(f"{n}.jpg", zeros) for n in range(10)], compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 50_000
    with pytest.raises(DatasetError, match="unpacks to 10,485,760 bytes"):
        Files(bomb, 10**7)
    monkeypatch.setattr(archives, "MAX_FILES", 9)
    with pytest.raises(DatasetError, match="10 entries"):
        Files(bomb)


def test_no_more_is_read_of_a_zip_bomb_than_its_declared_size(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("a.jpg", bytes(2**20))], compression=zipfile.ZIP_DEFLATED)
    raw = bytearray(path.read_bytes())
    central = raw.rfind(b"PK\x01\x02")
    raw[central + 24 : central + 28] = (100).to_bytes(4, "little")
    path.write_bytes(raw)
    with Files(path, 1000) as files, pytest.raises(DatasetError, match="BadZipFile"):
        files.read("a.jpg")


def test_a_file_above_the_limit_is_refused_in_folder_and_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 2)
    (tmp_path / "x").write_bytes(b"one")
    archive = zip_of(tmp_path / "a.zip", [("x", b"one")])
    for source in (tmp_path, archive):
        with Files(source) as files, pytest.raises(DatasetError, match="x has 3 bytes"):
            files.read("x")


def test_two_files_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = zip_of(tmp_path / "a.zip", [("x", b"1"), ("x", b"2")])
    with pytest.raises(DatasetError, match="one name"):
        Files(archive)


def test_a_missing_file_or_one_that_is_not_an_archive_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 half a download")
    with pytest.raises(DatasetError, match="download it again"):
        Files(tmp_path / "a.zip")
    with pytest.raises(DatasetError, match="does not exist; give a folder"):
        Files(tmp_path / "b.zip")


@pytest.fixture
def folder(tmp_path):
    """A folder with two classes, links, and a file that does not belong to the dataset."""
    root = tmp_path / "folder"
    for name in ("b/10.jpg", "b/2.jpg", "a/1.jpg", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "a" / "inside.jpg").symlink_to(root / "b" / "2.jpg")
    (root / "a" / "outside.jpg").symlink_to(tmp_path / "secret")
    return root


def images(files):
    return [name for name in files.names if name.endswith(".jpg")]


def test_the_selected_files_of_a_folder_are_stored_uncompressed_and_sorted(folder, tmp_path):
    copy_archive(folder, tmp_path / "new" / "a.zip", images)
    with zipfile.ZipFile(tmp_path / "new" / "a.zip") as archive:
        assert archive.namelist() == ["a/1.jpg", "a/inside.jpg", "b/10.jpg", "b/2.jpg"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("a/inside.jpg") == b"b/2.jpg"
    with Files(tmp_path / "new" / "a.zip") as files:
        assert files.read("b/10.jpg") == b"b/10.jpg"


def test_the_same_files_give_the_same_archive(folder, tmp_path):
    copy_archive(folder, tmp_path / "1.zip", images)
    (folder / "a" / "1.jpg").touch()
    (folder / "notes.txt").unlink()
    copy_archive(folder, tmp_path / "2.zip", images)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_an_archive_is_copied_unchanged_also_onto_itself(folder, tmp_path):
    archive = zip_of(tmp_path / "a.zip", [("x.jpg", b"1"), ("y", b"2")], zipfile.ZIP_DEFLATED)
    content = archive.read_bytes()
    for target in (tmp_path / "b.zip", archive):
        copy_archive(archive, target, images)
        assert target.read_bytes() == content


def test_unsafe_or_wrong_files_leave_the_earlier_archive_in_place(folder, tmp_path):
    def refuse(files):
        raise DatasetError(f"{files.path} has no images")

    target = zip_of(tmp_path / "a.zip", [("x", b"1")])
    content = target.read_bytes()
    unsafe = zip_of(tmp_path / "unsafe.zip", [("../x", b"1")])
    for path, select, message in ((folder, refuse, "no images"), (unsafe, images, "not safe")):
        with pytest.raises(DatasetError, match=message):
            copy_archive(path, target, select)
    assert target.read_bytes() == content


def test_a_dataset_is_prepared_from_exactly_one_path(tmp_path):
    assert only_path("toys", [tmp_path], "remedy") == tmp_path
    for paths in ([], [tmp_path, tmp_path]):
        with pytest.raises(DatasetError, match=rf"toys .* got {len(paths)} paths; remedy"):
            only_path("toys", paths, "remedy")


def test_names_are_ordered_by_their_numbers():
    ordered = ["9.jpg", "img2.jpg", "img2b.jpg", "img10.jpg"]
    assert sorted(["img10.jpg", "img2.jpg", "9.jpg", "img2b.jpg"], key=natural_order) == ordered
