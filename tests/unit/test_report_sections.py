"""The report's sections: ensembles, factorial studies, predictions, copies, data sets, and what was not run."""

import itertools
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from lookbook.reporting.answers import answers
from lookbook.reporting.context import build_context
from lookbook.reporting.experiment import Experiment
from lookbook.reporting.images import group_by_reason
from lookbook.reporting.predictions import class_names
from lookbook.reporting.rendering import linked, render
from lookbook.reporting.sections import studies
from lookbook.statistics.collect import COLUMNS
from lookbook.statistics.comparisons import compare_with_bases
from lookbook.statistics.summary import summarise

TEMPLATES = Path(__file__).parents[2] / "reports" / "templates"
STYLE = "<style>@media (prefers-color-scheme: dark){svg.lookbook{fill:white}}</style>"
SVG = f'<svg class="lookbook" width="9">{STYLE}<g id="figure_1"/><use xlink:href="#figure_1"/></svg>'
REMEDY = "The images of the competition are not here: set data.simpsons.path."
FACTORS = ("one_cycle", "averaging")
PUBLISHED = {
    ("network", "test_accuracy"): {"mean": 0.94, "std": float("nan"), "trials": 1},
    ("absent_a", "valid_accuracy"): {"mean": 0.95, "std": float("nan"), "trials": 1},
}


def entry(name, document, trials, **more):
    """Return an experiment's entry in experiments.json."""
    return {
        "title": f"what {name} is",
        "document": document,
        "source": f"a page about {document} & more",
        "note": None,
        "base": None,
        "changes": [],
        "dataset": "fashion_mnist",
        "trials": trials,
        "parameters": 1000,
        "digest": "d1",
        "spec": {"model": name},
        "budget": f"{trials} trials of 2 epochs on 500 training images of {name}",
        "unavailable": None,
        "figures": [],
        "factorial": None,
        "ensemble": None,
    } | more


def experiments():
    """Return the entries of a benchmark that has every section."""
    cells = {}
    for on in itertools.product([False, True], repeat=2):
        name = "cell_" + "".join(str(int(value)) for value in on)
        factorial = {"study": "two factors", "factors": dict(zip(FACTORS, on, strict=True))}
        cells[name] = entry(name, "zoo", 2, factorial=factorial)
    return {
        "network": entry("network", "zoo", 3),
        "network_seeds": entry("network_seeds", "zoo", 4, base="network", spec={"model": "network"}),
        "single": entry("single", "zoo", 1, base="network", changes=[{"key": "a", "from": 1, "to": 2}]),
        "range_test": entry("range_test", "zoo", 1, figures=["learning_rate_range"]),
        **{f"class_{c}": entry(f"class_{c}", "zoo", 1, base="network", ensemble="all_classes") for c in range(3)},
        **cells,
        "leaky": entry("leaky", "simpsons", 2, dataset="generated", figures=["confusion_matrix"]),
        "clean": entry("clean", "simpsons", 2, dataset="generated"),
        **{name: entry(name, "simpsons", 0, unavailable=REMEDY) for name in ("absent_a", "absent_b")},
    }


def trial(name, number):
    """Return one row of trials.csv."""
    accuracy = {"range_test": 0.1234, "class_0": 0.99}.get(name, 0.9) + 0.01 * number
    row = {"experiment": name, "trial": number, "seed": number, "status": "ok", "seconds": 9.0, "epochs": 2}
    split = "valid" if name in ("leaky", "clean") else "test"
    for metric in ("accuracy", "loss", "cross_entropy", "macro_f1", "balanced_accuracy"):
        row[f"{split}_{metric}"] = accuracy
    if split == "valid":
        row |= {"valid_copies_in_train": 40 * (name == "leaky"), "valid_accuracy_without_copies": accuracy - 0.2}
    return row


