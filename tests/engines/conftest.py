"""The results of a local run, with which those of every engine are compared."""

import every_rule
import pytest
from workspace import Workspace

# As the profiles of clusters set them: results depend on the number of threads.
DEVICES = ("--set-threads", "train_trial=2", "--set-resources", "train_trial:gpu=1")


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Workspace:
    return every_rule.run(tmp_path_factory.mktemp("local") / "work", *DEVICES)


@pytest.fixture(scope="session")
def devices() -> tuple[str, ...]:
    return DEVICES
