"""Mutants of archives, image folders and tables of trials are read or refused with the file's name, within seconds."""

import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from lookbook.config.validation import ROOT
from lookbook.datasets.archives import Files
from lookbook.datasets.decoding import decode_images
from lookbook.errors import DatasetError, ResultError
from lookbook.results.tables import read_table

# The deadline is in milliseconds.
MANY = settings(
    max_examples=int(os.environ.get("LOOKBOOK_MUTANTS", "300")),
    derandomize=True,
    deadline=2000,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Bytes to write, and where, as a share of the file.
EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=40), st.integers(0, 40)), min_size=1, max_size=4)


def edited(content: bytes, edits: list[tuple[float, bytes, int]]) -> bytes:
    """Replace some bytes, each number of them by others."""
    for share, new, length in edits:
        place = round(share * len(content))
        content = content[:place] + new + content[place + length :]
    return content


def picture(kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (12, 9)) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, 3).save(target, kind)
    return target.getvalue()


@pytest.fixture(scope="module")
def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("train/homer/1.jpg", "train/homer/2.jpg", "train/bart/1.png"):
            file.writestr(name, picture("PNG" if name.endswith("png") else "JPEG"))
        file.writestr("test/", "")
    return target.getvalue()


@MANY
@given(edits=EDITS)
def test_mutants_of_an_archive(archive, tmp_path_factory, edits):
    path = tmp_path_factory.getbasetemp() / "mutant.zip"
    path.write_bytes(edited(archive, edits))
    try:
        with Files(path) as files:
            names = files.names
    except DatasetError as error:
        message = str(error)
    else:
        message = str(path)
        decoded = decode_images(path, names, path.with_suffix(".npy"), size=4)
        assert len(decoded.kept) + len(decoded.skipped) == len(names)
    assert str(path) in message


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
CONTENTS = st.one_of(
    st.binary(max_size=100),
    st.sampled_from([picture(), picture("PNG"), picture("PNG", "L"), picture("PNG", "RGBA"), picture(size=(1, 1))]),
    EDITS.map(lambda edits: edited(picture(), edits)),
)


@MANY
@given(entries=st.dictionaries(NAMES, st.tuples(st.sampled_from([".jpg", ".png", ".gif", ""]), CONTENTS), max_size=5))
@example(entries={"..": (".jpg", picture())})
def test_mutants_of_an_image_folder(tmp_path_factory, entries):
    folder = tmp_path_factory.getbasetemp() / "images"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, (extension, content) in entries.items():
        try:
            (folder / f"{name}{extension}").write_bytes(content)
        except OSError:  # a name that the file system does not take
            continue
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    with Files(folder) as files:
        decoded = decode_images(folder, files.names, folder.with_suffix(".npy"), size=4)
    assert len(decoded.kept) + len(decoded.skipped) == len(files.names)
    assert np.load(folder.with_suffix(".npy")).shape == (len(decoded.kept), 4, 4, 3)


@MANY
@given(edits=EDITS)
def test_mutants_of_a_table_of_trials(tmp_path_factory, edits):
    path = tmp_path_factory.getbasetemp() / "trials.csv"
    path.write_bytes(edited(REFERENCE.read_bytes(), edits))
    message = ""
    try:
        read_table(path)
    except ResultError as error:
        message = str(error)
    assert not message or str(path) in message
    assert len(message) < 2100


REFERENCE = Path(ROOT, "reports", "reference", "trials.csv")
