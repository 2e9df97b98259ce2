"""The report's sections: ensembles, factorial studies, predictions, copies, data sets, and what was not run."""

import re
import sys
from pathlib import Path

import pytest

from lookbook.report.experiment import Experiment
from lookbook.report.findings import answers
from lookbook.report.images import group_by_reason
from lookbook.report.predictions import class_names
from lookbook.report.rendering import linked
from lookbook.report.sections import studies

# The fabricated report lies beside the tests.
sys.path.insert(0, str(Path(__file__).parent))

from fabricated_report import REMEDY, STYLE, build, experiments


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return build(tmp_path_factory.mktemp("report"))


def rows_of(page, text):
    """Return the table rows of an HTML page that hold a text, as plain text with cells apart."""
    rows = re.findall(r"<tr>(?:(?!</tr>).)*</tr>", page, re.DOTALL)
    plain = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    return [row for row in plain if text in row]


def between(page, start, end):
    """Return what stands from one text to the next occurrence of another."""
    position = page.index(start)
    return page[position : page.index(end, position + 1)]


def test_a_document_names_its_source_below_its_heading(report):
    html, markdown = report
    assert "Source: a page about zoo &amp; more" in between(html, 'id="document-zoo"', "<table")
    assert "Source: a page about zoo &amp; more" in between(markdown, "## zoo\n", "| Experiment")


def test_ensembles_are_held_against_their_mean_member(report):
    html, markdown = report
    assert "network 3 0.9100 0.9311 +0.0211 0.0777" in rows_of(html, "+0.0211")
    assert "| `network` | 3 | 0.9100 | 0.9311 | +0.0211 | 0.0777 |" in markdown
    assert "1 experiment without an ensemble: one finished trial (`single`)." in markdown
    assert "2 experiments without an ensemble: each trial validates on other images" in html


def test_classifiers_of_one_class_stand_beside_the_network_for_all_at_equal_cost(report):
    html, markdown = report
    for page in report:
        assert "3 that each tell one class from all others, and 4 that differ in their seed alone" in page
    section = between(html, "all_classes</code>: one network for each class", "</table>")
    assert "network , one network for all classes 1 0.9100 ± 0.0100 0.9100 0.9100" in rows_of(section, "all classes")
    assert [row.split()[-3:] for row in rows_of(section, "one against all")] == [["0.9222", "–", "–"]]  # noqa: RUF001
    assert "| ensemble of the seeds of `network_seeds` | 4 | 0.9311 |" in markdown


def test_a_factorial_study_has_its_cells_and_its_effects(report):
    html, markdown = report
    assert [row for row in markdown.splitlines() if row.startswith("| `cell_") and " on" in row] == [
        "| `cell_10` | on | off | 0.9050 ± 0.0071 | 2 of 2 |",
        "| `cell_01` | off | on | 0.9050 ± 0.0071 | 2 of 2 |",
        "| `cell_11` | on | on | 0.9050 ± 0.0071 | 2 of 2 |",
    ]
    assert "cell_11 on on 0.9050 ± 0.0071 2" in rows_of(html, "cell_11")
    row = "+0.0123 | +0.0023 to +0.0223 | 0.250"
    assert f"| one cycle | {row} | {row} |" in markdown
    assert rows_of(html, "one cycle × averaging")  # noqa: RUF001
    assert "Largest factor of `two factors`: `one cycle`, +0.0123 (95%: +0.0023 to +0.0223)" in markdown


def test_a_study_that_cannot_be_estimated_says_what_it_lacks():
    cell = Experiment(**dict.fromkeys(Experiment.__dataclass_fields__) | {"factorial": {"study": "s", "factors": {}}})
    missing = {"study": "s", "metric": "test_loss", "term": None, "note": "no finished trial of b"}
    (study,) = studies({"a": cell}, [missing, missing, missing | {"study": "other"}])
    assert study["effects"] == []
    assert study["notes"] == ["no finished trial of b"]


