"""Jobs that do not train start without what training needs: importing it costs more than they do."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "workflow" / "scripts"
HEAVY = {"keras", "tensorflow", "jax", "torch"}
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py"))


def imported_at_once(path: Path) -> set[str]:
    """Return the modules that a file imports when it is imported itself, not inside its functions."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        waiting.extend(ast.iter_child_nodes(node))
    return names


def reached(script: Path) -> set[str]:
    """Return the packages that starting a script imports, through this project's files."""
    packages: set[str] = set()
    waiting, seen = [script], {script}
    while waiting:
        for name in imported_at_once(waiting.pop()):
            packages.add(name.split(".")[0])
            base = FOLDER.joinpath(*name.split("."))
            files = {path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()}
            waiting += files - seen
            seen |= files
    return packages


# What a script needs besides, it imports when it comes to need it: Keras for training, but not for `train_trial.py --help`.
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_starts_without_what_training_needs(name):
    assert reached(FOLDER / name) & HEAVY == set()


def test_what_a_file_reaches_is_found():
    assert "keras" in reached(FOLDER / "lookbook" / "training" / "trial.py")
