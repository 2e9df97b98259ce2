"""The sentences on what was found in a document's experiments."""

import pytest
from fabricated_report import build, entry, read

from lookbook.report.blocks import Paragraph
from lookbook.report.findings import changes, findings
from lookbook.report.sections.factorials import factorials
from lookbook.report.sections.text_and_code import COLUMNS, published_values, text_and_code
from lookbook.results.tables import read_table, write_table


def edited(root, name, edit=lambda table: None):
    """Read the report of a folder after a change of one of its tables."""
    table = read_table(root / f"{name}.csv")
    edit(table)
    write_table(table, root / f"{name}.csv")
    return read(root, sorted((root / "datasets").glob("*/manifest.json")))


def test_the_findings_count_the_verdicts_and_name_the_largest_difference(tmp_path):
    build(tmp_path)
    assert findings(edited(tmp_path, "trials").documents[0])[:2] == [
        "1 comparison with a published accuracy: 1 compatible.",
        "The largest difference is −0.0300 (`network`).",  # noqa: RUF001
    ]


def test_reduced_budgets_support_no_statement_about_results(tmp_path):
    full, quick = (build(tmp_path / name, comparable=name == "full")[1] for name in ("full", "quick"))
    for text in ("Collapsed trials", "collapsed", "Highest mean", "main effect", "Ensembles of trials gain"):
        assert text in full
        assert text not in quick
    assert findings(edited(tmp_path / "quick", "trials").documents[0]) == [
        "The budgets of this run are too small for a comparison with the published accuracies."
    ]


def test_the_highest_published_accuracy_may_be_that_of_an_experiment_that_is_not_run(tmp_path):
    build(
        tmp_path,
        ["leaky", "clean", "absent_a"],
        edit=lambda c: c["experiments"]["absent_a"].update(dataset="generated"),
    )
    [simpsons] = edited(tmp_path, "trials").documents
    assert (
        "Highest mean validation accuracy: `leaky`, 0.9050 ± 0.0071; highest published: `absent_a`, 0.9500."
        in findings(simpsons)
    )


def test_a_value_without_a_verdict_has_none_in_the_table(tmp_path):
    zoo = zoo_with_verdicts(tmp_path, {"network": "reproduced", "network_as_coded": None})
    [value] = published_values(zoo)
    by_text, by_code = (COLUMNS[position].cell(value) for position in (3, 4))
    assert (len(by_text.small), len(by_code.small)) == (1, 0)


def test_losses_and_the_accuracies_of_other_splits_are_counted_by_metric(tmp_path):
    def edit(table):
        for name, column, word in (
            ("network", "test_loss", "higher"),
            ("single", "test_loss", "reproduced"),
            ("network_as_coded", "test_loss", "lower"),
            ("network_seeds", "train_accuracy", "inconclusive"),
            ("range_test", "valid_loss", "lower"),
        ):
            table[f"{column}_verdict"] = table[f"{column}_verdict"].astype(object)
            table.loc[table["experiment"] == name, f"{column}_verdict"] = word

    build(tmp_path, edit=as_coded("network_as_coded"))
    # A range test has no result, and the experiment by the code shares the published value of another.
    assert findings(edited(tmp_path, "summary", edit).documents[0])[2] == (
        "3 comparisons with further published values: "
        "1 inconclusive (training accuracy), 1 reproduced and 1 higher (test loss)."
    )
    build(tmp_path / "quick", comparable=False)
    assert not any("further" in text for text in findings(edited(tmp_path / "quick", "summary", edit).documents[0]))


@pytest.mark.parametrize("comparable", [True, False])
def test_effects_have_p_values_only_with_the_full_budgets(comparable, tmp_path):
    html, _ = build(tmp_path, comparable=comparable)
    assert "Effect of the changes, in 9 pairs" in html
    assert [words in html for words in ("Adjusted p", "Better in", "P-values", "p-values")] == [comparable] * 4


def test_an_experiment_without_test_results_has_no_effect_to_show(tmp_path):
    def edit(content):
        # Both have validation images only.
        content["experiments"]["clean"] |= {"base": "leaky", "changes": [{"key": "a", "from": 1, "to": 2}]}

    html, markdown = build(tmp_path, ["leaky", "clean"], edit=edit)
    assert "| `clean` | `leaky`: `a` 2 |" in markdown
    assert 'Changed from <a href="#leaky">' in html
    assert "Effect of the changes" not in html
    assert list(changes(edited(tmp_path, "trials").documents[0])) == []


def test_an_adjusted_p_of_zero_is_significant(tmp_path):
    def edit(table):
        table.loc[table["experiment"] == "single", ["test_accuracy_difference", "test_accuracy_p_adjusted"]] = 0.02, 0.0

    build(tmp_path)
    zoo = edited(tmp_path, "comparisons", edit).documents[0]
    assert list(changes(zoo)) == ["Of 1 change to a base experiment, 1 significantly raises test accuracy (`single`)."]