def test_a_range_test_has_its_figure_and_no_accuracy(report):
    html, markdown = report
    assert all("0.1234" not in page for page in report)
    assert all("range/single.svg" not in page for page in report)
    assert "(*learning-rate range test*) | 1 of 1 | – | – | – | – | – | – |" in markdown  # noqa: RUF001
    assert 'aria-label="Loss of range_test by learning rate"' in html
    assert "](../figures/range/range_test.svg)" in markdown
    assert "Best test accuracy here: `network_seeds`" in markdown


def test_classifiers_of_one_class_are_marked_and_never_the_best(report):
    html, markdown = report
    assert "one class against the rest" in rows_of(html, "class_0")[0]
    assert "(*one class against the rest*) | 1 of 1 | 0.9900" in markdown


def test_predictions_come_with_the_figures_of_each_class(report):
    html, markdown = report
    assert "| boot | 1.000 | 0.600 | 0.800 | 1,234 |" in markdown
    assert "bag 0.250 0.500 0.400 10" in rows_of(html, "bag")
    assert re.findall(r"### Predictions of `(.*)`", markdown) == ["network", "leaky"]
    assert all(page.count("chosen to be shown here and for nothing else") == 1 for page in report)
    assert "](../figures/best/confusion_matrix.svg)" in markdown
    assert "](../figures/predictions/network/confusion_matrix.svg)" not in markdown


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({}, ["boot", "bag", "coat"]),
        ({"one_vs_all": 1}, ["others", "bag"]),
        ({"sampling": {"classes": 2}}, ["boot", "coat"]),
    ],
)
def test_classes_are_named_by_what_the_network_tells_apart(spec, names):
    dataset = {"classes": ["boot", "bag", "coat"], "class_counts": {"train": [5, 1, 2]}}
    assert class_names(spec, dataset) == names


def test_copies_on_both_sides_of_the_split_are_counted_and_told(report):
    html, markdown = report
    accuracies = "0.9050 ± 0.0071 0.7050 ± 0.0071"
    assert f"leaky 40 {accuracies} – 0.9050 ± 0.0071 0.9050 ± 0.0071" in rows_of(html, "leaky 40")  # noqa: RUF001
    assert f"clean 0 {accuracies} – 0.9050 ± 0.0071 0.9050 ± 0.0071" in rows_of(html, "clean 0")  # noqa: RUF001
    assert "| `leaky` | 40 | 0.9050 ± 0.0071 | **0.7050 ± 0.0071** |" in markdown
    assert "0.932 against 0.950 (`absent_a`)" in markdown
    assert '0.932 against 0.950 (<a href="#absent_a">' in html
    assert "`leaky` is 0.9050 as the document counts it and 0.7050 on the images that have no copy" in markdown


def test_what_was_not_run_is_explained_once_and_keeps_its_published_figure(report):
    html, markdown = report
    assert [page.count(REMEDY) for page in report] == [1, 1]
    assert "absent_a what absent_a is not run – 0.9500 1 trial validation split" in rows_of(html, "absent_a")[0]  # noqa: RUF001
    assert f"- {REMEDY} (`absent_a`, `absent_b`)" in markdown
    assert "2 experiments were not run" in markdown
    assert "0 trials of 2 epochs" not in html


def test_data_sets_say_what_was_skipped_and_why(report):
    html, markdown = report
    assert "- truncated &lt;file&gt;: 5 images (`homer/0.jpg`, `homer/1.jpg`, `homer/2.jpg`, …)" in markdown
    assert "truncated &lt;file&gt;: 5 images (<code>homer/0.jpg</code>" in html
    assert "generated 1,216 0 0 6 2 28 × 28 × 1 a mirror" in rows_of(html, "a mirror")  # noqa: RUF001
    assert 'aria-label="Images per class of generated"' in html


def test_skipped_images_are_grouped_by_reason_the_most_frequent_first():
    images = [{"name": name, "reason": reason} for name, reason in (("a", "empty"), ("b", "cut"), ("c", "cut"))]
    assert group_by_reason(images) == [
        {"reason": "cut", "n": 2, "names": ["b", "c"]},
        {"reason": "empty", "n": 1, "names": ["a"]},
    ]


