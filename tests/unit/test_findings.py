"""The sentences on what was found in a document's experiments."""

from fabricated_report import build, read

from lookbook.report.blocks import Paragraph
from lookbook.report.findings import changes, findings
from lookbook.report.sections.factorials import factorials
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
        "The budgets of this run are too small for a comparison with 1 published accuracy."
    ]


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
