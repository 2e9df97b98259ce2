"""The report: complete, honest about failures, escaped, and readable without a network."""

import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from lookbook.evaluation.trials import evaluate_trial
from lookbook.figures.style import learning_curves, published_figure, read_history
from lookbook.report import formatting
from lookbook.report.context import build_context, names_by_document
from lookbook.report.rendering import render
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.published import read_published
from lookbook.statistics.summary import summarise
from lookbook.statistics.trials import collect_trials, read_table, write_table

ROOT = Path(__file__).parents[2]
VOID = {"meta", "br", "link", "hr", "img", "input"}


def load_synthetic():
    """Import tests/synthetic.py, which is a program of its own as well."""
    spec = importlib.util.spec_from_file_location("synthetic", ROOT / "tests" / "synthetic.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


synthetic = load_synthetic()


def build(root, names=None, *, comparable=True, edit=lambda benchmark: None):
    """Go from fabricated trials to both reports; return the HTML and the Markdown."""
    plan = synthetic.write_benchmark(root, comparable=comparable, names=names)
    benchmark = json.loads((root / "experiments.json").read_text())
    edit(benchmark)
    for path in root.glob("trials/*/*/trial.json"):
        (path.parent / "metrics.json").write_text(json.dumps(evaluate_trial(path.parent), allow_nan=False))
    write_table(collect_trials(root / "trials", plan), root / "trials.csv")
    trials, experiments = read_table(root / "trials.csv"), benchmark["experiments"]
    published = read_published(ROOT / "config" / "published.csv")
    write_table(summarise(trials, list(experiments), published, comparable=comparable), root / "summary.csv")
    write_table(compare_with_bases(trials, experiments), root / "comparisons.csv")
    curves = root / "figures" / "learning_curves"
    curves.mkdir(parents=True)
    for name in plan:
        histories = [read_history(path) for path in sorted(root.glob(f"trials/{name}/*/history.csv"))]
        (curves / f"{name}.svg").write_text(learning_curves(histories))
    summary = read_table(root / "summary.csv")
    (root / "figures" / "published.svg").write_text(published_figure(summary, names_by_document(experiments)))
    context = build_context(
        benchmark,
        trials,
        summary,
        read_table(root / "comparisons.csv"),
        figures=root / "figures",
        log_pattern="logs/{experiment}/{trial}.log",
    )
    templates = ROOT / "reports" / "templates"
    for suffix in ("html", "md"):
        render(context, templates, f"report.{suffix}.j2", root / "report" / f"report.{suffix}")
    return (root / "report" / "report.html").read_text(), (root / "report" / "report.md").read_text()


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
    for name, (_, title, *_) in synthetic.EXPERIMENTS.items():
        assert f'id="{name}"' in html
        assert f"`{name}`" in markdown
        assert title in html
        assert title in markdown


def test_the_page_is_well_formed_and_its_links_lead_somewhere(full):
    outline = Outline(full[1])
    assert outline.opened == []
    assert len(outline.identifiers) == len(set(outline.identifiers))
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.identifiers)
    inner = {reference[1:] for reference in outline.references}
    assert inner <= set(outline.identifiers)


def test_loads_offline(full):
    outline = Outline(full[1])
    assert all(reference.startswith("#") for reference in outline.references)
    styles = re.findall(r"url\(([^)]*)\)|@import", full[1])
    assert all(target.startswith("#") for target in styles)
    assert "<script src" not in full[1]


def test_figures_have_a_text_alternative_and_tables_a_caption(full):
    html = full[1]
    assert html.count("<svg ") == html.count('<svg role="img" aria-label="') == len(synthetic.EXPERIMENTS) + 1
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert all("<caption>" in table or "compact" in table for table in tables)
    assert all('scope="' in header for header in re.findall(r"<th\b[^>]*>", html))


def test_failed_trials_are_named_with_their_error(full):
    _, html, markdown = full
    for page in (html, markdown):
        assert "ValueError: Input 0 of layer" in page
        assert "logs/exp003/7.log" in page
        assert "out of memory" in page
        assert "9 of 10" in page
        assert "0 of 2" in page


def test_collapsed_trials_are_shown_with_their_rate(full):
    low, high = "17%", "69%"
    for page in full[1:]:
        assert "4 of 10" in page
        assert f"{low} to {high}" in page


def test_changes_and_what_they_did_are_told(full):
    _, html, markdown = full
    assert "<code>optimizer.config.learning_rate</code>: 0.001 → <strong>0.0001</strong>" in html
    assert "`optimizer.config.learning_rate`: 0.001 → 0.0001" in markdown
    assert "in 9 pairs of trials" in html


