"""What several tests of the configuration need."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lookbook.config.experiments import resolve
from lookbook.errors import ConfigError


@pytest.fixture
def refusal_of(tmp_path: Path) -> Callable[..., str]:
    """Return a function that gives the message with which the experiments in a text are refused."""

    def refusal(entries: str, **config) -> str:
        (tmp_path / "mine.yaml").write_text(f"document: doc\nexperiments:\n{entries}\n")
        with pytest.raises(ConfigError) as caught:
            resolve({"experiment_files": ["mine.yaml"], **config}, tmp_path)
        return str(caught.value)

    return refusal
