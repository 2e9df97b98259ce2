"""The report: complete, correct about failures, escaped, and readable without a network."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import fabricated_report
import pytest
import synthetic
from fabricated_report import read, render_both, write_figures, write_manifests
from markdown_it import MarkdownIt

from lookbook.errors import ResultError
from lookbook.files import write_json
from lookbook.results.benchmark import read_benchmark
from lookbook.results.tables import read_table, write_table

ROOT = Path(__file__).parents[2]
CLASSES = [f"class {number}" for number in range(10)]
VOID = {"meta", "br", "link", "hr", "img", "input"}


def build(root, names=None, *, comparable=True, edit=lambda benchmark: None):
    """Write synthetic trials and what follows from them, and return the HTML and the Markdown report."""
    synthetic.write_benchmark(root, comparable=comparable, names=names)
    content = json.loads((root / "experiments.json").read_text())
    for entry in content["experiments"].values():
        entry["spec"] = {"augmentation": [], "sampling": {"classes": None}} | entry["spec"]
    edit(content)
    write_json(root / "experiments.json", content)
    synthetic.write_tables(read_benchmark(root / "experiments.json"))
    shutil.copy(ROOT / "config" / "published.csv", root / "published.csv")
    write_figures(root, read_table(root / "trials.csv"))
    return render_both(root, write_manifests(root, CLASSES))


@pytest.fixture(scope="module")
def full(tmp_path_factory):
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
    for name, entry in synthetic.EXPERIMENTS.items():
        assert f'id="{name}"' in html
        assert f"`{name}`" in markdown
        assert entry.title in html
        assert entry.title in markdown


@pytest.mark.parametrize("data", ["synthetic", "fabricated"])
def test_the_page_is_well_formed_and_its_links_have_targets(full, tmp_path, data):
    outline = Outline(full[1] if data == "synthetic" else fabricated_report.build(tmp_path)[0])
    assert outline.opened == []
    assert len(outline.identifiers) == len(set(outline.identifiers))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.identifiers)
    assert {reference[1:] for reference in outline.references} <= set(outline.identifiers)


def test_the_page_loads_offline(full):
    assert all(reference.startswith("#") for reference in Outline(full[1]).references)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)|@import", full[1]))
    assert "<script src" not in full[1]


def test_figures_have_a_text_alternative_and_tables_a_caption(full):
    _, html, markdown = full
    figures = len(synthetic.EXPERIMENTS) + 1 + 3  # learning curves, published accuracies, best network
    assert html.count("<svg ") == html.count('<svg role="img" aria-label="') == markdown.count("![") == figures
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert all("<caption>" in table or "compact" in table for table in tables)
    assert all('scope="' in header for header in re.findall(r"<th\b[^>]*>", html))


def test_failed_trials_are_named_with_their_error(full):
    for page in full[1:]:
        assert "ValueError: Input 0 of layer" in page
        assert "logs/exp003/7.log" in page
        assert "out of memory" in page
        assert "9 of 10" in page
        assert "0 of 2" in page


def test_collapsed_trials_are_shown_with_their_rate(full):
    for page in full[1:]:
        assert "4 of 10" in page
        assert "17% to 69%" in page


def test_changes_and_their_effects_are_shown(full):
    _, html, markdown = full
    assert "<code>optimizer.config.learning_rate</code>: 0.001 → <strong>0.0001</strong>" in html
    assert "`optimizer.config.learning_rate`: 0.001 → **0.0001**" in markdown
    assert all("in 9 pairs of trials" in page for page in full[1:])


def test_a_comparable_run_has_no_notice(full):
    assert all("Not comparable" not in page for page in full[1:])


def test_a_quick_run_states_above_everything_that_it_is_not_comparable(tmp_path):
    for page in build(tmp_path, ["exp001"], comparable=False):
        assert page.index("Not comparable with the published results") < page.index("In short")
        assert "500 training images, 3 epochs, 2 trials" in page
        assert "not comparable" in page
        assert not re.search(r"\b(agrees|higher|lower)</span>", page)


def test_hostile_text_is_escaped(tmp_path):
    hostile = '<script>alert("1")</script> | <img src=x onerror=y> [a](javascript:b) `c`\n# d'

    def edit(benchmark):
        entry = benchmark["experiments"]["exp002"]
        entry["title"] = entry["note"] = entry["budget"] = entry["spec"]["text"] = entry["claim"] = hostile
        entry["changes"] = [{"key": "a|b`c", "from": hostile, "to": [hostile]}]
        benchmark["provenance"]["command"] = benchmark["experiments"]["exp001"]["citation"] = hostile

    html, markdown = build(tmp_path, ["exp001", "exp002"], edit=edit)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert Outline(html).opened == []
    rendered = MarkdownIt("commonmark").enable("table").render(markdown)
    assert "<script>" not in rendered
    assert "javascript:b)" in rendered
    assert 'href="javascript' not in rendered
    assert "<h1>d" not in rendered


def test_a_single_trial_and_an_experiment_whose_trials_all_failed(tmp_path):
    for page in build(tmp_path, ["exp104", "resnet_34"]):
        assert "1 of 1" in page
        assert "0 of 2" in page
        assert not re.search(r"\bnan\b", page, re.IGNORECASE)
        assert "None" not in page


def test_no_experiments(tmp_path):
    assert all("No experiment is part of this run" in page for page in build(tmp_path, []))


def test_experiments_that_were_not_run_are_listed_with_the_reason(tmp_path):
    def edit(benchmark):
        absent = {"note": "no images here", "trials": 0, "trial_digests": []}
        benchmark["experiments"]["simpsons"] = benchmark["experiments"]["exp001"] | absent

    for page in build(tmp_path, ["exp001"], edit=edit):
        assert "Not run" in page
        assert "no images here" in page


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The files of a small benchmark."""
    root = tmp_path_factory.mktemp("small")
    build(root, ["exp001", "exp002", *(name for name in synthetic.EXPERIMENTS | synthetic.MORE if "mini_vgg" in name)])
    return root


