"""How many mutants the tests try: some hundreds, or as many as LOOKBOOK_MUTANTS says (`make mutants`: 10,000)."""

import os

import pytest


@pytest.fixture(scope="session")
def mutants() -> int:
    return int(os.environ.get("LOOKBOOK_MUTANTS", "300"))
