"""One tiny benchmark, trained once; every test changes something in it and finds it as it was."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import workspace
from workspace import Workspace


@dataclass(frozen=True)
class Trained:
    """A workspace whose benchmark has run, what Snakemake printed meanwhile, and an untouched copy."""

    workspace: Workspace
    output: str
    copy: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("benchmark")
    created = workspace.create(folder / "my work")
    output = created.run()
    shutil.copytree(created.folder, folder / "copy", symlinks=True)
    return Trained(created, output, folder / "copy")


@pytest.fixture
def finished(trained: Trained) -> Iterator[Workspace]:
    """The finished benchmark, for a test to change at will: it is put back as it was, dates included."""
    yield trained.workspace
    shutil.rmtree(trained.workspace.folder)
    shutil.copytree(trained.copy, trained.workspace.folder, symlinks=True)


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    """The tiny benchmark before its first run."""
    return workspace.create(tmp_path / "my work")
