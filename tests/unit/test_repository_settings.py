"""The settings that editors, hosts and commit hooks read agree with the Makefile, the linters and the licence."""

import configparser
import json
import re
import tomllib
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from lookbook.config.experiments import resolve
from lookbook.report.inputs import TABLES

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def recipe_of(target: str) -> list[str]:
    """Return the commands of a target of the Makefile, with its variables filled in."""
    variables = {"BIN": ".venv/bin", "QUICK": "--configfile config/quick.yaml"}
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe is not None
    return [re.sub(r"\$\((\w+)\)", lambda match: variables[match[1]], line.strip()) for line in recipe[1].splitlines()]


def test_the_commit_hooks_are_the_linters_of_make_lint():
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert sorted(hook["entry"] for hook in local["hooks"]) == sorted(recipe_of("lint"))
    # A hook that other files' names are added to would check these files only.
    assert {hook["pass_filenames"] for hook in local["hooks"]} == {False}
    # A change of a notebook starts the hooks that read notebooks.
    assert all("jupyter" in hook["types_or"] for hook in local["hooks"] if "ruff" in hook["entry"])


def test_the_hosted_ci_calls_the_script_in_the_image_of_a_supported_python():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    version = re.fullmatch(r"python:(\d+)\.(\d+)-bookworm", job["container"])
    assert version is not None
    assert (3, 11) <= tuple(map(int, version.groups())) <= (3, 13)


def test_the_script_of_the_ci_runs_targets_of_the_makefile():
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()
    called = re.findall(r"^make ([a-z-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert {"lint", "report", "test"} <= set(called) <= set(phony)


def test_the_editor_settings_are_those_of_the_formatters():
    parser = configparser.ConfigParser()
    parser.read_string("[preamble]\n" + (ROOT / ".editorconfig").read_text())
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert parser["*"].getint("max_line_length") == tools["ruff"]["line-length"]
    assert parser["{*.smk,Snakefile}"].getint("max_line_length") == tools["snakefmt"]["line_length"]
    assert parser["Makefile"]["indent_style"] == "tab"
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        text = notebook.read_text(encoding="utf-8")
        spaces = parser["*.ipynb"].getint("indent_size")
        assert text == json.dumps(json.loads(text), indent=spaces, ensure_ascii=False) + "\n"


def test_the_citation_names_the_licence_and_the_authors_of_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    licence = (ROOT / "LICENSE").read_text()
    assert citation["license"] == licence.split()[0]
    assert all(author["name"] in licence for author in citation["authors"])
    assert {"cff-version", "message", "type", "abstract"} <= citation.keys()
    assert f"# {citation['title']}\n" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*_*.yml")), ids=lambda path: path.name)
def test_the_files_that_an_issue_template_names_exist(path):
    template = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= template.keys()
    assert len({field["id"] for field in template["body"]}) == len(template["body"])
    # The kinds of fields that GitHub has; each has a label.
    assert {field["type"] for field in template["body"]} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in template["body"])
    named = re.findall(r"\b(?:config|reports)/[\w./]*\w", path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []
    results = {name.removesuffix(".csv") for name in re.findall(r"\bresults/(\w+\.csv)", path.read_text())}
    assert results <= set(TABLES)


def test_the_example_of_the_template_for_a_new_experiment_is_an_experiment(tmp_path):
    template = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/new_experiment.yml").read_text())
    (entry,) = [field["attributes"]["value"] for field in template["body"] if field["id"] == "entry"]
    (tmp_path / "mine.yaml").write_text("document: mine\nexperiments:\n" + indent(entry, "  "))
    files = [str(ROOT / "config/experiments/experiment_series.yaml"), "mine.yaml"]
    assert "my_experiment" in resolve({"experiment_files": files}, tmp_path)
