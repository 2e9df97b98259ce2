"""Scripts import training backends only when they need them, because the import takes seconds."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "workflow" / "scripts"
HEAVY = {"keras", "tensorflow", "jax", "torch"}
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py"))


def imported_at_once(path: Path) -> set[str]:
    """Return the modules that a file imports at module level, not inside functions."""
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
    """Return the packages that a script imports at start, directly or through this project's modules."""
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


# For example, `train_trial.py --help` does not import Keras.
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_starts_without_a_training_backend(name):
    assert reached(FOLDER / name) & HEAVY == set()


def test_imports_of_a_module_are_found():
    assert "keras" in reached(FOLDER / "lookbook" / "models" / "mlp.py")
