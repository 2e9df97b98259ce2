"""What several tests of the configuration need."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lookbook.config.experiments import resolve
from lookbook.errors import ConfigError

# Modules that several tests share are in this folder.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def refusal_of(tmp_path: Path) -> Callable[..., str]:
    """Return a function that gives the message with which the experiments in a text are refused."""

    def refusal(entries: str, **config) -> str:
        (tmp_path / "mine.yaml").write_text(f"document: doc\nexperiments:\n{entries}\n")
        with pytest.raises(ConfigError) as caught:
            resolve({"experiment_files": ["mine.yaml"], **config}, tmp_path)
        return str(caught.value)

    return refusal
