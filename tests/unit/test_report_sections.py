"""The sections of the report, on a small benchmark that has all of them."""

import re

import pytest
from fabricated_report import (
    REMEDY,
    STYLE,
    between,
    build,
    experiments,
    render_both,
    rows_of,
    write_manifests,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def report(root):
    return build(root)


def test_a_document_has_its_citation_below_its_heading_and_its_claim_in_the_summary(report):
    html, markdown = report
    address = "https://example.org/zoo?a=1&b=2"
    linked = f'Source: a page <a href="{address.replace("&", "&amp;")}">about zoo</a> &amp; more'
    papers = 'Builds on <a href="https://example.org/paper">a paper</a>.'
    assert all(text in between(html, 'id="document-zoo"', "<table") for text in (linked, papers))
    shown = between(markdown, "## zoo\n\nSource", "| Experiment")
    assert f"Source: a page [about zoo]({address}) &amp; more" in shown
    assert "Builds on [a paper](https://example.org/paper)." in shown
    for page in report:
        assert page.count("zoo is &lt;best&gt;") == page.count("Claim of the document:") == 1


def test_one_epoch_has_no_curves(report):
    html, markdown = report
    assert "learning_curves/network.svg" in markdown
    assert "learning_curves/single.svg" not in markdown
    assert "Learning curves of single" not in html
    assert html.count("Each trial trained for one epoch, so there are no learning curves.") == 1


def test_sections_come_in_their_order_and_the_navigation_links_to_those_of_the_whole_report(report):
    titles = re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', report[0])
    assert titles[:4] == ["In short", "Leaderboard", "Claims", "Accuracy and cost"]
    assert titles[4:7] == ["zoo", "simpsons", "width"]
    assert titles[7:10] == ["Ours and published", "Failures", "Collapsed trials"]
    assert titles[10:] == ["Not run", "Augmentations", "Datasets", "Provenance", "How to cite"]
    assert re.findall(r"<li><a[^>]*>([^<]+)</a></li>", between(report[0], "<nav", "</nav>")) == titles
    assert re.findall(r"^## (.*)$", report[1], re.MULTILINE) == titles
    contents = re.findall(r"^- \[(.*)\]\(#(.*)\)$", report[1], re.MULTILINE)
    assert contents == [(title, title.lower().replace(" ", "-")) for title in titles]


def test_ensembles_are_compared_with_their_mean_member(report):
    html, markdown = report
    assert "network 3 0.9100 0.9311 +0.0211 0.0777" in rows_of(html, "+0.0211")
    assert "| `network` | 3 | 0.9100 | 0.9311 | +0.0211 | 0.0777 |" in markdown
    assert "1 experiment without an ensemble: only one trial has finished (`single`)." in markdown
    assert "2 experiments without an ensemble: each trial validates on other images" in html


def test_one_vs_all_classifiers_are_compared_with_the_network_for_all_classes(report):
    html, markdown = report
    for page in report:
        assert "has 3 networks that each distinguish one class from all others, the ensemble of seeds 4 that" in page
        assert "Their costs are equal" not in page
    section = between(html, "all_classes</code>: one network per class", "</table>")
    assert "network , one network for all classes 1 0.9100 ± 0.0100 0.9100 0.9100" in rows_of(section, "all classes")
    assert [row.split()[-3:] for row in rows_of(section, "one-vs-all")] == [["0.9222", "–", "–"]]  # noqa: RUF001
    assert "| ensemble of the seeds of `network_seeds` | 4 | 0.9311 |" in markdown


def test_a_factorial_study_has_its_combinations_and_its_effects(report):
    html, markdown = report
    assert [row for row in markdown.splitlines() if row.startswith("| `cell_") and "**on**" in row] == [
        "| `cell_10` | **on** | off | 0.9050 ± 0.0071 | 2 of 2 |",
        "| `cell_01` | off | **on** | 0.9050 ± 0.0071 | 2 of 2 |",
        "| `cell_11` | **on** | **on** | 0.9050 ± 0.0071 | 2 of 2 |",
    ]
    assert "cell_11 on on 0.9050 ± 0.0071 2 of 2" in rows_of(html, "cell_11")
    row = "+0.0123 (+0.0023 to +0.0223) | 0.250"
    assert f"| one cycle | {row} | {row} |" in markdown
    assert rows_of(html, "one cycle × averaging")  # noqa: RUF001
    assert "`two factors` on test accuracy: `one cycle`, +0.0123 (95% interval: +0.0023 to +0.0223)." in markdown


def test_a_range_test_has_its_figure_and_no_accuracy(report):
    html, markdown = report
    assert all("0.1234" not in page for page in report)
    assert "; learning-rate range test | 1 of 1 | – | – | – | – | – | – |" in markdown  # noqa: RUF001
    assert 'aria-label="Loss of range_test by learning rate"' in html
    assert re.findall(r"learning_rate_range/\w+\.svg", markdown) == ["learning_rate_range/range_test.svg"]
    assert "Highest mean test accuracy: `network_seeds`" in markdown


def test_classifiers_of_one_class_are_marked_and_never_the_best(report):
    html, markdown = report
    assert "one class against the rest" in rows_of(html, "class_0")[0]
    assert "; one class against the rest | 1 of 1 | 0.9900" in markdown


def test_predictions_have_the_metrics_of_each_class(report):
    html, markdown = report
    assert "| boot | 1.000 | 0.600 | 0.800 | 1,234 |" in markdown
    assert "bag 0.250 0.500 0.400 10" in rows_of(html, "bag")
    assert all(page.count("It is selected for display only") == 1 for page in report)
    for folder in ("best_network", "predictions/leaky"):
        assert f"](../figures/{folder}/confusion_matrix.svg)" in markdown
    assert "predictions/network/" not in markdown


def test_accuracy_without_duplicates_is_beside_that_for_all_images(report):
    html, markdown = report
    accuracies = "0.9050 ± 0.0071 0.7050 ± 0.0071"
    assert f"leaky 40 {accuracies} – 0.9050 ± 0.0071 0.9050 ± 0.0071" in rows_of(html, "leaky 40")  # noqa: RUF001
    assert f"clean 0 {accuracies} – 0.9050 ± 0.0071 0.9050 ± 0.0071" in rows_of(html, "clean 0")  # noqa: RUF001
    assert "| `leaky` | 40 | 0.9050 ± 0.0071 | **0.7050 ± 0.0071** |" in markdown
    assert "0.932 against 0.950 (`absent_a`)" in markdown
    assert '0.932 against 0.950 (<a href="#absent_a">' in html
    assert (
        "`leaky` is 0.9050 for all images, as the document counts, and 0.7050 for the images that are not" in markdown
    )


def test_experiments_that_were_not_run_have_one_explanation_and_their_published_value(report):
    html, markdown = report
    assert [page.count(REMEDY) for page in report] == [1, 1]
    assert "absent_a what absent_a is not run – 0.9500 1 trial validation split" in rows_of(html, "absent_a what")[0]  # noqa: RUF001
    assert f"{REMEDY} (`absent_a`, `absent_b`)" in markdown
    assert "2 experiments were not run" in markdown
    assert ">0 trials of 2 epochs" not in html


def test_datasets_state_what_was_skipped_and_why_the_most_frequent_reason_first(report):
    html, markdown = report
    reasons = "- truncated &lt;file&gt;: 5 images (`homer/0.jpg`, `homer/1.jpg`, `homer/2.jpg`, …)\n- animated: 1 image"
    assert reasons in markdown
    assert "truncated &lt;file&gt;: 5 images (<code>homer/0.jpg</code>" in html
    assert "generated 1,216 0 0 6 2 28 × 28 × 1 a mirror" in rows_of(html, "a mirror")  # noqa: RUF001
    assert 'aria-label="Images per class of generated"' in html


def test_contact_sheets_are_folded(report):
    sheets = re.findall(r"contact_sheets/(\w+)\.svg", report[1])
    assert "zoom" in sheets
    assert re.search(rf"<details>\n<summary>{len(sheets)} contact sheets</summary>", report[0])


def test_a_submission_is_named(report):
    html, _ = report
    assert html.count("../submissions/leaky.csv") == 1
    assert "The document&#39;s submission scored 0.9320." in html


def test_a_single_trial_has_no_intervals(report):
    card = between(report[0], 'id="single"', 'id="range_test"')
    for page in (card, report[1]):
        assert "± –" not in page  # noqa: RUF001
    assert "95% interval" not in card
    assert "Lowest to highest" not in card
    assert "in 1 pair of trials" in card


def test_a_quick_run_states_that_it_is_not_comparable_and_has_no_verdicts(tmp_path, report):
    html, markdown = build(tmp_path, comparable=False)
    for page in (html, markdown):
        assert page.index("Not comparable with the published results") < page.index("In short")
        assert "500 training images, 3 epochs, 2 trials" in page
        assert not re.search(r"\b(reproduced|compatible|higher|lower)</span>", page)
    assert all("Not comparable" not in page for page in report)
    for name in (name for name, entry in experiments().items() if entry["trials"]):
        assert f"2 epochs on 500 training images of {name}" in html
    assert ["| Difference |" in page for page in (report[1], markdown)] == [True, False]
    assert "The budgets of this run are too small for a comparison with the published accuracies." in markdown
    assert 'class="chip not-comparable"' not in html
    assert "highest published" not in markdown


def test_the_page_has_each_style_sheet_once(report):
    html, _ = report
    figures = re.findall(r"<figure>.*?</figure>", html, re.DOTALL)
    assert html.count('<svg role="img" aria-label="') == len(figures) > 8
    assert html.count(STYLE) == 1


def test_markdown_tables_are_rectangular_and_figures_exist(root, report):
    width = 0
    for line in report[1].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width
        width = cells
    figures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", report[1].replace("\\_", "_"))
    assert len(figures) == len(set(figures)) > 8
    curves = re.findall(r"\[curves\]\(([^)]*)\)", report[1].replace("\\_", "_"))
    assert len({*figures, *curves}) == report[0].count('<svg role="img"')
    assert all((root / "report" / figure).is_file() for figure in curves)
    assert all((root / "report" / figure).is_file() for figure in figures)


def test_cells_of_markdown_have_at_most_two_lines(root, report):
    lines = [line for line in (root / "report" / "report.md").read_text().splitlines() if line.startswith("|")]
    cells = [cell.strip(" ") for line in lines for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    assert len(cells) > 500
    assert [cell for cell in cells if re.sub("`[^`]*`", "", cell).count(" ") > 1] == []


def test_markdown_is_the_same_each_time(root, report):
    path = root / "report" / "report.md"
    before = path.read_bytes()
    render_both(root, write_manifests(root))
    assert path.read_bytes() == before


def test_sections_without_content_are_omitted(tmp_path):
    for page in build(tmp_path, ["network"]):
        for title in ("Factorial", "Not run", "both sides of the split", "One-vs-all", "Range tests", "Augmentations"):
            assert f"{title}</h" not in page
            assert f"# {title}" not in page


def test_the_published_range_and_the_interval_of_the_difference_are_shown(report):
    html, markdown = report
    row = next(row for row in rows_of(html, "what network is") if "0.9400" in row)
    for part in ("0.9000 to 0.9150", "holds 2 of our 3", "−0.0797 to +0.0197", "compatible"):  # noqa: RUF001
        assert part in row
    assert "| −0.0300 | −0.0797 to +0.0197 | compatible |" in markdown  # noqa: RUF001
    counts = re.findall(r"<b>(.*?)</b><span>accuracies (\w+)", html)
    assert counts == [("0 of 1", "reproduced"), ("1 of 1", "compatible")]


def test_a_document_without_published_values_has_no_columns_of_them(report):
    _, markdown = report
    heads = {name: between(markdown, f"\n## {name}\n", "\n|---") for name in ("zoo", "width")}
    assert "| Published | Difference |" in heads["zoo"]
    assert "Test accuracy" in heads["width"]
    for label in ("Published", "Difference", "published value", "Verdict"):
        assert label not in heads["width"]
