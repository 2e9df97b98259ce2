"""The repository agrees with itself: pins, sizes of files, and nothing that only one machine has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
FOLDERS = (".ci", "benchmarks", "config", "envs", "profiles", "reports", "rules", "tests", "workflow")
TEXTS = {
    ".cfg",
    ".csv",
    ".html",
    ".in",
    ".j2",
    ".json",
    ".lock",
    ".md",
    ".py",
    ".rst",
    ".smk",
    ".toml",
    ".yaml",
    ".yml",
    "",
}
PIN = re.compile(r"^\s*-?\s*[\"']?([A-Za-z0-9][\w.-]*)(?:\[[\w,]+\])?\s*={1,2}\s*([\w.+!-]+)", re.MULTILINE)
# A folder of one machine, or a package index other than the public one.
FORBIDDEN = (
    re.compile(r"(?<![\w.$}/~-])/(work|root|mnt|home/\w+|Users/\w+)/"),
    re.compile(r"--(extra-)?index-url|--find-links|--trusted-host|PIP_(EXTRA_)?INDEX_URL"),
    re.compile(r"https?://[\w.:-]+/(simple|repository|artifactory|api/pypi)\b"),
)


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(path: Path) -> dict[str, str]:
    return {normalised(name): version for name, version in PIN.findall(path.read_text())}


def tracked_texts() -> list[Path]:
    """Return the text files of the repository, whether or not it has its git history here."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0 and listing.stdout:
        paths = [ROOT / name for name in listing.stdout.splitlines()]
    else:
        inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
        paths = [path for path in (*ROOT.iterdir(), *inside) if "__pycache__" not in path.parts]
    return [path for path in paths if path.is_file() and path.suffix in TEXTS]


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_environments_pin_what_the_lock_file_pins(path):
    locked, pins = pins_of(LOCK), pins_of(path)
    assert pins, "an environment without a pin"
    python = pins.pop("python", None)
    assert python is None or tuple(map(int, python.split(".")[:2])) >= (3, 11)
    # conda-forge's one package is the wheel that the lock names by what it leaves out.
    locked.setdefault("tensorflow", locked.get("tensorflow-cpu", ""))
    assert {name: locked.get(name.removesuffix("-base")) for name in pins.keys() - {"pip"}} == {
        name: version for name, version in pins.items() if name != "pip"
    }


def test_every_line_of_an_environment_is_pinned():
    # Without a version: the section of pip, which follows conda's own packages.
    loose = re.compile(r"^ +- +(?!pip:?$|conda-forge|nodefaults)[^=\n]+$", re.MULTILINE)
    assert {path.name: loose.findall(path.read_text()) for path in ENVIRONMENTS} == {p.name: [] for p in ENVIRONMENTS}


def test_the_lock_file_names_hashes_and_no_host():
    text = LOCK.read_text()
    assert "http" not in text
    assert "--index-url" not in text
    requirements = re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==.*?(?=^[\w.-]+(?:\[|==)|\Z)", text, re.MULTILINE | re.DOTALL)
    assert requirements
    assert [r.split()[0] for r in requirements if "--hash=sha256:" not in r] == []


def test_every_requirement_is_locked():
    wanted = re.findall(r"^([\w-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert {normalised(name) for name in wanted} <= pins_of(LOCK).keys()


def test_no_file_names_a_folder_of_one_machine_or_a_package_index():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked_texts()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(pattern.search(line) for pattern in FORBIDDEN)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("Snakefile", 60),
        ("workflow/Snakefile", 12),
        ("workflow/scripts/*.py", 100),
        ("workflow/scripts/lookbook/**/*.py", 300),
        ("tests/**/*.py", 320),
    ],
)
def test_files_are_short(pattern, most):
    files = list(ROOT.glob(pattern))
    assert files
    assert {str(path.relative_to(ROOT)): lines_of(path) for path in files if lines_of(path) > most} == {}


@pytest.mark.parametrize(
    "module",
    [
        "lookbook.datasets",
        "lookbook.config.experiments",
        "lookbook.runtime.hardware",
        "lookbook.config.trial_specs",
        "lookbook.runtime.progress",
        "lookbook.figures.sheet_names",
    ],
)
def test_what_the_snakefile_imports_is_light(module):
    heavy = "{'tensorflow', 'keras', 'jax', 'pandas', 'matplotlib', 'sklearn', 'scipy', 'statsmodels', 'PIL'}"
    code = f"import sys, {module}; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow" / "scripts", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
