"""A tiny benchmark, trained once. Each test may change it; it is restored afterwards."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import workspace
from workspace import Workspace


@dataclass(frozen=True)
class Trained:
    """A workspace whose benchmark has run, what Snakemake printed, and an unchanged copy."""

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
    """Return the finished benchmark; it is restored after the test, file times included."""
    yield trained.workspace
    shutil.rmtree(trained.workspace.folder)
    shutil.copytree(trained.copy, trained.workspace.folder, symlinks=True)


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    """Return the tiny benchmark before its first run."""
    return workspace.create(tmp_path / "my work")
