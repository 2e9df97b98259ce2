"""Fixtures that several tests of the configuration use."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from lookbook.config.experiments import Experiment, resolve
from lookbook.errors import ConfigError


@pytest.fixture
def no_kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run in an empty folder on a machine with neither client nor credentials of Kaggle."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "environment" / "python"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def experiments_of(tmp_path: Path) -> Callable[..., dict[str, Experiment]]:
    """Return a function that resolves experiments files given as text, with keys of config.yaml."""

    def resolved(*files: str, settings=None, **config):
        names = [f"{number}.yaml" for number in range(len(files))]
        for name, text in zip(names, files, strict=True):
            (tmp_path / name).write_text(dedent(text))
        return resolve({"experiment_files": names, **config}, tmp_path, settings)

    return resolved


@pytest.fixture
def refusal_of(tmp_path: Path) -> Callable[..., str]:
    """Return a function that resolves experiments given as text and returns the message of the refusal."""

    def refusal(entries: str, **config) -> str:
        (tmp_path / "mine.yaml").write_text(f"document: doc\nexperiments:\n{entries}\n")
        with pytest.raises(ConfigError) as caught:
            resolve({"experiment_files": ["mine.yaml"], **config}, tmp_path)
        return str(caught.value)

    return refusal