def test_contact_sheets_are_folded_and_the_offline_ones_come_last(report):
    html, markdown = report
    titles = re.findall(r"eight draws of the augmentation ([^\]]+)\]", markdown)
    assert titles == ["blur", "zoom", "blur (offline copies)"]
    assert "<details>\n<summary>3 contact sheets</summary>" in html


def test_a_submission_is_named_where_there_is_one(report):
    html, markdown = report
    assert html.count("../submissions/leaky.csv") == 1
    assert "[leaky.csv](../submissions/leaky.csv)" in markdown
    assert "The document's submission scored 0.9320 in the competition." in markdown


def test_a_single_trial_reads_without_gaps(report):
    html, markdown = report
    card = between(html, 'id="single"', 'id="range_test"')
    for page in (card, markdown):
        assert "± –" not in page  # noqa: RUF001
    assert "95% interval" not in card
    assert "Lowest to highest" not in card
    assert "That changed test accuracy by 0.0000 and test loss by 0.0000, in one pair of trials." in markdown


def test_a_quick_run_says_the_budget_in_each_row_and_judges_nothing(tmp_path, report):
    html, markdown = build(tmp_path, comparable=False)
    names = [name for name, found in experiments().items() if found["trials"]]
    for name in names:
        assert any(f"2 epochs on 500 training images of {name}" in row for row in rows_of(html, f"what {name} is"))
        assert re.search(rf"^\| `{name}` what .*2 epochs on 500 training images", markdown, re.MULTILINE)
    assert "These budgets are too small to judge 1 published accuracy." in markdown
    assert 'class="chip not-comparable"' not in html
    assert "best published" not in markdown
    assert not any("2 epochs on 500" in row for row in rows_of(report[0], "what network is"))


def test_the_page_has_each_identifier_once_and_each_style_sheet_once(report):
    html, _ = report
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(identifiers)
    assert html.count('<svg role="img" aria-label="') == html.count("<svg ") > 8
    assert html.count(STYLE) == 1
    assert html.count("<details") == html.count("</details>")


def test_markdown_tables_are_whole_and_figures_exist(tmp_path):
    _, markdown = build(tmp_path)
    width = 0
    for line in markdown.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width
        width = cells
    figures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", markdown.replace("\\_", "_"))
    assert len(figures) == len(set(figures)) == 11
    assert all((tmp_path / "report" / figure).is_file() for figure in figures)


def test_nothing_of_it_is_needed(tmp_path):
    html, markdown = build(tmp_path, keep=lambda name: name == "single")
    for page in (html, markdown):
        assert "Factorial study" not in page
        assert "Not run" not in page
        assert "Copies on both sides" not in page


def test_a_sentence_is_escaped_and_its_names_are_linked():
    assert linked("`exp001` & `other`: <b>", ["exp001"]) == (
        '<a href="#exp001"><code>exp001</code></a> &amp; <code>other</code>: &lt;b&gt;'
    )


def test_the_answer_counts_the_verdicts_and_names_the_largest_difference(tmp_path):
    found = {}
    build(tmp_path, edit=lambda context: found.update({d.name: d for d in context["documents"]}))
    (first, *_) = found["zoo"].answers
    assert first == (
        "Of 1 published accuracy ours agrees in 1; the largest difference is −0.0300 (`network`)."  # noqa: RUF001
    )
    assert answers([], comparable=True, ensembles=[], one_vs_all=[], studies=[]) == []


def test_an_adjusted_p_of_zero_is_beyond_chance(tmp_path):
    def edit(context):
        document = context["documents"][0]
        single = next(experiment for experiment in document.experiments if experiment.name == "single")
        single.effect["metrics"]["test accuracy"] |= {"difference": 0.02, "p_adjusted": 0.0}
        found.extend(answers(document.experiments, comparable=True, ensembles=[], one_vs_all=[], studies=[]))

    found = []
    build(tmp_path, edit=edit)
    assert "Of 1 change against a base, 1 raises test accuracy beyond chance (`single`)." in found
