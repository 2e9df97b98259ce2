"""The targets of the Makefile, as `make` itself reads them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> str:
    """Return what make prints; with ``-n`` the commands that it would run."""
    # Under `make test`, the outer make's variables would let this one print the folder that it enters.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def test_help_lists_every_target():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in make("help").splitlines()}
    assert sorted(listed) == sorted(phony)
    assert all(listed.values())


def test_some_experiments_have_a_folder_of_their_own():
    commands = make("-n", "report", "EXPERIMENTS=exp103 exp104")
    assert "--config results=results/quick-exp103-exp104 'experiments=[exp103,exp104]'" in commands
    assert f"{ROOT}/results/quick-exp103-exp104/report/report.html" in commands
    everything = make("-n", "report")
    assert "experiments=" not in everything
    assert f"{ROOT}/results/quick/report/report.html" in everything


def test_an_environment_behind_a_link_is_not_replaced(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "other" / "bin").mkdir(parents=True)
    (tmp_path / ".venv").symlink_to("other")
    for target in ("install", "report", "test"):
        done = subprocess.run(["make", target], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert ".venv is a symbolic link" in done.stderr
        assert "remove the link" in done.stderr
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["bin"]
    # A complete environment is used as it is.
    (tmp_path / ".venv" / ".installed").touch()
    subprocess.run(["make", "install"], cwd=tmp_path, check=True)


def test_another_lock_file_installs_the_environment_again_and_the_choice_stays(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "requirements-cuda.lock"):
        (tmp_path / name).touch()
    (tmp_path / ".venv").mkdir()

    def planned(*arguments: str) -> str:
        command = ["make", "-n", "PYTHON=python3", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    (tmp_path / ".venv" / ".installed").write_text("requirements.lock\n")
    assert "pip" not in planned("install")
    assert "-r requirements-cuda.lock" in planned("install", "LOCK=requirements-cuda.lock")
    (tmp_path / ".venv" / ".installed").write_text("requirements-cuda.lock\n")
    assert "pip" not in planned("install")
    assert "pip" not in planned("install", "LOCK=requirements-cuda.lock")
    assert "-r requirements.lock" in planned("install", "LOCK=requirements.lock")
    (tmp_path / "requirements-cuda.lock").touch()
    assert "-r requirements-cuda.lock" in planned("install")


def test_the_readme_names_only_targets_that_exist():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    for name in ("README.md", "CONTRIBUTING.md"):
        named = re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / name).read_text(), re.MULTILINE)
        assert named
        assert set(named) <= set(phony)
