"""The report: complete, correct about failures, escaped, and readable without a network."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from fabricated_report import INCOMPATIBLE, build, experiments, read, render_both, write_manifests
from markdown_it import MarkdownIt

from lookbook.errors import ResultError
from lookbook.results.benchmark import write_benchmark
from lookbook.results.tables import read_table, write_table

VOID = {"meta", "br", "link", "hr", "img", "input"}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """The folder of a benchmark that has every section, and its reports, HTML first."""
    root = tmp_path_factory.mktemp("full")
    return root, *build(root)


class Outline(HTMLParser):
    """Collects identifiers, links, references and unclosed elements of a page."""

    def __init__(self, page):
        super().__init__()
        self.identifiers, self.links, self.references, self.opened = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in VOID:
            self.opened.append(tag)
        if "id" in values:
            self.identifiers.append(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag != "a":
            self.references += [values[name] for name in ("src", "href", "xlink:href", "data") if name in values]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag


def test_every_experiment_is_in_both_reports(full):
    _, html, markdown = full
    for name, entry in experiments().items():
        assert f'id="{name}"' in html
        assert f"`{name}`" in markdown
        assert entry["title"] in html
        assert entry["title"].replace("_", r"\_") in markdown


def test_the_page_is_well_formed_loads_offline_and_its_links_have_targets(full):
    outline = Outline(full[1])
    assert outline.opened == []
    assert len(outline.identifiers) == len(set(outline.identifiers))
    # What follows a question mark is the state of the leaderboard.
    assert {link[1:].split("?")[0] for link in outline.links if link.startswith("#")} <= set(outline.identifiers)
    assert outline.references
    assert {f"#{name}" for name in outline.identifiers} >= set(outline.references)
    page = re.sub(r"<script>.*?</script>", "", full[1], flags=re.DOTALL)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)|@import", page))
    assert "<script src" not in full[1]


def test_tables_have_a_caption_and_headers_a_scope(full):
    tables = re.findall(r"<table.*?</table>", full[1], re.DOTALL)
    assert all("<caption>" in table or "compact" in table for table in tables)
    assert all('scope="' in header for header in re.findall(r"<th\b[^>]*>", full[1]))


def test_failed_and_collapsed_trials_are_shown(full):
    for page in full[1:]:
        assert INCOMPATIBLE.partition("'")[0] in page
        for text in ("logs/changed/7.log", "out of memory", "9 of 10", "0 of 2", "4 of 10", "17% to 69%"):
            assert text in page


def test_changes_and_their_effects_are_shown(full):
    _, html, markdown = full
    assert "<code>optimizer.config.learning_rate</code>: 0.001 → <strong>0.0001</strong>" in html
    assert (
        "| `changed` | `unstable`: `learning_rate` 0.0001 | [curves](../figures/learning_curves/changed.svg) |"
        in markdown
    )
    assert "in 9 pairs of trials" in html


def test_hostile_text_is_escaped(tmp_path):
    hostile = '<script>alert("1")</script> | <img src=x onerror=y> [a](javascript:b) `c`\n# d'

    def edit(content):
        entry = content["experiments"]["network"]
        for key in ("title", "note", "budget", "claim", "citation"):
            entry[key] = hostile
        entry["links"] = {hostile: "https://example.org"}
        entry["spec"]["text"] = content["provenance"]["command"] = hostile
        entry["base"], entry["changes"] = "single", [{"key": "a|b`c", "from": hostile, "to": [hostile]}]

    html, markdown = build(tmp_path, ["network", "single"], edit=edit)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert Outline(html).opened == []
    rendered = MarkdownIt("commonmark").enable("table").render(markdown)
    assert "<script>" not in rendered
    assert "javascript:b)" in rendered
    assert 'href="javascript' not in rendered
    assert "<h1>d" not in rendered


def test_a_single_trial_and_an_experiment_whose_trials_all_failed(tmp_path):
    for page in build(tmp_path, ["single", "broken"]):
        assert "1 of 1" in page
        assert "0 of 2" in page
        assert not re.search(r"\bnan\b", page, re.IGNORECASE)
        assert "None" not in page


def test_no_experiments(tmp_path):
    assert all("No experiment is part of this run" in page for page in build(tmp_path, []))


def test_experiments_that_were_not_run_are_listed_with_the_reason_or_their_note(tmp_path):
    def edit(content):
        content["experiments"]["absent_a"] |= {"unavailable": None, "note": "no images here"}

    for page in build(tmp_path, ["network", "absent_a"], edit=edit):
        assert "Not run" in page
        assert "no images here" in page


def rewrite(name):
    """Return a function that changes the identity in the first row of a table."""

    def damage(root):
        table = read_table(root / f"{name}.csv")
        table.loc[0, "identity"] = "0" * 64
        write_table(table, root / f"{name}.csv")

    return damage


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        *(
            (rewrite(name), f"{name}.csv")
            for name in ("trials", "summary", "comparisons", "epochs", "claims", "ensembles", "factorials")
        ),
        (lambda root: (root / "figures/published.svg").unlink(), "published.svg"),
        (lambda root: (root / "figures/learning_curves/network.svg").write_text("<svg "), "network.svg"),
        (lambda root: (root / "figures/best_network/best_network.json").write_text("{}"), "best_network.json"),
        (lambda root: (root / "trials/network/0/metrics.json").unlink(), "metrics.json"),
        (lambda root: (root / "trials/network/0/trial.json").unlink(), "trial.json"),
    ],
)
def test_a_missing_or_stale_file_is_an_error_that_names_it(full, tmp_path, damage, file):
    root = shutil.copytree(full[0], tmp_path / "copy")
    damage(root)
    with pytest.raises(ResultError, match=re.escape(file)):
        render_both(root, write_manifests(root))


def test_a_dataset_without_a_manifest_is_an_error_that_names_it(full):
    with pytest.raises(ResultError, match="fashion_mnist"):
        read(full[0], [])


def test_a_configuration_with_more_trials_refuses_the_old_table(full, tmp_path):
    for name in ("experiments.json", "trials.csv"):
        shutil.copy(full[0] / name, tmp_path)
    content = json.loads((tmp_path / "experiments.json").read_text())
    content["experiments"]["network"]["trial_digests"].append("new")
    write_benchmark(tmp_path / "experiments.json", content)
    with pytest.raises(ResultError, match=r"trials\.csv"):
        read(tmp_path, [])