def test_a_study_that_cannot_be_estimated_shows_its_note(tmp_path):
    def edit(table):
        table["term"], table["note"] = None, "no finished trial of cell_01"

    build(tmp_path)
    zoo = edited(tmp_path, "factorials", edit).documents[0]
    assert not [text for text in findings(zoo) if "main effect" in text]
    assert list(factorials(zoo))[-1] == Paragraph("no finished trial of cell_01", "small quiet")


def as_coded(*names):
    """Return a change of experiments.json that adds experiments by the code of ``network``, of two trials each."""
    keys = {"base": "network", "published_as": "network", "protocol": "code"}

    def edit(content):
        content["experiments"] |= {name: entry(name, "zoo", 2, **keys) for name in names}

    return edit


def zoo_with_verdicts(root, verdicts, **options):
    """Build ``network`` and experiments by its code, and return their document with these verdicts by name."""

    build(root, ["network"], edit=as_coded(*(name for name in verdicts if name != "network")), **options)
    return edited(root, "summary", lambda table: set_verdicts(table, verdicts)).documents[0]


def set_verdicts(table, verdicts):
    for name, verdict in verdicts.items():
        table.loc[table["experiment"] == name, "test_accuracy_verdict"] = verdict


@pytest.mark.parametrize(
    ("text", "code", "word", "phrase"),
    [
        ("reproduced", "reproduced", "both", "explained by both"),
        ("reproduced", "lower", "text", "explained only by the text"),
        ("higher", "reproduced", "code", "explained only by the code"),
        ("lower", "higher", "neither", "explained by neither"),
        ("compatible", "lower", "undecided", "undecided"),
        ("reproduced", "compatible", "undecided", "undecided"),
        ("inconclusive", "reproduced", "undecided", "undecided"),
        ("reproduced", None, "undecided", "undecided"),
    ],
)
def test_a_published_value_is_explained_by_the_text_the_code_both_or_neither(text, code, word, phrase, tmp_path):
    zoo = zoo_with_verdicts(tmp_path, {"network": text, "network_as_coded": code})
    [value] = published_values(zoo)
    assert (value.experiment, value.column, value.explained_by) == ("network", "test_accuracy", word)
    # The experiment by the code is no further published accuracy.
    assert findings(zoo)[0].startswith("1 comparison with a published accuracy: ")
    assert f"1 published value compared with text and code: 1 {phrase}." in findings(zoo)


def test_a_value_is_explained_by_the_code_if_one_of_its_experiments_explains_it(tmp_path):
    verdicts = {"network": "lower", "coded_once": "lower", "coded_twice": "reproduced"}
    zoo = zoo_with_verdicts(tmp_path / "one", verdicts)
    assert [value.explained_by for value in published_values(zoo)] == ["code"]
    for verdict in ("compatible", "inconclusive"):
        zoo = zoo_with_verdicts(tmp_path / verdict, verdicts | {"coded_twice": verdict})
        assert [value.explained_by for value in published_values(zoo)] == ["undecided"]


@pytest.mark.parametrize(
    ("tuned", "word"),
    [
        ("reproduced", "neither, but our settings reach it"),
        ("higher", "neither, but our settings reach it"),
        *((verdict, "neither") for verdict in ("compatible", "lower", None, "inconclusive")),
    ],
)
def test_settings_of_our_own_show_whether_the_network_reaches_the_value(tuned, word, tmp_path):
    verdicts = {"network": "lower", "network_as_coded": "lower", "network_tuned": tuned}

    def edit(content):
        as_coded("network_as_coded", "network_tuned")(content)
        content["experiments"]["network_tuned"]["protocol"] = "ours"

    build(tmp_path, ["network"], edit=edit)
    zoo = edited(tmp_path, "summary", lambda table: set_verdicts(table, verdicts)).documents[0]
    assert [value.explained_by for value in published_values(zoo)] == [word]
    assert any("reached by settings of our own" in text for text in findings(zoo)) == (word != "neither")


def test_the_report_has_published_values_beside_ours_by_the_text_and_by_the_code(tmp_path):
    html, markdown = build(tmp_path, ["network"], edit=as_coded("network_as_coded"))
    ours = "0.9100 ± 0.0100 (`network` compatible) | 0.9050 ± 0.0071 (`network_as_coded` compatible) | –"  # noqa: RUF001
    assert f"| `network` | test accuracy | 0.9400 | {ours} | undecided |" in markdown
    for page in (html, markdown):
        assert page.count("Text, code and published") == 1
    assert 'compared with the published values of <a href="#network">' in html
    quick = build(tmp_path / "quick", ["network"], edit=as_coded("network_as_coded"), comparable=False)
    assert not any("Text, code" in page or "text and code" in page for page in quick)


def test_without_the_experiment_by_the_text_its_value_is_still_shown_and_undecided(tmp_path):
    _, markdown = build(tmp_path, [], edit=as_coded("network_as_coded"))
    row = "| `network` | test accuracy | 0.9400 | – | 0.9050 ± 0.0071 (`network_as_coded` compatible) | – | undecided |"  # noqa: RUF001
    assert row in markdown


def test_a_document_without_experiments_by_its_code_has_no_such_section(tmp_path):
    build(tmp_path)
    document = edited(tmp_path, "trials").documents[0]
    assert list(text_and_code(document)) == published_values(document) == []