def ensembles(entries):
    """Return ensembles.csv: more than one finished trial makes an ensemble."""
    rows = []
    for name, found in entries.items():
        row = {"experiment": name, "kind": "seeds", "split": "test", "members": found["trials"]}
        if found["trials"] > 1 and found["document"] == "zoo":
            row |= {"accuracy": 0.9311, "mean_member_accuracy": 0.91, "gain": 0.0211, "disagreement": 0.0777}
        else:
            row["note"] = "one finished trial" if found["trials"] == 1 else "each trial validates on other images"
        rows.append(row)
    rows.append({"experiment": "all_classes", "kind": "one_vs_all", "split": "test", "members": 3, "accuracy": 0.9222})
    columns = ["cross_entropy", "macro_f1", *rows[0], "note"]
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*rows[0], *rows[-1], *columns])))


def factorial():
    """Return factorial.csv of the one study."""
    effects = {"one_cycle": 0.0123, "averaging": -0.0045, "one_cycle:averaging": 0.0001}
    return pd.DataFrame(
        {
            "study": "two factors",
            "metric": metric,
            "term": term,
            "order": term.count(":") + 1,
            "effect": effect,
            "ci_low": effect - 0.01,
            "ci_high": effect + 0.01,
            "p": 0.1,
            "p_adjusted": 0.25,
            "n": 8,
            "note": None,
        }
        for metric in ("test_accuracy", "test_loss")
        for term, effect in effects.items()
    )


def write_files(root):
    """Write figures, metrics, manifests and a submission."""
    figures = [
        "published",
        *("range/range_test", "range/single"),
        *(f"learning_curves/{name}" for name in ("network", "single", "range_test")),
        *(
            f"{folder}/confusion_matrix"
            for folder in ("best", "predictions/network", "predictions/leaky", "predictions/clean")
        ),
        *(f"contact_sheets/{name}" for name in ("zoom", "offline_blur", "blur")),
        "datasets/generated/class_counts",
    ]
    for name in figures:
        path = root / "figures" / f"{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<?xml?>{SVG}")
    (root / "figures/best/best.json").write_text('{"experiment": "network"}')
    for number, recall in enumerate((0.5, 0.7, None)):
        path = root / f"trials/network/{number}/metrics.json"
        path.parent.mkdir(parents=True)
        classes = {"precision": [1.0, 0.25], "recall": [recall, 0.5], "f1": [0.8, 0.4], "support": [1234, 10]}
        path.write_text(json.dumps({"splits": {"test": {"per_class": classes}}}))
    skipped = [{"name": f"homer/{number}.jpg", "reason": "truncated <file>"} for number in range(5)]
    skipped.append({"name": "bart/0.jpg", "reason": "animated"})
    counts = {"train": 1216, "test": 0}
    for name, more in {"fashion_mnist": {}, "generated": {"skipped": skipped}}.items():
        manifest = {"source": "a mirror", "classes": ["boot", "bag"], "shape": [28, 28, 1]}
        manifest |= {"counts": counts, "class_counts": {"train": [608, 608]}}
        path = root / "datasets" / name / "manifest.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(manifest | more))
    (root / "submissions").mkdir()
    (root / "submissions" / "leaky.csv").write_text("Id,Expected\n")


def build(root, *, comparable=True, keep=lambda name: True, edit=lambda context: None):
    """Render both reports of the benchmark and return them, HTML first."""
    entries = {name: found for name, found in experiments().items() if keep(name)}
    rows = [trial(name, number) for name, found in entries.items() for number in range(found["trials"])]
    trials = pd.DataFrame(rows, columns=list(COLUMNS))
    benchmark = {
        "profile": {"name": "quick", "comparable": comparable, "note": ""},
        "provenance": {},
        "experiments": entries,
    }
    write_files(root)
    context = build_context(
        benchmark,
        trials,
        summarise(trials, list(entries), PUBLISHED, comparable=comparable),
        compare_with_bases(trials, entries),
        figures=root / "figures",
        log_pattern="logs/{experiment}/{trial}.log",
        ensembles=ensembles(entries),
        factorial=factorial(),
        scores={"absent_a": 0.932},
        trials_root=root / "trials",
        datasets_root=root / "datasets",
        submissions_root=root / "submissions",
    )
    edit(context)
    for suffix in ("html", "md"):
        render(context, TEMPLATES, f"report.{suffix}.j2", root / "report" / f"report.{suffix}")
    return (root / "report" / "report.html").read_text(), (root / "report" / "report.md").read_text()


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
        ({"draw": {"classes": 2}}, ["boot", "coat"]),
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
