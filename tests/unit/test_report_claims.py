"""The parts of the report about what the documents claim and print by epoch."""

import re
from pathlib import Path

import pytest
from fabricated_report import between, build, entry, rows_of

from lookbook.formatting import MISSING


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return both reports, HTML first."""
    return build(tmp_path_factory.mktemp("report"))


def test_the_first_table_has_the_claims_that_could_be_judged(report):
    html, markdown = report
    first = between(html, "<table", "</table>")
    assert [row.split("<")[0] for row in rows_of(first, "zoo")] == [
        "zoo A network is better than itself undecided Advantage of network over network_seeds in test accuracy: 0.0000"
        " (no interval: all values are equal), 3 pairs of trials.",
        "zoo A network is good | or &lt;bad&gt; supported Test accuracy of network minus 0.5: +0.4100 (95% interval:"
        " +0.3852 to +0.4348), 3 trials.",
    ]
    collapse = "width Some trials collapse contradicted 4 of 10 trials of unstable collapse"
    assert rows_of(first, "width") == [f"{collapse} (95% interval of the rate: 12% to 74%)."]
    assert "nobody has" not in first
    for page in report:
        assert "4 claims of the documents: 1 supported, 1 contradicted, 1 undecided and 1 not run." in page
    row = "| A network is good \\| or &lt;bad&gt; | **supported** | `network` | +0.4100 | +0.3852 to +0.4348 | 3 |"
    assert row in markdown.replace("\N{NO-BREAK SPACE}", " ")


def test_equal_values_have_no_interval_in_markdown(report):
    row = f"| A network is better than itself | **undecided** | `network`, `network_seeds` | 0.0000 | {MISSING} | 3 |"
    assert row in report[1].replace("\N{NO-BREAK SPACE}", " ")


def test_a_quick_run_judges_no_claim(tmp_path):
    html, _ = build(tmp_path, ["network", "unstable"], comparable=False)
    assert "2 claims of the documents: 2 not comparable." in html
    assert not re.search(r"<strong>(supported|contradicted|undecided)</strong>", html)


def test_the_summary_of_a_quick_run_has_the_verdicts_of_the_reference_results(tmp_path):
    def edit(content):
        content["experiments"] = {
            name: entry(name, document, 1)
            for document, name in {"width-depth": "width_8_16", "zoo": "network", "beyond": "beyond_94"}.items()
        }
        content["claims"] = []

    root = Path(__file__).parents[2] / "reports" / "reference"
    reference = [root / name for name in ("summary.csv", "claims.csv", "trials.csv")]
    for page in build(tmp_path, comparable=False, edit=edit, reference=reference):
        summary = between(page, "width-depth", "How to read" if "<html" in page else "Leaderboard")
        assert "Reference results of this project against 1 published accuracy: 1 compatible." in summary
        assert "This project has no reference results for the published accuracies yet." in summary
        best = re.sub("</?code>|`|<a [^>]*>|</a>", "", summary)
        assert re.search(r"Highest mean accuracy of the reference results: beyond_94, 0\.9\d{3} ± 0\.00\d\d\.", best)


def test_values_that_are_published_by_epoch_are_compared_in_the_card(report):
    html, _ = report
    card = between(html, "Published values by epoch", "All values")
    assert "Values of history.csv after each epoch: 1 compatible and 1 higher" in card
    assert rows_of(card, "higher") == ["2 training accuracy 0.9100 ± 0.0100 0.8000 +0.1100 +0.0603 to +0.1597 higher"]
    assert html.count("Published values by epoch") == 1


def test_the_main_table_states_the_split_of_its_values(tmp_path):
    _, markdown = build(tmp_path / "both", ["leaky", "absent_b"])
    assert "| Trials | Accuracy | Split | 95% interval | Loss | 95% interval |" in markdown
    assert "| 2 of 2 | 0.9050 ± 0.0071 | validation | 0.8415 to 0.9685 | 0.9050 ± 0.0071 |" in markdown
    _, markdown = build(tmp_path / "one", ["leaky", "clean"])
    assert "| Trials | Validation accuracy | 95% interval |" in markdown


def test_a_classifier_of_one_class_has_no_effect_beside_a_network_of_all(report):
    html, _ = report
    card = between(html, '<details class="card" id="class_0">', '<details class="card" id="class_1">')
    assert "Effect of the changes" not in card
    assert "Effect of the changes" in html
