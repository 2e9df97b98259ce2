"""The conda environment of each rule has the packages that its script imports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Package of requirements.in -> the name that it is imported by, where it is another one.
IMPORTED_AS = {
    **{"pillow": "PIL", "pyyaml": "yaml", "scikit-learn": "sklearn", "tensorflow-cpu": "tensorflow"},
    "markdown-it-py": "markdown_it",
}
PACKAGE = re.compile(r"^\s*(?:- )?([a-z][\w.-]*)", re.MULTILINE)
# One rule after the other: its environment and its script.
RULE = re.compile(r'conda:\s*"\.\./envs/(\w+)\.yaml".*?\$LOOKBOOK_SCRIPTS/(\w+)\.py', re.DOTALL)
RULES = sorted(
    {
        match.groups()
        for file in (ROOT / "rules").glob("*.smk")
        for rule in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)
        if (match := RULE.search(rule))
    }
)
BLOCKED = """
import importlib.abc, runpy, sys
script, absent = sys.argv[1], sys.argv[2].split()
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"the environment has no {name}")
sys.meta_path.insert(0, Blocked())
sys.argv = [script, "--help"]
sys.path.insert(0, script.rpartition("/")[0])
runpy.run_path(script, run_name="__main__")
"""


def imported(text: str) -> set[str]:
    """Return the names by which the packages that a file lists are imported."""
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in PACKAGE.findall(text)}


def test_the_rules_are_found():
    assert {environment for environment, _ in RULES} == {path.stem for path in (ROOT / "envs").glob("*.yaml")}
    assert len(RULES) > 15


@pytest.mark.parametrize(("environment", "script"), RULES, ids=[script for _, script in RULES])
def test_the_script_of_a_rule_imports_only_packages_of_its_environment(environment, script):
    everything = imported((ROOT / "requirements.in").read_text())
    absent = everything - imported((ROOT / "envs" / f"{environment}.yaml").read_text())
    command = [sys.executable, "-c", BLOCKED, f"workflow/scripts/{script}.py", " ".join(absent)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
