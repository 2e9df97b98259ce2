"""Files are written completely or not at all, and an error names the file."""

import errno
import os

import pytest

from lookbook.command_line import exits_with_message
from lookbook.config.experiments import resolve_config
from lookbook.errors import ConfigError
from lookbook.files import replacing, write_text


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device; free some space"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "Read-only file system; check the path"),
        (OSError("1000 requested and 99 written"), "1000 requested and 99 written"),  # of NumPy
    ],
    ids=["full", "read-only", "without a number"],
)
def test_an_error_of_a_write_leaves_the_file_as_it_is_and_is_told_with_its_path(error, expected, tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "before")

    @exits_with_message
    def write():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(SystemExit, match=f"^error: {path}: {expected}$"):
        write()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_an_error_of_the_system_without_a_path_has_no_traceback():
    @exits_with_message
    def write():
        raise OSError("the stored compilations cannot be used; run again")

    with pytest.raises(SystemExit, match="the stored compilations cannot be used"):
        write()


def test_the_folder_of_the_results_is_a_plain_path(monkeypatch):
    monkeypatch.setenv("HOME", "/me")
    folders = {"~/out/": "/me/out", "./out//a/": "out/a", "out": "out"}
    for given, expected in folders.items():
        assert resolve_config({"experiment_files": ["mine.yaml"], "results": given})["results"] == expected
    for refused in ("~", "~/", "~no_such_user/out"):
        with pytest.raises(ConfigError, match=r"^config.yaml: results: "):
            resolve_config({"experiment_files": ["mine.yaml"], "results": refused})
