"""Numbers and texts as the report prints them."""

import pytest
from fabricated_report import TEMPLATES

from lookbook import formatting
from lookbook.formatting import MISSING
from lookbook.report.blocks import Cell, Column, Table
from lookbook.report.inline import sentence
from lookbook.report.rendering import create_environment, on_one_line


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
        (formatting.two_lines("short text"), "short\N{NO-BREAK SPACE}text"),
        (formatting.two_lines("one of several words"), "one\N{NO-BREAK SPACE}of several\N{NO-BREAK SPACE}words"),
        (
            formatting.two_lines("`a b-c` of -0.1, one-off"),
            "`a b-c`\N{NO-BREAK SPACE}of -0.1,\N{NO-BREAK SPACE}one\N{NON-BREAKING HYPHEN}off",
        ),
        (formatting.code("a`b|c"), "`` a`b\\|c ``"),
    ],
)
def test_numbers_and_texts(text, expected):
    assert text == expected


def test_a_sentence_is_escaped_and_its_experiments_are_links(tmp_path):
    environment = create_environment(TEMPLATES, tmp_path / "report.html", {"exp001"})
    text = environment.globals["inline"](sentence("`exp001` & `other`: <b>"))
    assert text == '<a href="#exp001"><code>exp001</code></a> &amp; <code>other</code>: &lt;b&gt;'


def test_a_further_column_of_markdown_without_values_is_left_out():
    further = [Column("low", lambda row: row["low"]), Column("high", lambda row: row["high"])]
    columns = [Column("name", lambda row: Cell(row["name"], ["more"]), details=further)]
    rows = [{"name": "a", "low": MISSING, "high": MISSING}, {"name": "b", "low": "1", "high": MISSING}]
    assert [column.label for column in on_one_line(Table("t", rows, columns)).columns] == ["name", "low"]
    assert [column.label for column in on_one_line(Table("t", rows[:1], columns)).columns] == ["name"]
