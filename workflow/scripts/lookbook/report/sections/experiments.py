"""One card per experiment: what it is, what changed from its base, what that did, and how its trials learned."""

import json
from collections import Counter
from collections.abc import Iterator

from lookbook import formatting as f
from lookbook.config.settings import settings_by_origin
from lookbook.datasets import DATASETS
from lookbook.report.blocks import Block, Column, Details, Folded, Group, Heading, Items, Listing, Paragraph, Table
from lookbook.report.experiment import EXPERIMENT, LABELS, Experiment
from lookbook.report.inline import Inline, code, experiment_link, file_link, join, link, quiet, strong
from lookbook.report.inputs import Document, Report
from lookbook.results.paths import figure_file
from lookbook.results.submissions import read_submission
from lookbook.statistics.comparisons import DETECTED

ORIGIN = {"text": "from the text", "code": "from its author's code", "ours": "of our own"}
TEXT = (
    "Thin lines are trials; the thick line is their mean, drawn while at least half of the trials run. Differences are "
    "computed trial by trial between equal seeds."
)
MOST_CHANGES, MOST_CHARACTERS = 2, 40  # of a line of Markdown
P_VALUES = " Their p-values are those of the paired t-test, adjusted for the number of comparisons (Holm)."


def experiments(document: Document) -> Iterator[Block]:
    """Yield a card of each experiment."""
    yield Paragraph(TEXT + (P_VALUES if document.report.comparable else ""), "small quiet")
    for experiment in document.experiments:
        gist = experiment.remark or experiment.accuracy.text if experiment.n else "not run"
        summary: Inline = [code(experiment.name), " ", quiet(experiment.entry["title"])]
        blocks = list(card(document.report, experiment))
        yield Details(summary, blocks, level=4, anchor=f.slug(experiment.name), gist=gist, in_markdown=False)
    yield Folded("Settings and learning curves", [definitions(document)])


def definitions(document: Document) -> Table:
    """Return what each experiment changes from its base, in a line, and its learning curves."""

    def changed(experiment: Experiment) -> Inline:
        base, changes = experiment.entry["base"], experiment.entry["changes"]
        if not base:
            return f.MISSING
        settings: list[Inline] = [
            [code(change["key"].rpartition(".")[2]), f" {f.shortened(f.setting(change['to']), MOST_CHARACTERS)}"]
            for change in changes[:MOST_CHANGES]
        ]
        if len(changes) > MOST_CHANGES:
            settings.append(f"{len(changes) - MOST_CHANGES} more")
        return [experiment_link(base), ": ", join(settings) if settings else "nothing"]

    def curves(experiment: Experiment) -> Inline:
        path = figure_file(document.report.benchmark.results, "learning_curves", experiment.name)
        return file_link("curves", path) if experiment.n and experiment.row["epochs_max"] != 1 else f.MISSING

    columns = [
        EXPERIMENT,
        Column("Changed from", changed, is_number=False),
        Column("Learning curves", curves, is_number=False),
    ]
    return Table(f"{document.name}: settings", document.experiments, columns)


def card(report: Report, experiment: Experiment) -> Iterator[Block]:
    """Yield the content of one card.

    Raises:
        ResultError: a figure or the submission is missing or was made from other trials.
    """
    name, entry = experiment.name, experiment.entry
    yield Items(list(facts(experiment)), "facts", is_inline=True)
    if entry["note"]:
        yield Paragraph(entry["note"], "small")
    yield from origins(experiment)
    yield from submission(report, experiment)
    if entry["base"]:
        changes: list[Inline] = [
            [code(change["key"]), f": {f.setting(change['from'])} → ", strong(f.setting(change["to"]))]
            for change in entry["changes"]
        ]
        heading = Heading(["Changed from ", experiment_link(entry["base"])], 5)
        column = Group([heading, Items(changes or [quiet("nothing")], "changes")], "column")
        yield Group([column, *effects(report, experiment)], "columns")
    if experiment.row["epochs_max"] == 1:
        yield Paragraph("Each trial trained for one epoch, so there are no learning curves.", "small quiet")
    elif experiment.n:
        label = f"Learning curves of {name}: loss and accuracy by epoch"
        yield report.figure("learning_curves", name, label=label, identity=report.identity([name]))
    yield from by_epoch(report, experiment)
    yield from all_values(experiment)
    spec = json.dumps(entry["spec"], indent=2, sort_keys=True, ensure_ascii=False)
    digest = Paragraph(["Digest ", code(entry["digest"])], "small quiet")
    yield Details("Full configuration", [digest, Listing(spec, "spec")], in_markdown=False)


def facts(experiment: Experiment) -> Iterator[Inline]:
    """Yield the trials, the budget, test-time augmentation, whose published values are used, size and duration."""
    row = experiment.row
    if experiment.n:
        yield f"{experiment.n_ok} of {experiment.n} trials finished"
        yield experiment.entry["budget"]
    else:
        yield link("Not run", "not-run")
    if evaluation := experiment.entry["spec"].get("evaluation"):
        yield f"predictions averaged over {f.listed([name.replace('_', ' ') for name in evaluation['average_over']])}"
    if experiment.entry["published_as"]:
        yield ["compared with the published values of ", experiment_link(experiment.entry["published_as"])]
    yield link("in the leaderboard", f"leaderboard?text={experiment.name}")
    if row["parameters_mean"] is not None:
        yield f"{f.thousands(row['parameters_mean'])} parameters"
    if row["seconds_mean"] is not None:
        yield f"{f.duration(row['seconds_mean'])} and {f.fixed(row['epochs_mean'], 1)} epochs per trial"


