"""Gives the tests workspace.py, which the contract's tests use as well."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