def test_markdown_tables_are_whole_and_figures_exist(full):
    root, _, markdown = full
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows = [token for token in tokens if token.type == "tr_open"]
    assert len(rows) > len(synthetic.EXPERIMENTS)
    width = 0
    for line in markdown.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width
        width = cells
    figures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", markdown.replace("\\_", "_"))
    assert len(figures) == len(synthetic.EXPERIMENTS) + 1
    assert all((root / "report" / figure).is_file() for figure in figures)


def test_a_comparable_run_has_no_notice(full):
    assert all("Not comparable" not in page for page in full[1:])


def test_a_quick_run_says_on_top_that_it_is_not_comparable(tmp_path):
    html, markdown = build(tmp_path, ["exp001"], comparable=False)
    for page in (html, markdown):
        assert page.index("Not comparable with the published figures") < page.index("In short")
        assert "500 training images, 3 epochs, 2 trials" in page
        assert "not comparable" in page
        assert not re.search(r"\b(agrees|higher|lower)</span>", page)


def test_hostile_text_is_escaped(tmp_path):
    hostile = '<script>alert("1")</script> | <img src=x onerror=y> [a](javascript:b) `c`\n# d'

    def edit(benchmark):
        entry = benchmark["experiments"]["exp002"]
        entry["title"] = entry["note"] = entry["budget"] = entry["spec"]["text"] = hostile
        entry["changes"] = [{"key": "a|b`c", "from": hostile, "to": [hostile]}]
        benchmark["provenance"]["command"] = hostile

    html, markdown = build(tmp_path, ["exp001", "exp002"], edit=edit)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert Outline(html).opened == []
    rendered = MarkdownIt("commonmark").enable("table").render(markdown)
    assert "<script>" not in rendered
    assert "javascript:b)" in rendered
    assert 'href="javascript' not in rendered
    assert "<h1>d" not in rendered


def test_without_validation_there_is_one_curve(full):
    curves = full[0] / "figures" / "learning_curves"
    assert "validation" in (curves / "exp001.svg").read_text()
    assert "validation" not in (curves / "width_2_4.svg").read_text()
    assert "training" in (curves / "width_2_4.svg").read_text()


def test_a_single_trial_and_an_experiment_that_failed_throughout(tmp_path):
    html, markdown = build(tmp_path, ["exp104", "resnet_34"])
    for page in (html, markdown):
        assert "1 of 1" in page
        assert "0 of 2" in page
        assert not re.search(r"\bnan\b", page, re.IGNORECASE)
        assert "None" not in page


def test_no_experiments_at_all(tmp_path):
    html, markdown = build(tmp_path, [])
    assert "No experiment is part of this run" in html
    assert "No experiment is part of this run" in markdown


def test_experiments_that_did_not_run_are_listed_with_the_reason(tmp_path):
    def edit(benchmark):
        benchmark["experiments"]["simpsons"] = synthetic.description("exp001") | {"note": "no images here"}

    html, markdown = build(tmp_path, ["exp001"], edit=edit)
    for page in (html, markdown):
        assert "Not run" in page
        assert "no images here" in page


def test_figures_are_the_same_bytes_each_time_and_valid_without_trials():
    history = pd.DataFrame({"train_loss": [2.0, 1.0], "train_accuracy": [0.3, 0.6]}, index=[1, 2])
    assert learning_curves([history]) == learning_curves([history])
    assert "no finished epoch" in learning_curves([])
    assert "<dc:date>" not in learning_curves([])


def test_empty_history_is_no_curve(tmp_path):
    (tmp_path / "history.csv").write_text("")
    assert read_history(tmp_path / "history.csv").empty


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formatting.fixed(None), "–"),  # noqa: RUF001
        (formatting.fixed(0.87841), "0.8784"),
        (formatting.signed(-0.00131), "−0.0013"),  # noqa: RUF001
        (formatting.signed(0.0023), "+0.0023"),
        (formatting.signed(-0.00001), "0.0000"),
        (formatting.spread(0.9, None), "0.9000"),
        (formatting.duration(45.4), "45 s"),
        (formatting.duration(3599.9), "1 h 0 min"),
        (formatting.duration(59.7), "1 min 0 s"),
        (formatting.probability(0.0004), "< 0.001"),
        (formatting.thousands(21310922), "21,310,922"),
        (formatting.setting([32, 64]), "[32, 64]"),
        (formatting.code("a`b|c"), "`` a`b\\|c ``"),
    ],
)
def test_numbers_and_texts(text, expected):
    assert text == expected
