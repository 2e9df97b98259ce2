"""The files of the repository are consistent: versions, lengths, and no path or host of one machine."""

import re
import subprocess
from pathlib import Path

import pytest

from lookbook.config.consistency import SOURCE_FOLDERS

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
FOLDERS = (
    *(".ci", ".github", "benchmarks", "config", "envs", "notebooks", "profiles", "reports", "rules", "tests"),
    "workflow",
)
TEXTS = {
    "", ".cff", ".cfg", ".csv", ".html", ".in", ".ipynb", ".j2", ".json", ".lock", ".md", ".py", ".rst", ".sh", ".smk",
    ".toml", ".yaml", ".yml",
}  # fmt: skip
PIN = re.compile(r"^\s*-?\s*[\"']?([A-Za-z0-9][\w.-]*)(?:\[[\w,]+\])?\s*={1,2}\s*([\w.+!-]+)", re.MULTILINE)
# A folder of one machine, or a package index other than the public one.
FORBIDDEN = (
    re.compile(r"(?<![\w.$}/~-])/(work|root|mnt|home/\w+|Users/\w+)/"),
    re.compile(r"--(extra-)?index-url|--find-links|--trusted-host|PIP_(EXTRA_)?INDEX_URL"),
    re.compile(r"https?://[\w.:-]+/(simple|repository|artifactory|api/pypi)\b"),
)


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(path: Path) -> dict[str, str]:
    return {normalized(name): version for name, version in PIN.findall(path.read_text())}


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
def test_environments_have_the_versions_of_the_lock_file(path):
    locked, pins = pins_of(LOCK), pins_of(path)
    assert pins, "an environment without versions"
    python = pins.pop("python", None)
    assert python is None or tuple(map(int, python.split(".")[:2])) >= (3, 11)
    # conda-forge has one package, the lock file the build without GPU support.
    locked.setdefault("tensorflow", locked.get("tensorflow-cpu", ""))
    assert {name: locked.get(name.removesuffix("-base")) for name in pins.keys() - {"pip"}} == {
        name: version for name, version in pins.items() if name != "pip"
    }


def test_every_package_of_an_environment_has_a_version():
    # Only pip, which introduces its own section, has no version.
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
    required = re.findall(r"^([\w-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert {normalized(name) for name in required} <= pins_of(LOCK).keys()


def test_no_file_names_a_folder_of_one_machine_or_a_package_index():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked_texts()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(pattern.search(line) for pattern in FORBIDDEN)
    ]
    assert found == []


def test_folders_of_the_repository_are_listed_and_hold_no_results():
    listing = subprocess.run(["git", "ls-files", "*/*"], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = {name.partition("/")[0] for name in listing.stdout.splitlines()}
    assert tracked <= set(FOLDERS)
    assert all((ROOT / name).is_dir() for name in FOLDERS)
    assert set(FOLDERS) <= SOURCE_FOLDERS


def test_texts_are_as_the_editor_settings_say():
    wrong = {}
    for path in tracked_texts():
        content = path.read_bytes()
        found = {
            "no line end at the end": bool(content) and not content.endswith(b"\n"),
            "line ends of Windows": b"\r" in content,
            "tab": b"\t" in content and path.name != "Makefile",
            "spaces at the end of a line": path.suffix != ".md" and re.search(rb"[ \t]$", content, re.MULTILINE),
        }
        wrong[str(path.relative_to(ROOT))] = [name for name, is_wrong in found.items() if is_wrong]
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("Snakefile", 50),
        ("workflow/Snakefile", 12),
        ("rules/*.smk", 120),
        ("workflow/scripts/*.py", 80),
        ("workflow/scripts/lookbook/**/*.py", 250),
        ("config/**/*.yaml", 250),
        ("reports/templates/*.*", 250),
        ("benchmarks/**/*.py", 250),
        ("tests/**/*.py", 250),
    ],
)
def test_files_are_short(pattern, most):
    files = list(ROOT.glob(pattern))
    assert files
    assert {str(path.relative_to(ROOT)): lines_of(path) for path in files if lines_of(path) > most} == {}
