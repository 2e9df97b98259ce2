"""How to cite the results, from CITATION.cff."""

import json

import pytest
from fabricated_report import TEMPLATES, build

from lookbook.errors import ConfigError
from lookbook.report.inputs import read_citation
from lookbook.report.sections.citation import author_name, linked

CITATION = TEMPLATES.parents[1] / "CITATION.cff"


def test_both_reports_state_how_to_cite_with_the_commit_of_the_run(tmp_path):
    def edit(content):
        content["provenance"]["git_commit"] = "c0ffee"

    for page in build(tmp_path, ["network"], edit=edit):
        _, _, section = page.rpartition("How to cite")
        commit = "<code>c0ffee</code>" if "<html" in page else "`c0ffee`"
        assert f"The Lookbook authors. Lookbook (commit {commit}). Computer software." in section
        for line in ("@software{lookbook,", "  author = {{The Lookbook authors}},", "  note = {commit c0ffee},"):
            assert line in section


def test_a_run_outside_a_repository_has_no_commit_to_cite(tmp_path):
    for page in build(tmp_path, ["network"]):
        assert "The Lookbook authors. Lookbook. Computer software." in page


def test_versions_persons_and_identifiers_are_cited(tmp_path):
    stated = json.loads(json.dumps(read_citation(CITATION))) | {"version": "2.1", "doi": "10.1000/182"}
    person = {"family-names": "Neumann", "name-particle": "von", "given-names": "John"}
    path = tmp_path / "CITATION.cff"
    path.write_text(json.dumps(stated | {"authors": [person, {"name": "A group"}]}))
    assert [author_name(author) for author in read_citation(path)["authors"]] == ["John von Neumann", "A group"]
    assert read_citation(path)["doi"] == "10.1000/182"


@pytest.mark.parametrize("key", ["authors", "message", "title"])
def test_a_file_without_a_required_key_is_refused(key, tmp_path):
    path = tmp_path / "CITATION.cff"
    path.write_text(json.dumps({k: v for k, v in read_citation(CITATION).items() if k != key}))
    with pytest.raises(ConfigError, match=rf"CITATION\.cff: {key}: is missing"):
        read_citation(path)


def test_the_longest_text_is_linked():
    parts = linked("a b c", {"a": "https://a", "a b": "https://ab"})
    assert [getattr(part, "attribute", part) for part in parts] == ["", "https://ab", " c"]