def origins(experiment: Experiment) -> Iterator[Block]:
    """Yield where the settings of the experiment are stated."""
    parts: list[Inline] = [
        [ORIGIN[word], ": ", join([code(key) for key in keys], ", ")]
        for word, keys in settings_by_origin(experiment.entry).items()
        if keys
    ]
    if parts:
        yield Paragraph(["Settings ", join(parts, "; "), "."], "small")


def submission(report: Report, experiment: Experiment) -> Iterator[Block]:
    """Yield the submission to the competition and the score of the document's own."""
    text: list[Inline] = []
    if experiment.n and DATASETS[experiment.entry["dataset"]].competition:
        path = report.benchmark.results / "submissions" / f"{experiment.name}.csv"
        read_submission(path, report.identity([experiment.name]))
        text += ["Submission to the competition: ", file_link(path.name, str(path)), ". "]
    if experiment.score is not None:
        text.append(f"The document's submission scored {f.fixed(experiment.score)}.")
    if text:
        yield Paragraph(text, "small")


def effects(report: Report, experiment: Experiment) -> Iterator[Group]:
    """Yield the effect of the changes on each compared metric, with p-values unless the budgets are reduced."""
    row = experiment.comparison
    if row is None or experiment.remark:
        return
    names = [name.removesuffix("_difference") for name in row if name.endswith("_difference")]
    metrics = [name for name in names if row[f"{name}_difference"] is not None]
    if not metrics:
        return
    columns = [
        Column("Metric", lambda metric: LABELS[metric], is_number=False),
        Column("Difference", lambda metric: f.signed(row[f"{metric}_difference"])),
    ]
    if row["n_pairs"] > 1:
        bounds = Column("95% interval", lambda m: f.span(row[f"{m}_ci_low"], row[f"{m}_ci_high"], f.signed))
        columns.append(bounds)
    if row["n_pairs"] > 1 and report.comparable:
        columns += [
            Column("Better in", lambda metric: f.percent(row[f"{metric}_probability_of_improvement"])),
            Column("Adjusted p", lambda metric: f.probability(row[f"{metric}_p_adjusted"])),
        ]
    heading = Heading(f"Effect of the changes, in {f.plural(row['n_pairs'], 'pair')} of trials", 5)
    note = [Paragraph(row["note"], "small quiet")] if row["note"] else []
    if row["trials_needed"] is not None and report.comparable:
        text = f"A difference of {DETECTED} in test accuracy is detected with 80% power by "
        note.append(Paragraph(f"{text}{f.plural(row['trials_needed'], 'pair')} of trials.", "small quiet"))
    yield Group([heading, Table(f"{experiment.name} against {row['base']}", metrics, columns), *note], "column")


def by_epoch(report: Report, experiment: Experiment) -> Iterator[Block]:
    """Yield the folded table of the values that the document publishes by epoch."""
    rows = [row for row in report.epochs if row["experiment"] == experiment.name]
    columns = [
        Column("Epoch", lambda row: str(row["epoch"])),
        Column("Metric", lambda row: LABELS[row["column"]], is_number=False),
        Column("Mean ± SD", lambda row: f.spread(row["mean"], row["std"])),
        Column("Published", lambda row: f.fixed(row["published"])),
        Column("Difference", lambda row: f.signed(row["delta"])),
        Column("95% interval", lambda row: f.span(row["delta_low"], row["delta_high"], f.signed)),
        Column("Verdict", lambda row: row["verdict"] or f.MISSING, is_number=False),
    ]
    if rows:
        counts = Counter(row["verdict"] for row in rows if row["verdict"])
        caption = "Values of history.csv after each epoch: " + f.listed([f"{n} {word}" for word, n in counts.items()])
        table = Table(f"{experiment.name}: published values by epoch", rows, columns, caption if counts else "")
        yield Details("Published values by epoch", [table], in_markdown=False)


def all_values(experiment: Experiment) -> Iterator[Block]:
    """Yield the folded table of every metric of every split."""
    found = [(label, experiment.statistic(column)) for column, label in LABELS.items()]
    rows = [(label, s) for label, s in found if s.mean is not None or s.published is not None]
    columns = [
        Column("Metric", lambda row: row[0], is_number=False),
        Column("Mean ± SD" if experiment.n_ok > 1 else "Mean", lambda row: row[1].text),
    ]
    if experiment.n_ok > 1:
        columns += [
            Column("Lowest to highest", lambda row: f.span(row[1].min, row[1].max)),
            Column("95% interval", lambda row: f.span(row[1].ci_low, row[1].ci_high)),
        ]
    columns += [
        Column("Published", lambda row: f.spread(row[1].published, row[1].published_std)),
        Column("Difference", lambda row: f.signed(row[1].delta)),
        Column("Verdict", lambda row: row[1].verdict or f.MISSING, is_number=False),
    ]
    if rows:
        caption = "Over the finished trials, beside the published values"
        table = Table(f"{experiment.name}: all values", rows, columns, caption)
        yield Details("All values", [table], in_markdown=False)