def rewrite(table, column, value):
    """Return a function that changes a value in the first row of a table."""

    def damage(root):
        path = root / f"{table}.csv"
        frame = read_table(path)
        frame.loc[0, column] = value
        write_table(frame, path)

    return damage


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        *((rewrite(name, "identity", "0" * 64), f"{name}.csv") for name in ("trials", "summary", "comparisons")),
        *((rewrite(name, "identity", "0" * 64), f"{name}.csv") for name in ("ensembles", "factorials")),
        (lambda root: (root / "figures/published.svg").unlink(), "published.svg"),
        (lambda root: (root / "figures/learning_curves/mini_vgg.svg").write_text("<svg "), "mini_vgg.svg"),
        (lambda root: (root / "figures/best_network/best_network.json").write_text("{}"), "best_network.json"),
        (lambda root: (root / "trials/mini_vgg/0/metrics.json").unlink(), "metrics.json"),
        (lambda root: (root / "trials/mini_vgg/0/trial.json").unlink(), "trial.json"),
    ],
)
def test_a_missing_or_stale_file_is_an_error_that_names_it(small, tmp_path, damage, file):
    root = shutil.copytree(small, tmp_path / "copy")
    damage(root)
    with pytest.raises(ResultError, match=re.escape(file)):
        render_both(root, write_manifests(root, CLASSES))


def test_a_dataset_without_a_manifest_is_an_error_that_names_it(small):
    with pytest.raises(ResultError, match="fashion_mnist"):
        read(small, [])


def test_a_configuration_with_more_trials_refuses_the_old_table(small, tmp_path):
    for name in ("experiments.json", "trials.csv"):
        shutil.copy(small / name, tmp_path)
    content = json.loads((tmp_path / "experiments.json").read_text())
    content["experiments"]["exp001"]["trial_digests"].append("new")
    write_json(tmp_path / "experiments.json", content)
    with pytest.raises(ResultError, match=r"trials\.csv"):
        read(tmp_path, [])
